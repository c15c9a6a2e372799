"""The admin pages of partner applications and roles."""

import re

import pytest
from django.contrib.auth.models import Group

from access.models import Application, RoleAssignment
from access.partners import revoke_application
from tests.factories.access import CLIENT_SECRET, RoleAssignmentFactory, make_application
from tests.factories.learners import StaffFactory, UserFactory

APPLICATIONS = "/admin/access/application/"
ROLES = "/admin/access/roleassignment/"


@pytest.fixture
def office(client):
    """A browser in which a superuser is signed in."""
    client.force_login(StaffFactory(username="boss", is_superuser=True))
    return client


def partner_form(**changes):
    return {
        "name": "UC Davis",
        "role": "writer",
        "organization_key": "UCDavis",
        "program_uuid": "",
        "allowed_scopes": ["enrollments:read", "enrollments:write"],
    } | changes


def test_a_partner_is_made_with_its_role_and_the_secret_is_shown_once(office, organization):
    page = office.post(f"{APPLICATIONS}add/", partner_form())

    application = Application.objects.get()
    secret = re.findall(r"Client secret  (\w+)", page.content.decode())[0]
    assert application.accepts_secret(secret)
    assert "no-store" in page["Cache-Control"]
    assert "http://testserver/oauth2/access_token" in page.content.decode()
    assert application.allowed_scopes == ["enrollments:read", "enrollments:write"]
    assignment = RoleAssignment.objects.get()
    assert (assignment.user, assignment.role, assignment.organization_key) == (application.user, "writer", "UCDavis")
    change_page = office.get(f"{APPLICATIONS}{application.pk}/change/").content.decode()
    assert application.client_id in change_page
    assert secret not in change_page
    assert application.client_secret not in change_page


@pytest.mark.parametrize("tokens", ["oauth2_provider/accesstoken", "token_blacklist/outstandingtoken"])
def test_tokens_have_no_pages(office, tokens):
    assert office.get(f"/admin/{tokens}/").status_code == 404


def test_who_made_a_partner_is_in_the_history_of_its_role(office, organization):
    office.post(f"{APPLICATIONS}add/", partner_form())

    assert RoleAssignment.history.get().history_user.username == "boss"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"organization_key": ""}, "Give either an organization or a program."),
        ({"program_uuid": "00000000-0000-4000-8000-000000000000"}, "Give either an organization or a program."),
        ({"organization_key": "Nowhere"}, "The catalog has no organization Nowhere."),
        ({"name": ""}, "This field is required."),
        ({"allowed_scopes": ["everything"]}, "everything is not one of the available choices"),
    ],
)
def test_a_wrong_partner_is_refused_with_a_reason(office, organization, changes, message):
    page = office.post(f"{APPLICATIONS}add/", partner_form(**changes))

    assert message in page.content.decode()
    assert not Application.objects.exists()


def test_the_scopes_of_a_partner_can_be_changed(office, application):
    office.post(f"{APPLICATIONS}{application.pk}/change/", {"name": "Renamed", "allowed_scopes": ["grades:read"]})

    application.refresh_from_db()
    assert (application.name, application.allowed_scopes) == ("Renamed", ["grades:read"])
    assert application.accepts_secret(CLIENT_SECRET)


def test_a_new_secret_is_shown_and_the_old_one_stays_for_a_day(office, application):
    page = office.post(APPLICATIONS, {"action": "rotate_secrets", "_selected_action": [application.pk]})

    application.refresh_from_db()
    assert application.accepts_secret(re.findall(r"Client secret  (\w+)", page.content.decode())[0])
    assert application.accepts_secret(CLIENT_SECRET)


def test_a_partner_can_be_revoked_once(office, application):
    for expected in ("Partner is revoked.", f"There is no application {application.client_id}, or it is revoked."):
        data = {"action": "revoke", "_selected_action": [application.pk], "confirmed": "yes"}
        assert expected in office.post(APPLICATIONS, data, follow=True).content.decode()

    data = {"action": "rotate_secrets", "_selected_action": [application.pk]}
    assert "or it is revoked." in office.post(APPLICATIONS, data, follow=True).content.decode()


def test_a_partner_is_revoked_only_once_that_is_confirmed(office, application):
    asked = office.post(APPLICATIONS, {"action": "revoke", "_selected_action": [application.pk]}).content.decode()

    assert f"Partner ({application.client_id})" in asked
    assert "This cannot be taken back" in asked
    application.refresh_from_db()
    assert application.revoked_at is None


@pytest.mark.parametrize(
    "page",
    [
        "access/roleassignment",
        "grades/coursegrade",
        "learners/certificate",
        "learners/courseaccessrole",
        "learners/courseenrollment",
        "learners/emailoptout",
        "social_django/usersocialauth",
        "catalog/courserun",
        "catalog/curriculum",
        "catalog/program",
    ],
)
def test_a_chosen_id_that_is_no_number_is_an_error_in_the_form(office, page):
    ids = dict.fromkeys(("user", "group", "course", "program", "programorganization_set-0-organization"), "abc")
    links = {"programorganization_set-TOTAL_FORMS": 1, "programorganization_set-INITIAL_FORMS": 0}

    response = office.post(f"/admin/{page}/add/", ids | links)

    assert response.status_code == 200
    assert response.context["errors"]


@pytest.mark.parametrize("path", ["abc/history/", "abc/history/1/", "1/history/abc/"])
def test_the_history_of_what_is_no_id_is_not_found(office, path):
    assert office.get(f"{ROLES}{path}").status_code == 404


def test_a_partner_cannot_be_deleted(office, application):
    assert office.post(f"{APPLICATIONS}{application.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("action", ["rotate_secrets", "revoke"])
def test_staff_without_the_permission_cannot_change_a_partner(client, application, action):
    client.force_login(StaffFactory())

    assert client.post(APPLICATIONS, {"action": action, "_selected_action": [application.pk]}).status_code == 403
    assert client.get(f"{ROLES}who-may/").status_code == 403
    application.refresh_from_db()
    assert application.revoked_at is None


def test_tokens_have_no_admin_pages(office):
    assert office.get("/admin/oauth2_provider/accesstoken/").status_code == 404


def test_a_role_is_given_with_its_history(office, organization):
    user = UserFactory()

    office.post(f"{ROLES}add/", {"user": user.pk, "role": "reader", "organization_key": "UCDavis"})

    assignment = RoleAssignment.objects.get()
    assert (assignment.user, assignment.role, assignment.organization_key) == (user, "reader", "UCDavis")
    assert "boss" in office.get(f"{ROLES}{assignment.pk}/history/").content.decode()
    assert str(user) in office.get(ROLES).content.decode()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "Give either an organization or a program."),
        ({"organization_key": "Nowhere"}, "The catalog has no organization Nowhere."),
    ],
)
def test_a_wrong_role_is_refused_with_a_reason(office, fields, message):
    page = office.post(f"{ROLES}add/", {"user": UserFactory().pk, "role": "reader"} | fields)

    assert message in page.content.decode()


def test_a_second_role_at_a_place_is_refused_with_a_reason(office, organization):
    assignment = RoleAssignmentFactory(organization_key="UCDavis")

    page = office.post(f"{ROLES}add/", {"user": assignment.user_id, "role": "writer", "organization_key": "UCDavis"})

    assert "There is a role for this holder at this place already" in page.content.decode()


def list_rows(page):
    body = page.content.decode().split("<tbody>")[1].split("</tbody>")[0]
    return [tuple(re.findall(r"<td[^>]*>(.*?)</td>", row)) for row in body.split("</tr>") if "<td" in row]


def test_the_admin_says_what_a_user_may_do_and_why(office, program):
    user = UserFactory(username="registrar")
    group = Group.objects.create(name="Office")
    user.groups.add(group)
    RoleAssignmentFactory(user=user, role="reader", organization_key="UCDavis")
    RoleAssignmentFactory(user=None, group=group, role="writer", program_uuid=program.uuid)
    RoleAssignmentFactory(organization_key="UCDavis")

    page = office.get(f"{ROLES}who-may/", {"username": "registrar"})

    name = f"{program.title} ({program.uuid})"
    assert list_rows(page) == [
        (name, "read", "Reader on organization UCDavis, held by the account itself."),
        (name, "read and write", f"Writer on program {program.uuid}, held by the group Office."),
    ]


@pytest.mark.parametrize(
    ("fields", "row"),
    [
        ({"is_staff": True}, ("All programs", "read and write", "A member of staff.")),
        ({"is_active": False}, ("All programs", "-", "The account is not active.")),
        ({}, ("No roles found.",)),
    ],
)
def test_the_admin_says_when_no_role_matters(office, fields, row):
    UserFactory(username="someone", **fields)

    assert list_rows(office.get(f"{ROLES}who-may/", {"username": "someone"})) == [row]


def test_the_admin_says_who_may_do_what_in_a_program(office, program):
    member = UserFactory(username="member")
    group = Group.objects.create(name="Office")
    group.user_set.add(member, UserFactory(username="gone", is_active=False))
    RoleAssignmentFactory(user=None, group=group, role="reader", organization_key="UCDavis")
    RoleAssignmentFactory(user=UserFactory(username="direct"), role="writer", program_uuid=program.uuid)

    page = office.get(f"{ROLES}who-may/", {"program": program.uuid})

    assert list_rows(page) == [
        ("member", "read", "Reader on organization UCDavis, held by the group Office."),
        ("direct", "read and write", f"Writer on program {program.uuid}, held by the account itself."),
        ("boss", "read and write", "A member of staff."),
    ]


def test_the_admin_says_what_tokens_of_an_application_are_good_for(office, program):
    user = make_application("grades:read").user
    RoleAssignmentFactory(user=user, role="reader", program_uuid=program.uuid)
    reason = f"Reader on program {program.uuid}, held by the account itself. Its tokens are good for grades:read only."

    assert list_rows(office.get(f"{ROLES}who-may/", {"username": user.username})) == [
        (f"{program.title} ({program.uuid})", "read", reason)
    ]
    assert (user.username, "read", reason) in list_rows(office.get(f"{ROLES}who-may/", {"program": program.uuid}))


def test_the_admin_says_that_a_revoked_application_may_do_nothing(office, program):
    application = make_application("grades:read")
    RoleAssignmentFactory(user=application.user, role="reader", program_uuid=program.uuid)
    revoke_application(application.client_id)

    assert list_rows(office.get(f"{ROLES}who-may/", {"username": application.user.username})) == [
        ("All programs", "-", "Its application is revoked.")
    ]
    assert application.user.username not in str(list_rows(office.get(f"{ROLES}who-may/", {"program": program.uuid})))


def test_the_page_of_an_application_leads_to_no_page_that_is_not_served(office):
    application = make_application("grades:read")

    page = office.get(f"/admin/access/application/{application.pk}/change/").content.decode()

    assert "View on site" not in page


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"username": "nobody"}, "There is no such account."),
        ({"username": "nul\x00"}, "Null characters are not allowed."),
        ({"program": "00000000-0000-4000-8000-000000000000"}, "There is no such program."),
        ({"program": "x"}, "Enter a valid UUID."),
        ({}, "Who may do what"),
        ({"username": ""}, "Who may do what"),
    ],
)
def test_the_admin_answers_any_question(office, query, message):
    page = office.get(f"{ROLES}who-may/", query)

    assert page.status_code == 200
    assert message in page.content.decode()
