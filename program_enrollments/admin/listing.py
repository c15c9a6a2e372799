"""Lists of very many rows: bounded counts, and searches that indexes can answer."""

from typing import Any, cast
from uuid import UUID

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from opaque_keys.edx.keys import CourseKey

from catalog.service import get_catalog
from learners.service import search_user_ids
from program_enrollments import api
from program_enrollments.admin.programs import attach_programs, list_programs_in_use
from program_enrollments.exceptions import CourseDoesNotExist
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment

MAX_COUNTED_ROWS = 100_000
MAX_FOUND_USERS = 1000
MAX_FOUND_COURSE_RUNS = 100


class BoundedPaginator(Paginator):
    """Counts no further than `MAX_COUNTED_ROWS`; rows beyond it are reached by filters and search."""

    @cached_property
    def count(self) -> int:
        rows = cast(QuerySet[Any], self.object_list)  # the admin pages nothing else
        return rows.order_by()[:MAX_COUNTED_ROWS].count()


class EnrollmentChangeList(ChangeList):
    """A page of enrollments that know their programs."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        attach_programs(request, self.result_list)


def program_enrollments_named(request: HttpRequest, text: str) -> Q:
    """Return the condition that an enrollment is one that the text names.

    By the beginning of a student key or username, by a whole e-mail or course run key, by a program's uuid, by a part
    of its title, or by a part of a course run's key or title.
    """
    rows = ProgramCourseEnrollment.objects.filter(course_key__in=_course_keys_named(text))
    in_course_run = Q(pk__in=rows.values("program_enrollment_id"))
    return in_course_run if _parse(text) else _names_learner_or_program(request, text) | in_course_run


def program_course_enrollments_named(request: HttpRequest, text: str) -> Q:
    """Return the condition that a program course enrollment is one that the text names, as above."""
    in_course_run = Q(course_key__in=_course_keys_named(text))
    if _parse(text):
        return in_course_run
    named = ProgramEnrollment.objects.filter(_names_learner_or_program(request, text))
    return Q(program_enrollment__in=named) | in_course_run


def _names_learner_or_program(request: HttpRequest, text: str) -> Q:
    # Neighbours are asked first: with lists of ids, each part of the condition has an index.
    program_uuids: list[UUID] = [
        uuid
        for uuid, program in list_programs_in_use(request).items()
        if text.casefold() in program.title.casefold() or text.lower() == str(uuid)
    ]
    return (
        Q(external_user_key__startswith=text)
        | Q(user_id__in=search_user_ids(text, limit=MAX_FOUND_USERS))
        | Q(program_uuid__in=program_uuids)
    )


def _course_keys_named(text: str) -> list[CourseKey]:
    # A whole key is one whether or not the catalog still has it.
    course_key = _parse(text)
    return [course_key] if course_key else get_catalog().search_course_run_keys(text, limit=MAX_FOUND_COURSE_RUNS)


def _parse(text: str) -> CourseKey | None:
    try:
        return api.parse_course_key(text)
    except CourseDoesNotExist:
        return None
