"""Who may do what (contract section 2): the one place that decides it."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from catalog.service import Program


def may_hold_access(user: Any) -> bool:
    """Tell whether there can be programs to which the user has access; such users learn that one does not exist."""
    return bool(user.is_staff)


def may_access(user: Any, program: Program, method: str) -> bool:
    """Tell whether the user may send a request of this method to the program's enrollments."""
    return bool(user.is_staff)


def may_look_over_shoulder(user: Any, program: Program) -> bool:
    """Tell whether the user may see what the program's learners see."""
    return bool(user.is_staff)


class HasProgramAccess(BasePermission):
    """The caller has access to the program of the path. Raises: ProgramDoesNotExist, for those who may know."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return may_hold_access(request.user) and may_access(request.user, view.program, str(request.method))
