"""What `make torture` checks after races: enrollments that are not as they must be are found."""

import pytest
from opaque_keys.edx.keys import CourseKey

from learners.models import CourseEnrollment
from program_enrollments import api
from program_enrollments.constants import WriteAction
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from torture.invariants import INVARIANTS, check_invariants, count_held
from torture.report import Line
from torture.school import make_school

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    """Two programs with a learner who has an account, and one who waits, in the first one's course run."""
    school = make_school(programs=2, runs=1)
    place = school.places[0]
    school.add_account(place.organization_key, "ada")
    for one in school.places:
        api.write_program_enrollments(
            program_uuid=one.program_uuid,
            action=WriteAction.CREATE,
            records=[api.ProgramEnrollmentRecord(key, "enrolled", one.curriculum_uuid) for key in ("ada", "bob")],
        )
    api.write_program_course_enrollments(
        program_uuid=place.program_uuid,
        course_key=CourseKey.from_string(school.course_keys[0]),
        action=WriteAction.CREATE,
        records=[api.ProgramCourseEnrollmentRecord(key, "active", course_staff=True) for key in ("ada", "bob")],
    )
    return school


@pytest.fixture
def find_broken(school):
    """Return the names of the broken invariants."""

    def find_broken():
        line = Line("checked")
        check_invariants(school.places, line)
        return {name for name in INVARIANTS if any(problem.startswith(f"{name} (") for problem in line.problems)}

    return find_broken


def test_nothing_is_found_when_all_is_well(find_broken):
    assert find_broken() == set()


def test_a_learner_who_is_active_in_a_run_twice_is_found(school, find_broken):
    for key in ("ada", "bob"):
        ProgramCourseEnrollment.objects.create(
            program_enrollment=ProgramEnrollment.objects.get(
                external_user_key=key, program_uuid=school.places[1].program_uuid
            ),
            course_key=CourseKey.from_string(school.course_keys[0]),
            status="active",
        )

    assert find_broken() == {
        "An account is active in a course run twice",
        "A student key is active in a course run twice",
        "A learner's place in a run is not the account's",
    }


def test_a_place_in_a_run_that_does_not_follow_the_status_is_found(find_broken):
    CourseEnrollment.objects.update(is_active=False)

    assert find_broken() == {"An account's place in a run is active without reason, or inactive in spite of one"}


def test_an_enrollment_that_lost_its_account_is_found(find_broken):
    linked = ProgramEnrollment.objects.filter(user__isnull=False).first()
    ProgramEnrollment.objects.filter(pk=linked.pk).update(user=None)

    assert find_broken() == {
        "An enrollment waits though its learner has an identity",
        "A learner's place in a run is not the account's",
        "The history of a program enrollment does not end with what is there",
    }


def test_a_history_that_is_not_what_happened_is_found(find_broken):
    ProgramCourseEnrollment.history.all().delete()
    ProgramEnrollment.history.update(history_type="~")

    assert find_broken() == {
        "The history of a course enrollment does not end with what is there",
        "A program enrollment was not created once",
    }


def test_a_role_that_waits_for_an_account_that_is_there_is_found(school, find_broken):
    bob = ProgramEnrollment.objects.get(external_user_key="bob", program_uuid=school.places[0].program_uuid)
    api.link_program_enrollments(
        bob.program_uuid, {"bob": school.add_account(school.places[0].organization_key, "cleo").username}
    )
    assert find_broken() == set()
    bob.program_course_enrollments.get().role_assignments.create(role="staff")

    assert find_broken() == {"A role waits though there is an account"}


def test_what_there_is_to_check_is_counted(school):
    assert count_held(school.places) == (2, 1)
    ProgramEnrollment.objects.update(status="ended")
    ProgramCourseEnrollment.objects.update(status="inactive")

    assert count_held(school.places) == (0, 0)
