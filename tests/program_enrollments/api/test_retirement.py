"""Forgetting a learner's student keys (contract section 7)."""

import json
import re
from io import BytesIO

import pytest
from axes.models import AccessAttempt
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone
from social_django.models import Partial, UserSocialAuth

from imports.constants import ImportKind
from imports.service import cancel_import, create_import
from learners.models import User
from program_enrollments import api
from program_enrollments.constants import ChangeReason, ProgramCourseEnrollmentStatus, ProgramEnrollmentStatus
from program_enrollments.exceptions import LearnerStillNamed, UserDoesNotExist, UserIsStaff
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from registrar.models import Job
from tests.factories.learners import IdentityFactory, IdentityProviderFactory, StaffFactory, UserFactory
from tests.factories.program_enrollments import ProgramCourseEnrollmentFactory, ProgramEnrollmentFactory
from tracing.service import traced

RETIRED = re.compile(r"retired-[0-9a-f]{64}")


@pytest.fixture(autouse=True)
def _files_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def person():
    return UserFactory(username="jdoe", email="jane@example.edu", first_name="Jane", last_name="Doe", password="x")


def all_text_in(table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT string_agg(t::text, ' ') FROM {table} t")  # noqa: S608 -- names come from the database
        return cursor.fetchone()[0] or ""


def test_student_keys_become_hashes_in_enrollments_and_history(person):
    enrollment = ProgramEnrollmentFactory(user=person, external_user_key="sid-4711")
    enrollment.external_user_key = "key-2"
    enrollment.save()
    assert api.retire_user("jdoe") == 1
    enrollment.refresh_from_db()
    keys = [entry.external_user_key for entry in enrollment.history.all()]
    assert all(RETIRED.fullmatch(key) for key in [enrollment.external_user_key, *keys])
    assert len(set(keys)) == 2


def test_no_personal_word_stays_in_any_table(person, identity_provider, program):
    IdentityFactory(user=person, identity_provider=identity_provider, student_key="sid-4711")
    ProgramEnrollmentFactory(user=person, external_user_key="sid-4711", program_uuid=program.uuid)
    LogEntry.objects.create(
        user=StaffFactory(),
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(person.pk),
        object_repr="jdoe",
        action_flag=CHANGE,
    )
    api.retire_user("jdoe")
    text = " ".join(all_text_in(name) for name in connection.introspection.table_names())
    assert [word for word in ("jdoe", "jane", "Jane", "Doe", "sid-4711") if word in text] == []


@pytest.mark.parametrize("typed", ["jdoe", "JDoe", "Jane@Example.edu", "sid-4711", "SID-OLD"])
def test_failed_sign_ins_are_forgotten_however_the_name_was_typed(person, identity_provider, typed):
    IdentityFactory(user=person, identity_provider=identity_provider, student_key="sid-4711")
    ProgramEnrollmentFactory(user=person, external_user_key="sid-old")
    AccessAttempt.objects.create(username=typed, attempt_time=timezone.now(), failures_since_start=1)
    other = AccessAttempt.objects.create(username="jdoe2", attempt_time=timezone.now(), failures_since_start=1)
    api.retire_user("jdoe")
    assert AccessAttempt.objects.get() == other


@pytest.mark.parametrize("told", ["Blacklisted token for jdoe", "JDoe", "Mail jane@example.edu", "school:sid-4711"])
def test_the_admins_log_forgets_names_wherever_they_stand(person, identity_provider, told):
    IdentityFactory(user=person, identity_provider=identity_provider, student_key="sid-4711")
    message = f'[{{"deleted": {{"name": "token", "object": "{told}"}}}}]'
    LogEntry.objects.create(user=StaffFactory(), object_repr=told, change_message=message, action_flag=CHANGE)
    api.retire_user("jdoe")
    entry = LogEntry.objects.get()
    person.refresh_from_db()
    assert (entry.object_repr, entry.change_message) == (person.username, "")


def test_the_admins_log_keeps_names_of_which_the_learners_is_a_part(person):
    LogEntry.objects.create(user=StaffFactory(), object_repr="jdoe2", change_message="zjdoe", action_flag=CHANGE)
    api.retire_user("jdoe")
    entry = LogEntry.objects.get()
    assert (entry.object_repr, entry.change_message) == ("jdoe2", "zjdoe")


def test_a_name_with_an_accent_is_found_in_the_admins_log_as_json_spells_it():
    UserFactory(username="n\u00e9e")
    LogEntry.objects.create(
        user=StaffFactory(), object_repr="x", change_message=json.dumps(["n\u00e9e"]), action_flag=CHANGE
    )
    api.retire_user("n\u00e9e")
    assert LogEntry.objects.get().change_message == ""


def test_the_account_is_unusable(person, identity_provider):
    IdentityFactory(user=person, identity_provider=identity_provider)
    api.retire_user("jdoe")
    person.refresh_from_db()
    assert not person.is_active
    assert not person.has_usable_password()
    assert not UserSocialAuth.objects.exists()


@pytest.mark.parametrize("word", ["sid-4711", "SID-4711", "jdoe"])
def test_ids_of_requests_that_hold_a_name_are_forgotten_with_all_that_the_requests_changed(person, word):
    request_id = f"sync.{word}.2026"
    with traced(request_id):
        enrollment = ProgramEnrollmentFactory(user=person, external_user_key="sid-4711")
        ProgramCourseEnrollmentFactory(program_enrollment=enrollment)
        other = ProgramEnrollmentFactory()
    api.retire_user("jdoe")
    histories = (ProgramEnrollment.history, ProgramCourseEnrollment.history)
    assert not any(history.filter(request_id=request_id).exists() for history in histories)
    assert other.history.get().request_id == ""


def test_other_ids_of_requests_stay(person):
    with traced("sync-2026"):
        enrollment = ProgramEnrollmentFactory(user=person)
    api.retire_user("jdoe")
    assert enrollment.history.last().request_id == "sync-2026"


def changed_because(reason, *enrollments):
    """Change enrollments for one reason, as histories keep it."""
    source = api.ChangeSource(reason=reason)
    for enrollment in enrollments:
        api.change_program_enrollment_status(enrollment, ProgramEnrollmentStatus.SUSPENDED, source=source)
        for row in enrollment.program_course_enrollments.all():
            api.change_program_course_enrollment_status(row, ProgramCourseEnrollmentStatus.INACTIVE, source=source)


def reasons_of(enrollment):
    of_runs = ProgramCourseEnrollment.history.filter(program_enrollment_id=enrollment.pk)
    return [
        entry.history_change_reason
        for entries in (enrollment.history.all(), of_runs)
        for entry in entries
        if entry.history_change_reason is not None
    ]


def test_reasons_that_people_typed_are_forgotten(person, program):
    enrollment = ProgramEnrollmentFactory(user=person, program_uuid=program.uuid)
    ProgramCourseEnrollmentFactory(program_enrollment=enrollment)
    changed_because("Her mother called", enrollment)
    api.retire_user("jdoe")
    assert reasons_of(enrollment) == ["", ""]


@pytest.mark.parametrize("reason", [*ChangeReason.values, "API PUT", "import 0d1cd5e0-9d5b-4c39-8d5e-6b0a3c2f4e11"])
def test_reasons_that_the_service_made_stay(person, reason):
    enrollment = ProgramEnrollmentFactory(user=person)
    changed_because(reason, enrollment)
    api.retire_user("jdoe")
    assert reasons_of(enrollment) == [reason]


def test_a_typed_reason_that_begins_like_one_of_the_services_is_forgotten(person):
    enrollment = ProgramEnrollmentFactory(user=person)
    changed_because("import 0d1cd5e0-9d5b-4c39-8d5e-6b0a3c2f4e11 had Jane twice", enrollment)
    api.retire_user("jdoe")
    assert reasons_of(enrollment) == [""]


@pytest.mark.parametrize("word", ["JDoe", "sid-4711", "Jane@Example.edu", "Jane Doe"])
def test_a_reason_that_names_the_learner_is_forgotten_for_all_whom_it_was_given_for(person, word):
    enrollment = ProgramEnrollmentFactory(user=person, external_user_key="sid-4711")
    other = ProgramEnrollmentFactory()
    changed_because(f"{word} and friends left", enrollment, other)
    api.retire_user("jdoe")
    assert reasons_of(other) == [""]


def test_reasons_that_were_typed_for_others_stay(person):
    enrollment, other = ProgramEnrollmentFactory(user=person), ProgramEnrollmentFactory()
    changed_because("End of term", enrollment, other)
    api.retire_user("jdoe")
    assert reasons_of(other) == ["End of term"]


def test_why_an_enrollment_was_linked_by_mistake_is_forgotten(person, learner):
    enrollment = ProgramEnrollmentFactory(user=person, external_user_key="a")
    enrollment.user = learner
    enrollment._change_reason = "Was not Jane after all"
    enrollment.save()
    api.retire_user("jdoe")
    assert reasons_of(enrollment) == [""]


def test_sign_ins_that_were_begun_with_the_student_key_are_forgotten(person, identity_provider):
    IdentityFactory(user=person, identity_provider=identity_provider, student_key='né"e-4711')
    Partial.objects.create(token="1", backend="saml", data={"kwargs": {"uid": 'school:né"e-4711'}})
    kept = Partial.objects.create(token="2", backend="saml", data={"kwargs": {"uid": "school:other"}})
    api.retire_user("jdoe")
    assert Partial.objects.get() == kept


def test_nothing_is_changed_while_unfinished_work_names_the_learner(person, program):
    enrollment = ProgramEnrollmentFactory(user=person, external_user_key="sid-4711", program_uuid=program.uuid)
    waiting = create_import(
        program_uuid=program.uuid,
        kind=ImportKind.PROGRAM_ENROLLMENTS,
        file=BytesIO(b"student_key,status\nsid-4711,enrolled\n"),
    )
    with pytest.raises(LearnerStillNamed, match=f"may: import {waiting.pk}\\. Nothing was changed"):
        api.retire_user("jdoe")
    enrollment.refresh_from_db()
    assert enrollment.external_user_key == "sid-4711"
    assert User.objects.filter(username="jdoe", is_active=True).exists()


def test_a_learner_is_retired_once_the_work_has_ended(person, program):
    ProgramEnrollmentFactory(user=person, external_user_key="sid-4711", program_uuid=program.uuid)
    waiting = create_import(
        program_uuid=program.uuid,
        kind=ImportKind.PROGRAM_ENROLLMENTS,
        file=BytesIO(b"student_key,status\nsid-4711,enrolled\n"),
    )
    with pytest.raises(LearnerStillNamed):
        api.retire_user("jdoe")
    cancel_import(waiting.pk)
    assert api.retire_user("jdoe") == 1
    waiting.refresh_from_db()
    assert not waiting.file


def test_downloads_forget_the_names_of_an_account_that_has_no_student_key(person, program):
    ProgramEnrollmentFactory(user=person, external_user_key=None, program_uuid=program.uuid)
    Job.objects.create(
        operation="list_program_enrollments",
        program_uuid=program.uuid,
        fmt="csv",
        state="Succeeded",
        file=ContentFile(b"enrolled,jdoe,jane@example.edu\n", name="x.csv"),
    )
    api.retire_user("jdoe")
    assert not Job.objects.exists()


def test_retiring_again_changes_nothing(person):
    ProgramEnrollmentFactory(user=person)
    api.retire_user("jdoe")
    before = list(ProgramEnrollment.history.values()), list(User.objects.values())
    assert api.retire_user("jdoe") == 0
    assert (list(ProgramEnrollment.history.values()), list(User.objects.values())) == before


def test_the_next_account_with_the_same_username_can_be_retired_too(person):
    api.retire_user("jdoe")
    UserFactory(username="jdoe")
    api.retire_user("jdoe")
    assert not User.objects.filter(username="jdoe").exists()


def test_the_same_key_can_be_retired_twice_in_one_curriculum(person):
    first = ProgramEnrollmentFactory(user=person, external_user_key="a")
    api.retire_user("jdoe")
    again = UserFactory()
    ProgramEnrollmentFactory(
        user=again, external_user_key="a", program_uuid=first.program_uuid, curriculum_uuid=first.curriculum_uuid
    )
    assert api.retire_user(again.username) == 1


def test_enrollments_that_wait_for_the_identity_lose_their_key_too(person, school, program):
    disabled = IdentityProviderFactory(organization=school, enabled=False)
    IdentityFactory(user=person, identity_provider=disabled, student_key="a")
    waiting = ProgramEnrollmentFactory(external_user_key="a", program_uuid=program.uuid)
    api.retire_user("jdoe")
    waiting.refresh_from_db()
    assert RETIRED.fullmatch(waiting.external_user_key)


def test_the_same_key_at_another_organization_is_another_learner(person, identity_provider, program):
    IdentityFactory(user=person, identity_provider=identity_provider, student_key="a")
    other = ProgramEnrollmentFactory(external_user_key="a")
    api.retire_user("jdoe")
    other.refresh_from_db()
    assert other.external_user_key == "a"


def test_an_enrollment_that_was_linked_by_mistake_keeps_its_learners_key(person, learner):
    enrollment = ProgramEnrollmentFactory(user=person, external_user_key="a")
    enrollment.user = learner
    enrollment.save()
    api.retire_user("jdoe")
    assert {entry.external_user_key for entry in enrollment.history.all()} == {"a"}


def test_history_of_a_deleted_enrollment_loses_its_key(person):
    enrollment = ProgramEnrollmentFactory(user=person, external_user_key="a")
    enrollment.delete()
    api.retire_user("jdoe")
    assert all(RETIRED.fullmatch(key) for key in ProgramEnrollment.history.values_list("external_user_key", flat=True))


def test_an_unknown_username_is_refused():
    with pytest.raises(UserDoesNotExist):
        api.retire_user("nobody")


@pytest.mark.parametrize("privilege", ["is_staff", "is_superuser"])
def test_staff_are_refused(privilege):
    UserFactory(username="boss", **{privilege: True})
    with pytest.raises(UserIsStaff):
        api.retire_user("boss")


@pytest.mark.parametrize("size", [1, 5])
def test_the_cost_does_not_grow_with_enrollments(size, person, program, django_assert_num_queries):
    ProgramEnrollmentFactory.create_batch(size, user=person, program_uuid=program.uuid)
    ContentType.objects.get_for_model(User)
    with django_assert_num_queries(43):
        api.retire_user("jdoe")
