"""Who may do what (contract section 2), as roles and scopes say (`access.service`)."""

from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from access.service import Scope


class HasProgramAccess(BasePermission):
    """The caller may read, or change, the program of the path. Raises: ProgramDoesNotExist, for those who may know.

    The view says with `read_scope` and `write_scope` what a token must be good for.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not view.access.holds_any_role():
            return False
        if request.method in SAFE_METHODS:
            _require_scope(view, view.read_scope)
            return bool(view.access.may_read(view.program, view.read_scope))
        _require_scope(view, view.write_scope)
        return bool(view.access.may_write(view.program, view.write_scope))


class MayReset(BasePermission):
    """The caller is a member of staff, with a token that is good for changing enrollments."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not view.access.is_unlimited:
            return False
        _require_scope(view, view.write_scope)
        return True


def _require_scope(view: Any, scope: Scope) -> None:
    if not view.access.has_scope(scope):
        raise PermissionDenied(f"The token lacks the scope {scope}.", code="insufficient_scope")
