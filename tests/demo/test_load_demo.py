from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from opaque_keys.edx.keys import CourseKey

from catalog.models import CourseRun
from demo.catalog import ACCOUNTING_COMPLETED, ACCOUNTING_IN_PROGRESS, MARKETING_UPCOMING, MBA_PROGRAM
from grades.models import CourseGrade
from learners.models import Certificate, User
from program_enrollments.models import CourseAccessRoleAssignment, ProgramCourseEnrollment, ProgramEnrollment


def load_demo() -> None:
    call_command("load_demo", stdout=StringIO())


def count_rows() -> dict[str, int]:
    models = (CourseAccessRoleAssignment, CourseGrade, Certificate, ProgramCourseEnrollment, ProgramEnrollment, User)
    return {model.__name__: model.objects.count() for model in models}


def test_load_demo_refuses_when_debug_is_off(settings):
    settings.DEBUG = False

    with pytest.raises(CommandError, match="only when DEBUG is on"):
        load_demo()

    assert not User.objects.exists()


def test_load_demo_says_how_to_load_the_catalog_when_it_is_missing(settings):
    settings.DEBUG = True

    with pytest.raises(CommandError, match=r"load_catalog demo/data/discovery_programs\.json"):
        load_demo()


@pytest.mark.usefixtures("demo_catalog")
def test_load_demo_enrolls_learners_with_and_without_an_account():
    load_demo()

    enrollments = ProgramEnrollment.objects.filter(program_uuid=MBA_PROGRAM)
    assert set(enrollments.filter(user=None).values_list("status", flat=True)) == {
        "enrolled",
        "suspended",
        "canceled",
        "ended",
    }
    assert set(enrollments.exclude(user=None).values_list("user__username", flat=True)) == {"amara", "bruno", "chen"}
    assert CourseAccessRoleAssignment.objects.count() == 1


@pytest.mark.usefixtures("demo_catalog")
def test_load_demo_knows_every_curriculum_that_it_enrolls_in(settings):
    settings.PROGRAM_ENROLLMENTS_REQUIRE_KNOWN_CURRICULUM = True
    load_demo()

    assert User.objects.get(username="gita").program_enrollments.count() == 2


@pytest.mark.usefixtures("demo_catalog")
def test_load_demo_adds_nothing_when_it_runs_again():
    load_demo()
    once = count_rows()

    load_demo()

    assert count_rows() == once


@pytest.mark.usefixtures("demo_catalog")
def test_load_demo_keeps_what_somebody_changed_when_it_runs_again():
    load_demo()
    ProgramEnrollment.objects.filter(user__username="amara").update(status="ended")
    User.objects.filter(username="demo-staff").update(first_name="Sofia")

    load_demo()

    assert ProgramEnrollment.objects.get(user__username="amara").status == "ended"
    assert User.objects.get(username="demo-staff").first_name == "Sofia"


@pytest.mark.usefixtures("demo_catalog")
@pytest.mark.parametrize("today", [datetime(2026, 11, 23, tzinfo=UTC), datetime(2029, 7, 4, 12, tzinfo=UTC)])
def test_load_demo_leaves_a_term_behind_one_under_way_and_one_ahead_at_any_date(time_machine, today):
    time_machine.move_to(today)

    load_demo()

    behind, under_way, ahead = (
        CourseRun.objects.get(key=CourseKey.from_string(key))
        for key in (ACCOUNTING_COMPLETED, ACCOUNTING_IN_PROGRESS, MARKETING_UPCOMING)
    )
    assert behind.end < today
    assert under_way.start < today < under_way.end
    assert today < ahead.start
    assert {due.date > today for due in under_way.due_dates.all()} == {True, False}
