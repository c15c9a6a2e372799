"""The in-process functions that read enrollments (contract section 8)."""

import pytest
from opaque_keys.edx.keys import CourseKey

from program_enrollments import api
from program_enrollments.exceptions import ProgramDoesNotExist
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.catalog import ProgramFactory
from tests.factories.learners import RUN_KEY, IdentityFactory, IdentityProviderFactory, UserFactory
from tests.factories.program_enrollments import ProgramCourseEnrollmentFactory, ProgramEnrollmentFactory

OTHER_RUN = CourseKey.from_string("course-v1:edX+Other+2026")


def test_one_enrollment_is_found_by_student_key_or_account():
    enrollment = ProgramEnrollmentFactory(external_user_key="a", user=UserFactory())
    ProgramEnrollmentFactory(program_uuid=enrollment.program_uuid)

    for learner in ({"external_user_key": "a"}, {"user": enrollment.user}):
        assert api.get_program_enrollment(program_uuid=enrollment.program_uuid, **learner) == enrollment


def test_the_curriculum_tells_several_enrollments_apart():
    first = ProgramEnrollmentFactory(external_user_key="a")
    ProgramEnrollmentFactory(external_user_key="a", program_uuid=first.program_uuid)
    learner = {"program_uuid": first.program_uuid, "external_user_key": "a"}

    with pytest.raises(ProgramEnrollment.MultipleObjectsReturned):
        api.get_program_enrollment(**learner)
    assert api.get_program_enrollment(**learner, curriculum_uuid=first.curriculum_uuid) == first


def test_a_missing_enrollment_raises(program):
    with pytest.raises(ProgramEnrollment.DoesNotExist):
        api.get_program_enrollment(program_uuid=program.uuid, external_user_key="a")
    with pytest.raises(ProgramCourseEnrollment.DoesNotExist):
        api.get_program_course_enrollment(program_uuid=program.uuid, course_key=RUN_KEY, external_user_key="a")


def test_a_learner_must_be_named(program):
    with pytest.raises(ValueError, match="student key"):
        api.get_program_enrollment(program_uuid=program.uuid)
    with pytest.raises(ValueError, match="student key"):
        api.get_program_course_enrollment(program_uuid=program.uuid, course_key=RUN_KEY)
    with pytest.raises(ValueError, match="student key"):
        api.fetch_program_enrollments_by_student()
    with pytest.raises(ValueError, match="student key"):
        api.fetch_program_course_enrollments_by_students()


def test_one_course_enrollment_is_found():
    enrollment = ProgramCourseEnrollmentFactory(program_enrollment__external_user_key="a")
    ProgramCourseEnrollmentFactory(program_enrollment=enrollment.program_enrollment, course_key=OTHER_RUN)

    found = api.get_program_course_enrollment(
        program_uuid=enrollment.program_enrollment.program_uuid, course_key=RUN_KEY, external_user_key="a"
    )

    assert found == enrollment


@pytest.fixture
def three(program):
    """Enrollments of three learners in the program; only the third is linked."""
    return [
        ProgramEnrollmentFactory(program_uuid=program.uuid, external_user_key="a"),
        ProgramEnrollmentFactory(program_uuid=program.uuid, external_user_key="b", status="ended"),
        ProgramEnrollmentFactory(program_uuid=program.uuid, external_user_key="c", user=UserFactory()),
    ]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (lambda three: {}, [0, 1, 2]),
        (lambda three: {"external_user_keys": ["a", "c", "x"]}, [0, 2]),
        (lambda three: {"external_user_keys": []}, []),
        (lambda three: {"users": [three[2].user]}, [2]),
        (lambda three: {"curriculum_uuids": [three[1].curriculum_uuid]}, [1]),
        (lambda three: {"program_enrollment_statuses": ["ended"]}, [1]),
        (lambda three: {"is_linked": True}, [2]),
        (lambda three: {"is_linked": False}, [0, 1]),
        (lambda three: {"is_linked": False, "program_enrollment_statuses": ["enrolled"]}, [0]),
    ],
)
def test_filters_narrow_what_is_fetched(program, three, filters, expected):
    ProgramEnrollmentFactory(external_user_key="a")
    courses = [ProgramCourseEnrollmentFactory(program_enrollment=enrollment) for enrollment in three]
    chosen = filters(three)

    enrollments = api.fetch_program_enrollments(program_uuid=program.uuid, **chosen)
    course_enrollments = api.fetch_program_course_enrollments(program_uuid=program.uuid, course_key=RUN_KEY, **chosen)

    assert list(enrollments) == [three[index] for index in expected]
    assert list(course_enrollments) == [courses[index] for index in expected]


def test_course_enrollments_can_be_chosen_by_their_own_status(program, three):
    ProgramCourseEnrollmentFactory(program_enrollment=three[0])
    inactive = ProgramCourseEnrollmentFactory(program_enrollment=three[1], status="inactive")

    found = api.fetch_program_course_enrollments(program_uuid=program.uuid, course_key=RUN_KEY, statuses=["inactive"])

    assert list(found) == [inactive]


def test_a_students_enrollments_are_fetched_over_all_programs_or_some(program, three):
    elsewhere = ProgramEnrollmentFactory(external_user_key="a")

    assert list(api.fetch_program_enrollments_by_student(external_user_key="a")) == [three[0], elsewhere]
    assert list(api.fetch_program_enrollments_by_student(external_user_key="a", program_uuids=[program.uuid])) == [
        three[0]
    ]
    assert list(api.fetch_program_enrollments_by_student(user=three[2].user)) == [three[2]]
    assert not api.fetch_program_enrollments_by_student(user=three[2].user, external_user_key="a").exists()


def test_students_course_enrollments_are_fetched_over_all_runs_or_some(program, three):
    first = ProgramCourseEnrollmentFactory(program_enrollment=three[0])
    second = ProgramCourseEnrollmentFactory(program_enrollment=three[1], course_key=OTHER_RUN, status="inactive")
    ProgramCourseEnrollmentFactory(program_enrollment=three[2])

    def fetch(**filters):
        return list(api.fetch_program_course_enrollments_by_students(external_user_keys=["a", "b"], **filters))

    assert fetch() == [first, second]
    assert fetch(course_keys=[OTHER_RUN]) == [second]
    assert fetch(statuses=["active"]) == [first]
    assert fetch(program_uuids=[]) == []


def test_accounts_are_found_by_the_first_organizations_identities(program, identity_provider):
    user = IdentityFactory(identity_provider=identity_provider, student_key="a").user
    IdentityFactory(identity_provider=IdentityProviderFactory(), student_key="b")

    found = api.get_users_by_external_keys(program_uuid=program.uuid, external_user_keys=["a", "b"])

    assert found == {"a": user, "b": None}


def test_a_program_without_organization_knows_nobody():
    program = ProgramFactory(organizations=[])

    assert api.get_users_by_external_keys(program_uuid=program.uuid, external_user_keys=["a"]) == {"a": None}


def test_accounts_of_an_unknown_program_are_refused(three):
    with pytest.raises(ProgramDoesNotExist):
        api.get_users_by_external_keys(program_uuid=three[0].curriculum_uuid, external_user_keys=[])


def test_the_student_key_of_an_account_in_a_run_is_that_of_its_active_enrollment():
    user = UserFactory()
    for key, status in (("old", "inactive"), ("new", "active"), (None, "inactive")):
        ProgramCourseEnrollmentFactory(
            program_enrollment=ProgramEnrollmentFactory(external_user_key=key, user=user), status=status
        )

    assert api.get_external_key_by_user_and_course(user=user, course_key=RUN_KEY) == "new"
    assert api.get_external_key_by_user_and_course(user=user, course_key=OTHER_RUN) is None
