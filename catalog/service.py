"""The front door of the catalog: what other packages may ask about programs (contract section 6).

`get_catalog()` returns the backend that the setting `CATALOG_BACKEND` names. Answers are frozen records;
lists are in catalog order.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol, cast
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string
from opaque_keys.edx.keys import CourseKey

from catalog.constants import Pacing


@dataclass(frozen=True, slots=True)
class Organization:
    """A school."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Program:
    """A program; `authoring_organizations` are in order, the first one administers (none: empty).

    `key` is the slug by which the Registrar API knows it, unique, in exactly this case. `marketing_url` may be empty.
    """

    uuid: UUID
    key: str
    title: str
    type: str
    marketing_slug: str
    marketing_url: str
    status: str
    authoring_organizations: tuple[Organization, ...]


@dataclass(frozen=True, slots=True)
class DueDate:
    """Something due in a course run; `url` may be empty."""

    name: str
    url: str
    date: datetime


@dataclass(frozen=True, slots=True)
class CourseRun:
    """One run of a course. `title` falls back to the course's. `due_dates` are in date order.

    `external_key`, `start` and `end` are None when unset; `marketing_url` is empty.
    """

    key: CourseKey
    external_key: str | None
    title: str
    marketing_url: str
    start: datetime | None
    end: datetime | None
    pacing: Pacing
    email_enabled: bool
    due_dates: tuple[DueDate, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """A course and its runs, in catalog order."""

    key: str
    title: str
    runs: tuple[CourseRun, ...]


@dataclass(frozen=True, slots=True)
class Curriculum:
    """A curriculum of a program, its own courses (not those of child programs), and its child programs."""

    uuid: UUID
    name: str
    is_active: bool
    courses: tuple[Course, ...]
    child_program_uuids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class RunPlacement:
    """Where a course run stands in a program (contract section 6).

    `in_program`: it is in the program's courses, any curriculum, or a child program of the first active curriculum.
    `curriculum_uuids`: the program's curricula that hold it, child programs counted (contract section 9).
    """

    in_program: bool
    curriculum_uuids: frozenset[UUID]


class Catalog(Protocol):
    """Read access to the catalog. A backend raises `CatalogUnavailable` rather than guess."""

    def find_program(self, program_uuid: UUID) -> Program | None:
        """Return the program; None only when the catalog knows that there is no such program."""

    def find_program_by_key(self, program_key: str) -> Program | None:
        """Return the program with this key, in exactly this case, or None if there is none."""

    def list_all_programs(self) -> list[Program]:
        """Return every program."""

    def list_programs(self, program_uuids: Collection[UUID]) -> list[Program]:
        """Return the programs with these uuids; unknown ones are left out."""

    def list_programs_of_type(self, program_type: str) -> list[Program]:
        """Return the programs of a type, given by name or slug in any case (`Masters`, `professional-certificate`)."""

    def list_programs_with_course_runs(self, course_keys: Collection[CourseKey]) -> list[Program]:
        """Return the programs that contain at least one of these course runs."""

    def list_programs_of_organization(self, organization_key: str) -> list[Program] | None:
        """Return the programs that the organization authors, in any position; None if there is no such organization."""

    def list_programs_of_organizations(self, organization_keys: Collection[str]) -> list[Program]:
        """Return the programs that any of the organizations authors, in any position, each once."""

    def list_curricula(self, program_uuid: UUID) -> list[Curriculum]:
        """Return the program's curricula with their courses and runs; empty for an unknown program."""

    def list_curriculum_uuids(self, program_uuids: Collection[UUID]) -> dict[UUID, dict[UUID, bool]]:
        """Return {program uuid: {curriculum uuid: whether it is active}}, the curricula in catalog order.

        Programs without a curriculum, and unknown ones, have an empty dict.
        """

    def list_curriculum_names(self, curriculum_uuids: Collection[UUID]) -> dict[UUID, str]:
        """Return {curriculum uuid: name, which may be empty}; unknown ones are left out."""

    def find_course_run(self, course_key: CourseKey) -> CourseRun | None:
        """Return the course run, or None if there is none with this key."""

    def list_course_runs(self, course_keys: Collection[CourseKey]) -> list[CourseRun]:
        """Return the course runs with these keys; unknown ones are left out."""

    def search_course_run_keys(self, text: str, *, limit: int) -> list[CourseKey]:
        """Return the keys of at most `limit` runs whose key, title or course title holds the text, in any case."""

    def list_course_run_keys(self, program_uuid: UUID) -> frozenset[CourseKey]:
        """Return the keys of all course runs in the program (contract section 6); empty for an unknown program."""

    def find_run_placement(self, program_uuid: UUID, course_key: CourseKey) -> RunPlacement:
        """Return where the course run stands in the program."""


class CatalogUnavailable(Exception):
    """The catalog could not be asked."""


def get_catalog() -> Catalog:
    """Return the catalog backend named by the setting `CATALOG_BACKEND`."""
    return _load_backend(settings.CATALOG_BACKEND)


@lru_cache(maxsize=8)
def _load_backend(dotted_path: str) -> Catalog:
    return cast(Catalog, import_string(dotted_path)())
