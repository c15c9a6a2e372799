"""Rules of bulk writes (contract section 4)."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
import time_machine
from django.db import InternalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from learners.models import CourseAccessRole, CourseEnrollment
from program_enrollments import api
from program_enrollments.constants import WriteAction
from program_enrollments.exceptions import (
    CourseDoesNotExist,
    CourseNotInProgram,
    ProgramDoesNotExist,
    UnknownCurriculum,
)
from program_enrollments.models import CourseAccessRoleAssignment, ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.catalog import CourseRunFactory, CurriculumFactory, OrganizationFactory, ProgramFactory
from tests.factories.learners import (
    RUN_KEY,
    CourseAccessRoleFactory,
    CourseEnrollmentFactory,
    IdentityFactory,
    IdentityProviderFactory,
    UserFactory,
)
from tests.factories.program_enrollments import (
    CourseAccessRoleAssignmentFactory,
    ProgramCourseEnrollmentFactory,
    ProgramEnrollmentFactory,
)

CREATE, UPDATE, UPSERT = WriteAction.CREATE, WriteAction.UPDATE, WriteAction.UPSERT


@pytest.fixture
def write(curriculum):
    """Write records, given as (key, status) or (key, status, curriculum uuid), into the program."""

    def write(action, *records, source=api.SYSTEM):
        return api.write_program_enrollments(
            program_uuid=curriculum.program.uuid,
            action=action,
            records=[
                api.ProgramEnrollmentRecord(key, status, *(rest or [curriculum.uuid])) for key, status, *rest in records
            ],
            source=source,
        )

    return write


@pytest.fixture
def write_course(curriculum):
    """Write records, given as (key, status) or (key, status, course_staff), into the program's course run."""

    def write_course(action, *records, program=curriculum.program):
        return api.write_program_course_enrollments(
            program_uuid=program.uuid,
            course_key=RUN_KEY,
            action=action,
            records=[api.ProgramCourseEnrollmentRecord(*record) for record in records],
        )

    return write_course


@pytest.fixture
def enroll(curriculum):
    """Make an enrollment in the program's curriculum."""

    def enroll(student_key, **fields):
        return ProgramEnrollmentFactory(
            external_user_key=student_key,
            **{"program_uuid": curriculum.program.uuid, "curriculum_uuid": curriculum.uuid, **fields},
        )

    return enroll


def statuses():
    return dict(ProgramEnrollment.objects.values_list("external_user_key", "status"))


# Program enrollments


def test_creation_answers_each_learner_with_the_status_that_stands(write):
    assert write(CREATE, ("a", "enrolled"), ("b", "pending")) == {"a": "enrolled", "b": "pending"}
    assert statuses() == {"a": "enrolled", "b": "pending"}


def test_creation_of_an_existing_enrollment_is_a_conflict(write, enroll):
    enroll("a", status="canceled")
    assert write(CREATE, ("a", "enrolled")) == {"a": "conflict"}
    assert statuses() == {"a": "canceled"}


def test_creation_in_a_second_curriculum_is_another_enrollment(write, enroll):
    enroll("a")
    assert write(CREATE, ("a", "pending", uuid4())) == {"a": "pending"}
    assert ProgramEnrollment.objects.count() == 2


def test_upsert_creates_and_updates(write, enroll):
    enroll("a", status="enrolled")
    assert write(UPSERT, ("a", "suspended"), ("b", "enrolled")) == {"a": "suspended", "b": "enrolled"}
    assert statuses() == {"a": "suspended", "b": "enrolled"}


def test_update_of_a_learner_outside_the_program_is_refused(write):
    ProgramEnrollmentFactory(external_user_key="a")
    assert write(UPDATE, ("a", "ended")) == {"a": "not-in-program"}


def test_update_means_the_curriculum_that_the_record_names(write, enroll):
    named = enroll("a", status="ended")
    other = enroll("a", status="enrolled", curriculum_uuid=uuid4())
    assert write(UPDATE, ("a", "pending", named.curriculum_uuid)) == {"a": "pending"}
    other.refresh_from_db()
    assert other.status == "enrolled"


@pytest.mark.parametrize("curriculum_uuid", [None, uuid4()], ids=["none", "one that the learner does not hold"])
def test_update_prefers_the_active_enrollment_over_a_later_one(write, enroll, curriculum_uuid):
    with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC), tick=False):
        active = enroll("a", status="pending")
    enroll("a", status="ended", curriculum_uuid=uuid4())
    assert write(UPDATE, ("a", "suspended", curriculum_uuid)) == {"a": "suspended"}
    active.refresh_from_db()
    assert active.status == "suspended"


def test_update_prefers_the_latest_modified_of_inactive_enrollments(write, enroll):
    with time_machine.travel(datetime(2026, 2, 1, tzinfo=UTC), tick=False):
        late = enroll("a", status="ended")
    with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC), tick=False):
        enroll("a", status="canceled", curriculum_uuid=uuid4())
    write(UPDATE, ("a", "enrolled", None))
    late.refresh_from_db()
    assert late.status == "enrolled"


def test_a_key_sent_twice_is_refused_and_the_others_stand(write):
    assert write(UPSERT, ("a", "enrolled"), ("b", "enrolled"), ("a", "ended")) == {"a": "duplicated", "b": "enrolled"}
    assert statuses() == {"b": "enrolled"}


def test_an_unknown_status_is_refused_and_the_others_stand(write):
    assert write(CREATE, ("a", "Enrolled"), ("b", "ended")) == {"a": "invalid-status", "b": "ended"}


def test_keys_that_differ_in_case_are_two_learners(write):
    write(CREATE, ("a", "enrolled"), ("A", "pending"))
    assert statuses() == {"a": "enrolled", "A": "pending"}


def test_a_new_enrollment_is_linked_to_the_account_with_the_identity(write, identity_provider):
    identity = IdentityFactory(identity_provider=identity_provider, student_key="a:1")
    write(CREATE, ("a:1", "enrolled"), ("b", "enrolled"))
    assert dict(ProgramEnrollment.objects.values_list("external_user_key", "user")) == {
        "a:1": identity.user_id,
        "b": None,
    }


def test_an_identity_at_a_disabled_provider_links_nobody(write, school):
    provider = IdentityProviderFactory(organization=school, enabled=False)
    IdentityFactory(identity_provider=provider, student_key="a")
    write(CREATE, ("a", "enrolled"))
    assert ProgramEnrollment.objects.get().user is None


def test_an_identity_at_another_organization_links_nobody(write):
    IdentityFactory(student_key="a")
    write(CREATE, ("a", "enrolled"))
    assert ProgramEnrollment.objects.get().user is None


def test_the_first_authoring_organization_decides_whose_identities_count(school, identity_provider):
    program = ProgramFactory(organizations=[OrganizationFactory(), school])
    IdentityFactory(identity_provider=identity_provider, student_key="a")
    record = api.ProgramEnrollmentRecord("a", "enrolled", uuid4())
    api.write_program_enrollments(program_uuid=program.uuid, action=CREATE, records=[record])
    assert ProgramEnrollment.objects.get().user is None


def test_a_second_key_of_one_account_in_a_curriculum_is_a_conflict(write, school, identity_provider):
    user = UserFactory()
    IdentityFactory(user=user, identity_provider=identity_provider, student_key="a")
    second = IdentityProviderFactory(organization=school)
    IdentityFactory(user=user, identity_provider=second, student_key="b")
    assert write(UPSERT, ("a", "enrolled"), ("b", "enrolled")) == {"a": "enrolled", "b": "conflict"}


def test_an_unknown_program_is_refused():
    with pytest.raises(ProgramDoesNotExist):
        api.write_program_enrollments(program_uuid=uuid4(), action=CREATE, records=[])


def test_an_unknown_curriculum_is_refused_for_all_where_the_site_requires_known_ones(write, settings):
    settings.PROGRAM_ENROLLMENTS_REQUIRE_KNOWN_CURRICULUM = True
    with pytest.raises(UnknownCurriculum) as refusal:
        write(CREATE, ("a", "enrolled"), ("b", "enrolled", uuid4()))
    assert [entry["index"] for entry in refusal.value.field_errors] == [1]
    assert statuses() == {}


def test_history_tells_what_changed_and_who_and_why(write, enroll, staff):
    enroll("a", status="pending")
    source = api.ChangeSource(user_id=staff.pk, reason="nightly roster")
    write(UPSERT, ("a", "enrolled"), ("b", "enrolled"), source=source)
    entries = ProgramEnrollment.history.exclude(history_user=None).order_by("external_user_key")
    assert [
        (entry.external_user_key, entry.status, entry.history_type, entry.history_user, entry.history_change_reason)
        for entry in entries
    ] == [("a", "enrolled", "~", staff, "nightly roster"), ("b", "enrolled", "+", staff, "nightly roster")]


def test_history_equals_what_simple_history_writes(write, curriculum):
    now = datetime(2026, 11, 1, tzinfo=UTC)
    with time_machine.travel(now, tick=False):
        write(CREATE, ("a", "enrolled"))
        ProgramEnrollmentFactory(external_user_key="a", status="enrolled")
    ours, theirs = ProgramEnrollment.history.order_by("history_id").values()
    own = {"history_id", "id", "program_uuid", "curriculum_uuid"}
    assert {name: value for name, value in ours.items() if name not in own} == {
        name: value for name, value in theirs.items() if name not in own
    }
    assert ours["id"] == ProgramEnrollment.objects.get(curriculum_uuid=curriculum.uuid).pk


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("action", [UPDATE, UPSERT])
def test_unchanged_enrollments_write_nothing_at_all(write, enroll, action):
    for key in ("a", "b"):
        enroll(key)
    with transaction.atomic():
        write(action, ("a", "enrolled"), ("b", "enrolled"))
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id_if_assigned()")
            (transaction_id,) = cursor.fetchone()

    assert transaction_id is None


def test_an_unchanged_enrollment_leaves_no_history_and_keeps_its_modification_time(write, enroll):
    before = enroll("a", status="enrolled")
    assert write(UPSERT, ("a", "enrolled")) == {"a": "enrolled"}
    assert ProgramEnrollment.objects.get().modified == before.modified
    assert ProgramEnrollment.history.count() == 1


@pytest.fixture
def database_refuses():
    """Make the database refuse rows of a table by a condition on NEW."""

    def database_refuses(table, condition):
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                CREATE FUNCTION refuse() RETURNS trigger AS $$
                BEGIN IF {condition} THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql;
                CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse();
                """
            )

    return database_refuses


def test_a_database_fault_of_one_learner_leaves_the_others(write, enroll, database_refuses, caplog):
    enroll("old", status="pending")
    database_refuses("program_enrollments_programenrollment", "NEW.external_user_key = 'bad'")
    outcomes = write(UPSERT, ("a", "enrolled"), ("bad", "enrolled"), ("old", "enrolled"), ("z", "ended"))
    assert outcomes == {"a": "enrolled", "bad": "internal-error", "old": "enrolled", "z": "ended"}
    assert statuses() == {"a": "enrolled", "old": "enrolled", "z": "ended"}
    assert "P0001" in caplog.text
    assert "bad" not in caplog.text


def test_a_database_that_takes_no_writes_is_not_a_fault_of_each_learner(write, caplog):
    def write_read_only():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL transaction_read_only = on")
            write(UPSERT, ("a", "enrolled"), ("b", "enrolled"))

    with pytest.raises(InternalError):
        write_read_only()
    assert "one learner" not in caplog.text


@pytest.mark.parametrize("action", list(WriteAction))
def test_a_write_costs_as_many_queries_for_25_learners_as_for_one(action, write, enroll, identity_provider):
    costs = []
    for name, count in (("x", 1), ("y", 25)):
        keys = [f"{name}{n}" for n in range(count)]
        for key in keys:
            IdentityFactory(identity_provider=identity_provider, student_key=key)
        if action is UPDATE:
            for key in keys:
                enroll(key, status="pending")
        with CaptureQueriesContext(connection) as queries:
            assert set(write(action, *[(key, "enrolled") for key in keys]).values()) == {"enrolled"}
        costs.append(len(queries))
    assert costs[0] == costs[1]


# Program course enrollments


def test_a_learner_outside_the_program_is_refused(write_course):
    ProgramEnrollmentFactory(external_user_key="a")
    assert write_course(UPSERT, ("a", "active")) == {"a": "not-in-program"}


def test_a_run_outside_the_program_is_refused(program):
    CourseRunFactory(key=RUN_KEY)
    with pytest.raises(CourseNotInProgram):
        api.write_program_course_enrollments(program_uuid=program.uuid, course_key=RUN_KEY, action=CREATE, records=[])


def test_an_unknown_run_is_refused(program):
    with pytest.raises(CourseDoesNotExist):
        api.write_program_course_enrollments(program_uuid=program.uuid, course_key=RUN_KEY, action=CREATE, records=[])


def test_a_waiting_learners_row_waits(write_course, enroll):
    enroll("a")
    assert write_course(CREATE, ("a", "active")) == {"a": "active"}
    row = ProgramCourseEnrollment.objects.get()
    assert (row.status, row.course_enrollment, row.course_key) == ("active", None, RUN_KEY)
    assert ProgramCourseEnrollment.history.get().history_type == "+"


def test_creation_of_an_existing_course_enrollment_is_a_conflict(write_course, enroll):
    ProgramCourseEnrollmentFactory(program_enrollment=enroll("a"), status="inactive")
    assert write_course(CREATE, ("a", "active")) == {"a": "conflict"}


def test_update_of_a_missing_course_enrollment_is_not_found(write_course, enroll):
    enroll("a")
    assert write_course(UPDATE, ("a", "active")) == {"a": "not-found"}


def test_upsert_creates_and_updates_course_enrollments(write_course, enroll):
    ProgramCourseEnrollmentFactory(program_enrollment=enroll("a"), status="active")
    enroll("b")
    assert write_course(UPSERT, ("a", "inactive"), ("b", "active")) == {"a": "inactive", "b": "active"}
    assert list(ProgramCourseEnrollment.objects.order_by("id").values_list("status", flat=True)) == [
        "inactive",
        "active",
    ]


@pytest.mark.parametrize(("status", "is_active"), [("active", True), ("inactive", False)])
def test_a_linked_learner_enters_the_run_in_masters_mode(write_course, enroll, learner, status, is_active):
    enroll("a", user=learner)
    write_course(CREATE, ("a", status))
    course_enrollment = CourseEnrollment.objects.get(user=learner, course_key=RUN_KEY)
    assert (course_enrollment.mode, course_enrollment.is_active) == ("masters", is_active)
    assert ProgramCourseEnrollment.objects.get().course_enrollment == course_enrollment


@pytest.mark.parametrize(
    ("mode", "becomes"), [("audit", "masters"), ("honor", "masters"), ("verified", "verified"), ("odd", "odd")]
)
def test_an_existing_course_enrollment_is_reused(write_course, enroll, learner, mode, becomes):
    CourseEnrollmentFactory(user=learner, mode=mode, is_active=False)
    enroll("a", user=learner)
    write_course(UPSERT, ("a", "active"))
    course_enrollment = CourseEnrollment.objects.get()
    assert (course_enrollment.mode, course_enrollment.is_active) == (becomes, True)


def test_a_kept_mode_is_logged_without_naming_the_learner(write_course, enroll, learner, caplog):
    course_enrollment = CourseEnrollmentFactory(user=learner, mode="verified")
    enroll("a", user=learner)
    write_course(UPSERT, ("a", "active"))
    assert caplog.messages == [f"Course enrollment {course_enrollment.pk} keeps its mode verified."]


def test_deactivation_reaches_the_course_enrollment(write_course, enroll, learner):
    course_enrollment = CourseEnrollmentFactory(user=learner)
    ProgramCourseEnrollmentFactory(program_enrollment=enroll("a", user=learner), course_enrollment=course_enrollment)
    assert write_course(UPDATE, ("a", "inactive")) == {"a": "inactive"}
    course_enrollment.refresh_from_db()
    assert course_enrollment.is_active is False


def test_a_row_written_before_its_learner_was_linked_gets_its_course_enrollment(write_course, enroll, learner):
    ProgramCourseEnrollmentFactory(program_enrollment=enroll("a", user=learner), status="active")
    assert write_course(UPSERT, ("a", "active")) == {"a": "active"}
    assert ProgramCourseEnrollment.objects.get().course_enrollment.user == learner


@pytest.fixture
def second_program(school, course, course_run):
    """Another program of the same school with the same course run."""
    return CurriculumFactory(program=ProgramFactory(organizations=[school]), courses=[course]).program


@pytest.mark.parametrize("action", [CREATE, UPSERT])
def test_a_second_active_place_of_an_account_is_a_conflict(write_course, enroll, learner, action):
    course_enrollment = CourseEnrollmentFactory(user=learner)
    ProgramCourseEnrollmentFactory(
        program_enrollment=ProgramEnrollmentFactory(user=learner), course_enrollment=course_enrollment
    )
    enroll("a", user=learner)
    assert write_course(action, ("a", "active")) == {"a": "conflict"}
    assert ProgramCourseEnrollment.objects.count() == 1


def test_reactivation_beside_another_active_place_is_a_conflict(write_course, enroll, learner):
    course_enrollment = CourseEnrollmentFactory(user=learner)
    ProgramCourseEnrollmentFactory(
        program_enrollment=ProgramEnrollmentFactory(user=learner), course_enrollment=course_enrollment
    )
    ProgramCourseEnrollmentFactory(
        program_enrollment=enroll("a", user=learner), course_enrollment=course_enrollment, status="inactive"
    )
    assert write_course(UPDATE, ("a", "active")) == {"a": "conflict"}


def test_a_second_active_place_of_a_student_key_at_one_school_is_a_conflict(write_course, enroll, second_program):
    elsewhere = ProgramEnrollmentFactory(external_user_key="a", program_uuid=second_program.uuid)
    ProgramCourseEnrollmentFactory(program_enrollment=elsewhere)
    enroll("a")
    assert write_course(UPSERT, ("a", "active")) == {"a": "conflict"}


def test_an_equal_student_key_at_another_school_is_another_learner(write_course, enroll):
    elsewhere = ProgramEnrollmentFactory(external_user_key="a", program_uuid=ProgramFactory().uuid)
    ProgramCourseEnrollmentFactory(program_enrollment=elsewhere)
    enroll("a")
    assert write_course(UPSERT, ("a", "active")) == {"a": "active"}


def test_an_inactive_place_beside_an_active_one_leaves_the_course_enrollment_active(write_course, enroll, learner):
    course_enrollment = CourseEnrollmentFactory(user=learner)
    ProgramCourseEnrollmentFactory(
        program_enrollment=ProgramEnrollmentFactory(user=learner), course_enrollment=course_enrollment
    )
    enroll("a", user=learner)
    assert write_course(CREATE, ("a", "inactive")) == {"a": "inactive"}
    course_enrollment.refresh_from_db()
    assert course_enrollment.is_active is True


def test_of_two_keys_of_one_account_the_first_becomes_active(write_course, enroll, learner):
    enroll("a", user=learner)
    enroll("b", user=learner, curriculum_uuid=uuid4())
    assert write_course(CREATE, ("b", "active"), ("a", "active")) == {"b": "active", "a": "conflict"}


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_an_account_leaves_the_run_when_all_of_its_keys_do(write_course, enroll, learner, order):
    enroll("a", user=learner)
    enroll("b", user=learner, curriculum_uuid=uuid4())
    write_course(CREATE, ("a", "active"))
    write_course(UPSERT, *[(key, "inactive") for key in order])
    assert CourseEnrollment.objects.get(user=learner).is_active is False


def test_the_enrollment_whose_curriculum_holds_the_run_is_meant(write_course, enroll):
    holds = enroll("a", status="ended")
    enroll("a", status="enrolled", curriculum_uuid=uuid4())
    write_course(CREATE, ("a", "active"))
    assert ProgramCourseEnrollment.objects.get().program_enrollment == holds


def test_the_enrollment_under_which_a_row_stands_is_meant_before_the_curriculum_that_holds_the_run(
    write_course, enroll
):
    enroll("a")
    stands = enroll("a", curriculum_uuid=uuid4(), status="ended")
    ProgramCourseEnrollmentFactory(program_enrollment=stands, status="active")
    assert write_course(UPDATE, ("a", "inactive")) == {"a": "inactive"}
    assert ProgramCourseEnrollment.objects.get().status == "inactive"


def test_course_staff_is_granted_and_revoked_for_a_linked_learner(write_course, enroll, learner):
    enroll("a", user=learner)
    write_course(CREATE, ("a", "active", True))
    assert CourseAccessRole.objects.filter(user=learner, course_key=RUN_KEY, role="staff").exists()
    write_course(UPDATE, ("a", "active", None))
    assert CourseAccessRole.objects.exists()
    write_course(UPDATE, ("a", "active", False))
    assert not CourseAccessRole.objects.exists()


def test_revoking_course_staff_leaves_other_roles_and_learners(write_course, enroll, learner):
    CourseAccessRoleFactory(user=learner, role="instructor")
    CourseAccessRoleFactory(role="staff")
    enroll("a", user=learner)
    write_course(UPSERT, ("a", "active", False))
    assert CourseAccessRole.objects.count() == 2


def test_course_staff_waits_for_a_learner_without_account(write_course, enroll):
    enroll("a")
    write_course(CREATE, ("a", "active", True))
    assert CourseAccessRoleAssignment.objects.get().role == "staff"
    write_course(UPDATE, ("a", "active", False))
    assert not CourseAccessRoleAssignment.objects.exists()


def test_course_staff_of_a_refused_learner_is_not_granted(write_course, enroll):
    ProgramCourseEnrollmentFactory(program_enrollment=enroll("a"))
    assert write_course(CREATE, ("a", "active", True)) == {"a": "conflict"}
    assert not CourseAccessRoleAssignment.objects.exists()


def test_a_database_fault_of_one_learner_leaves_the_others_in_the_run(write_course, enroll, database_refuses):
    bad = enroll("bad")
    enroll("a")
    enroll("b")
    database_refuses("program_enrollments_programcourseenrollment", f"NEW.program_enrollment_id = {bad.pk}")
    outcomes = write_course(CREATE, ("a", "active"), ("bad", "active"), ("b", "inactive"))
    assert outcomes == {"a": "active", "bad": "internal-error", "b": "inactive"}
    assert ProgramCourseEnrollment.objects.count() == 2


@pytest.mark.parametrize("action", list(WriteAction))
@pytest.mark.parametrize("is_linked", [True, False])
def test_a_course_write_costs_as_many_queries_for_25_learners_as_for_one(action, is_linked, write_course, enroll):
    costs = []
    for name, count in (("x", 1), ("y", 25)):
        keys = [f"{name}{n}" for n in range(count)]
        for key in keys:
            enrollment = enroll(key, user=UserFactory() if is_linked else None)
            if action is UPDATE:
                ProgramCourseEnrollmentFactory(program_enrollment=enrollment, status="inactive")
        with CaptureQueriesContext(connection) as queries:
            assert set(write_course(action, *[(key, "active", True) for key in keys]).values()) == {"active"}
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_a_waiting_staff_role_is_kept_when_a_record_does_not_speak_of_it(write_course, enroll):
    row = ProgramCourseEnrollmentFactory(program_enrollment=enroll("a"))
    CourseAccessRoleAssignmentFactory(enrollment=row)
    write_course(UPDATE, ("a", "inactive"))
    assert CourseAccessRoleAssignment.objects.exists()
