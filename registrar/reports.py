"""Reports: files that others put into a program's folder of the storage."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.base import File
from django.core.files.storage import default_storage

from catalog.service import Program
from registrar.exceptions import InvalidRequest, NotInService

DATE_IN_NAME = re.compile(r"__(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)", re.ASCII)
FILTER_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Report:
    """A file of a program; the date is told by its name."""

    name: str
    created_on: date


def list_reports(program: Program, *, min_created_date: str | None = None) -> list[Report]:
    """Return the reports of the program, by name; files whose name has no date are none.

    `min_created_date`: `YYYY-MM-DD`, only reports of that day or later; None: all. Raises: InvalidRequest: it is none.
    """
    oldest = None if min_created_date is None else _read_filter(min_created_date)
    reports = [Report(name, found) for name in _list_names(program) if (found := _find_date(name)) is not None]
    return [report for report in reports if oldest is None or report.created_on >= oldest]


def open_report(program: Program, name: str) -> "File[Any]":
    """Return a report to read. Raises: NotInService: there is none of this name."""
    if name not in _list_names(program):
        raise NotInService
    return default_storage.open(f"{_folder_of(program)}{name}")


def _folder_of(program: Program) -> str | None:
    if not program.authoring_organizations:
        return None
    return f"{settings.REGISTRAR_REPORTS_FOLDER}/{program.authoring_organizations[0].key}/{program.uuid.hex}/"


def _list_names(program: Program) -> list[str]:
    folder = _folder_of(program)
    if folder is None:
        return []
    try:
        _, names = default_storage.listdir(folder)
    except (FileNotFoundError, NotADirectoryError, SuspiciousOperation):
        # Nobody has made the folder yet; or the organization's key makes no path.
        return []
    # Names that are no text, which file systems allow, could not be told.
    return sorted(name for name in names if name.isprintable())


def _find_date(name: str) -> date | None:
    """Return the last date in the name that stands after two underscores."""
    for year, month, day in reversed(DATE_IN_NAME.findall(name)):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None


def _read_filter(text: str) -> date:
    try:
        if FILTER_DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # a day that no month has
    raise InvalidRequest("min_created_date must be a date, like 2026-11-25")
