"""Cursor pagination by id (contract section 5)."""

import re
from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

MAX_ID = 2**63 - 1


class IdCursorPagination(CursorPagination):
    """Pages ordered by primary key, which never changes: rows written between two pages cannot shift them."""

    ordering = "id"
    page_size_query_param = "page_size"

    def decode_cursor(self, request: Request) -> Any:
        if not request.query_params.get(self.cursor_query_param):
            return None
        cursor = super().decode_cursor(request)
        # Ids are unique, so that the cursors we hand out always have a position and never an offset.
        if cursor is None or cursor.offset or not _is_id(cursor.position):
            raise NotFound(self.invalid_cursor_message)
        return cursor


class EnrollmentPagination(IdCursorPagination):
    page_size = 100
    max_page_size = 1000


class CourseRunOverviewPagination(IdCursorPagination):
    page_size = 10
    max_page_size = 25


def _is_id(position: Any) -> bool:
    return isinstance(position, str) and re.fullmatch(r"[0-9]{1,19}", position) is not None and int(position) <= MAX_ID
