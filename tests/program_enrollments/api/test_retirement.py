"""Forgetting a learner's student keys (contract section 7)."""

import re

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from social_django.models import UserSocialAuth

from learners.models import User
from program_enrollments import api
from program_enrollments.exceptions import UserDoesNotExist, UserIsStaff
from program_enrollments.models import ProgramEnrollment
from tests.factories.learners import IdentityFactory, IdentityProviderFactory, StaffFactory, UserFactory
from tests.factories.program_enrollments import ProgramEnrollmentFactory

RETIRED = re.compile(r"retired-[0-9a-f]{64}")


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


def test_the_account_is_unusable(person, identity_provider):
    IdentityFactory(user=person, identity_provider=identity_provider)
    api.retire_user("jdoe")
    person.refresh_from_db()
    assert not person.is_active
    assert not person.has_usable_password()
    assert not UserSocialAuth.objects.exists()


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
    with django_assert_num_queries(36):
        api.retire_user("jdoe")
