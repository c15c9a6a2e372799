"""What is known of whom a token stands for, read by one statement."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.utils import timezone

from access.models import Application
from access.subjects import FIND_SUBJECT, HeldRole, find_subject
from learners.service import User
from tests.factories.access import RoleAssignmentFactory, make_application
from tests.factories.catalog import ProgramFactory
from tests.factories.learners import UserFactory


def fields_of(instance):
    values = [getattr(instance, field.attname) for field in instance._meta.concrete_fields]
    return [(type(value), value) for value in values]


def test_account_and_application_are_as_the_orm_reads_them(django_assert_num_queries):
    now = timezone.now()
    made = make_application("grades:read", "enrollments:read", last_used_at=now, retiring_client_secret_expires_at=now)
    User.objects.filter(pk=made.user_id).update(last_login=now, is_staff=True)

    with django_assert_num_queries(1):
        subject = find_subject(made.account.pk, made.client_id)
        assert subject.application.user is subject.user

    application = Application.objects.select_related("user").get(pk=made.pk)
    assert fields_of(subject.application) == fields_of(application)
    assert fields_of(subject.user) == fields_of(application.user)
    assert subject.user._state.adding is False
    assert subject.application._state.adding is False


def test_inactive_accounts_and_revoked_applications_are_left_to_the_caller_to_refuse():
    made = make_application(revoked_at=timezone.now())
    User.objects.filter(pk=made.user_id).update(is_active=False)

    subject = find_subject(made.account.pk, made.client_id)

    assert subject.user.is_active is False
    assert subject.application.is_usable(None) is False


def test_the_application_of_another_account_is_not_found(learner):
    application = make_application()

    assert find_subject(learner.pk, application.client_id).application is None
    assert find_subject(application.account.pk, "nobody").application is None
    assert find_subject(application.account.pk).application is None


@pytest.mark.parametrize("user_id", [0, 10**18 - 1])
def test_nothing_is_found_for_an_unknown_account(user_id):
    application = make_application()

    assert find_subject(user_id, application.client_id) is None


def test_roles_are_those_of_the_account_and_of_its_groups(learner):
    program = ProgramFactory()
    office, other_office = Group.objects.create(name="Office"), Group.objects.create(name="Other office")
    learner.groups.add(office)
    UserFactory().groups.add(other_office)
    RoleAssignmentFactory(user=learner, role="writer", program_uuid=program.uuid)
    RoleAssignmentFactory(user=None, group=office, role="reader", organization_key='Quoted "é", {1}')
    RoleAssignmentFactory(user=None, group=other_office, role="reader", organization_key="Elsewhere")
    RoleAssignmentFactory(role="reader", organization_key="Elsewhere")

    assert set(find_subject(learner.pk).roles) == {
        HeldRole(None, program.uuid, "writer"),
        HeldRole('Quoted "é", {1}', None, "reader"),
    }


def test_nobody_elses_roles_are_read_to_find_ones_own():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan TO off")  # what is chosen for small tables
        cursor.execute("EXPLAIN " + FIND_SUBJECT, {"client_id": "partner", "user_id": 1})
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "access_roleassignment" in plan
    assert "Seq Scan on access_roleassignment" not in plan
