"""Cursor pagination by id (contract section 5)."""

import re
from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from program_enrollments.api import IdBounds
from program_enrollments.constants import MAX_ID


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
    """Pages of rows that are asked for within bounds, since where a listing lies is for those to know who keep it."""

    page_size = 100
    max_page_size = 1000

    def read_bounds(self, request: Request) -> IdBounds:
        """Return within which ids the rows of the page are. Raises: NotFound: the cursor is none of ours."""
        cursor = self.decode_cursor(request)
        if cursor is None:
            return IdBounds()
        position = int(cursor.position or 0)
        return IdBounds(before=position, is_descending=True) if cursor.reverse else IdBounds(after=position)

    def read_page_size(self, request: Request) -> int:
        """Return how many rows a page has."""
        return self.get_page_size(request) or self.page_size

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return the rows of the page, and note what the links to its neighbours need.

        `queryset` has the rows that are within the page's bounds, in their order, one more than the page if there are.
        """
        self.request = request
        self.base_url = request.build_absolute_uri()
        self.ordering = ("id",)  # type: ignore[assignment]  # as the links' methods want it
        page_size = self.read_page_size(request)
        self.cursor = self.decode_cursor(request)
        rows = queryset
        further = self._get_position_from_instance(rows[-1], self.ordering) if len(rows) > page_size else None
        self.page = rows[:page_size]
        position = str(self.cursor.position) if self.cursor else None
        following, preceding = further, position
        if self.cursor and self.cursor.reverse:
            self.page.reverse()
            following, preceding = position, further
        self.has_next, self.next_position = following is not None, following
        self.has_previous, self.previous_position = preceding is not None, preceding
        return self.page


class CourseRunOverviewPagination(IdCursorPagination):
    page_size = 10
    max_page_size = 25


def _is_id(position: Any) -> bool:
    return isinstance(position, str) and re.fullmatch(r"[0-9]{1,19}", position) is not None and int(position) <= MAX_ID
