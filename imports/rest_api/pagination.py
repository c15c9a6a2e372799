"""Cursor pagination of imports by time, and of their rows by position."""

from typing import Any

from django.utils.dateparse import parse_datetime
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from program_enrollments.rest_api.v1.pagination import IdCursorPagination


class ImportPagination(CursorPagination):
    ordering = "-created"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 100

    def decode_cursor(self, request: Request) -> Any:
        if not request.query_params.get(self.cursor_query_param):
            return None
        cursor = super().decode_cursor(request)
        if cursor is None or not _is_time(cursor.position):
            raise NotFound(self.invalid_cursor_message)
        return cursor


class ImportRowPagination(IdCursorPagination):
    ordering = "position"
    page_size = 100
    max_page_size = 1000


def _is_time(text: Any) -> bool:
    try:
        time = parse_datetime(text or "")
    except ValueError:
        return False
    return time is not None and time.tzinfo is not None
