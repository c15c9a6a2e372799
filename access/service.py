"""The front door of access: who may do what in which program, and partner applications."""

from access.constants import Role, Scope
from access.credentials import Credentials
from access.partners import create_partner
from access.roles import ProgramAccess, get_program_access, get_role_access, list_programs_in_reach

__all__ = [
    "Credentials",
    "ProgramAccess",
    "Role",
    "Scope",
    "create_partner",
    "get_program_access",
    "get_role_access",
    "list_programs_in_reach",
]
