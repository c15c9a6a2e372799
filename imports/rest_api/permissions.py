"""Who may do what with imports, as roles and scopes say (contract section 2)."""

from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from access.service import Scope

READ_SCOPES = (Scope.ENROLLMENTS_READ, Scope.IMPORTS_WRITE)
WRITE_SCOPES = (Scope.IMPORTS_WRITE,)


class MayImport(BasePermission):
    """Readers of the program may follow its imports, writers may upload files and decide about them.

    A token for imports reads them too. Raises, for those who may know: ProgramDoesNotExist; ImportNotFound.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not view.access.holds_any_role():
            return False
        is_reading = request.method in SAFE_METHODS
        scopes = [scope for scope in (READ_SCOPES if is_reading else WRITE_SCOPES) if view.access.has_scope(scope)]
        if not scopes:
            needed = " or ".join(READ_SCOPES if is_reading else WRITE_SCOPES)
            raise PermissionDenied(f"The token lacks the scope {needed}.", code="insufficient_scope")
        may = view.access.may_read if is_reading else view.access.may_write
        return bool(may(view.program, scopes[0]))
