"""What the database holds, whoever writes."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError

from access.models import Application, RoleAssignment
from tests.factories.access import RoleAssignmentFactory
from tests.factories.learners import UserFactory


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"organization_key": ""},
        {"organization_key": "UCDavis", "program_uuid": uuid4()},
        {"organization_key": "UCDavis", "role": "owner"},
    ],
)
def test_a_role_is_a_known_one_held_at_one_place(fields):
    with pytest.raises(IntegrityError):
        RoleAssignmentFactory(**fields)


@pytest.mark.parametrize(("has_user", "has_group"), [(False, False), (True, True)])
def test_a_role_has_one_holder(has_user, has_group):
    user = UserFactory() if has_user else None
    group = Group.objects.create(name="Office") if has_group else None

    with pytest.raises(IntegrityError):
        RoleAssignmentFactory(user=user, group=group, organization_key="UCDavis")


@pytest.mark.parametrize("place", [{"organization_key": "UCDavis"}, {"program_uuid": uuid4()}])
@pytest.mark.parametrize("holder", ["user", "group"])
def test_a_holder_has_one_role_at_a_place(place, holder):
    holders = {"user": None, holder: UserFactory() if holder == "user" else Group.objects.create(name="Office")}
    RoleAssignmentFactory(role="reader", **holders, **place)

    with pytest.raises(IntegrityError):
        RoleAssignmentFactory(role="writer", **holders, **place)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_type": "public"},
        {"authorization_grant_type": "password"},
        {"hash_client_secret": False},
        {"user": None},
        {"allowed_scopes": ["everything"]},
    ],
)
def test_an_application_is_a_confidential_one_with_an_account(application, changes):
    with pytest.raises(IntegrityError):
        Application.objects.filter(pk=application.pk).update(**changes)


def test_changes_of_roles_are_in_the_history(organization):
    assignment = RoleAssignmentFactory(role="reader", organization_key="UCDavis")
    assignment.role = "writer"
    assignment.save()
    assignment.delete()

    history = RoleAssignment.history.order_by("history_id").values_list("history_type", "role")
    assert list(history) == [("+", "reader"), ("~", "writer"), ("-", "writer")]
