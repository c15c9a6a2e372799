"""The admin pages of learners and grades, over HTTP, as staff see them."""

import re

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from social_django.models import UserSocialAuth

from grades.models import CourseGrade
from learners.models import Certificate, CourseAccessRole, CourseEnrollment, EmailOptOut, IdentityProvider, User
from tests.factories.catalog import ProgramFactory
from tests.factories.grades import CourseGradeFactory
from tests.factories.learners import (
    CertificateFactory,
    CourseAccessRoleFactory,
    CourseEnrollmentFactory,
    EmailOptOutFactory,
    IdentityFactory,
    IdentityProviderFactory,
    StaffFactory,
    UserFactory,
)
from tests.factories.program_enrollments import ProgramCourseEnrollmentFactory, ProgramEnrollmentFactory

RUN = "course-v1:edX+ToyX+2026_T1"

FACTORY_BY_MODEL = {
    User: UserFactory,
    IdentityProvider: IdentityProviderFactory,
    UserSocialAuth: IdentityFactory,
    CourseEnrollment: CourseEnrollmentFactory,
    CourseAccessRole: CourseAccessRoleFactory,
    Certificate: CertificateFactory,
    EmailOptOut: EmailOptOutFactory,
    CourseGrade: CourseGradeFactory,
}
IDENTITIES_FORM = {"social_auth-TOTAL_FORMS": 0, "social_auth-INITIAL_FORMS": 0}
HOLDINGS = [CourseEnrollment, CourseAccessRole, Certificate, EmailOptOut, CourseGrade]

every_model = pytest.mark.parametrize("model", FACTORY_BY_MODEL, ids=lambda model: model.__name__)
every_holding = pytest.mark.parametrize("model", HOLDINGS, ids=lambda model: model.__name__)


@pytest.fixture
def admin_client(client):
    client.force_login(StaffFactory(is_superuser=True))
    return client


def url(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def listed(response):
    return set(response.context["cl"].result_list)


@every_model
def test_every_page_opens(admin_client, model):
    record = FACTORY_BY_MODEL[model]()
    for page in [url(model, "changelist"), url(model, "add"), url(model, "change", record.pk)]:
        response = admin_client.get(page)
        assert (page, response.status_code) == (page, 200)


def count_queries(client, page):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(page).status_code == 200
    return len(queries)


@every_model
def test_list_costs_the_same_for_one_row_and_for_three(admin_client, model):
    FACTORY_BY_MODEL[model]()
    count_queries(admin_client, url(model, "changelist"))  # fills the caches of content types
    cost_of_one = count_queries(admin_client, url(model, "changelist"))
    FACTORY_BY_MODEL[model].create_batch(2)
    assert count_queries(admin_client, url(model, "changelist")) == cost_of_one


def test_account_page_costs_the_same_for_one_of_each_holding_and_for_three(admin_client):
    user = UserFactory()
    page = url(User, "change", user.pk)

    def hold(run):
        IdentityFactory(user=user)
        for holding in HOLDINGS:
            FACTORY_BY_MODEL[holding](user=user, course_key=f"course-v1:edX+ToyX+{run}")

    hold("2026")
    count_queries(admin_client, page)
    cost_of_one = count_queries(admin_client, page)
    hold("2027")
    hold("2028")
    assert count_queries(admin_client, page) == cost_of_one


@every_holding
@pytest.mark.parametrize("words", ["wanted-name", "wanted@example.org", "ToyX+2031", "course-v1:edX+ToyX+2031"])
def test_holdings_are_found_by_account_and_course_key(admin_client, model, words):
    user = UserFactory(username="wanted-name", email="wanted@example.org")
    wanted = FACTORY_BY_MODEL[model](user=user, course_key="course-v1:edX+ToyX+2031")
    FACTORY_BY_MODEL[model]()
    assert listed(admin_client.get(url(model, "changelist"), {"q": words})) == {wanted}


@pytest.mark.parametrize("words", ["wanted-name", "wanted@example.org", "mit-saml:s-77", "s-77"])
def test_accounts_and_identities_are_found_by_name_address_and_student_key(admin_client, words):
    user = UserFactory(username="wanted-name", email="wanted@example.org")
    provider = IdentityProviderFactory(slug="mit-saml")
    wanted = IdentityFactory(user=user, identity_provider=provider, student_key="s-77")
    IdentityFactory()
    assert listed(admin_client.get(url(User, "changelist"), {"q": words})) == {user}
    assert listed(admin_client.get(url(UserSocialAuth, "changelist"), {"q": words})) == {wanted}


def test_account_with_several_matching_identities_is_listed_once(admin_client):
    user = UserFactory()
    IdentityFactory.create_batch(2, user=user, student_key="s-77")
    response = admin_client.get(url(User, "changelist"), {"q": "s-77"})
    assert list(response.context["cl"].result_list) == [user]


def test_identity_provider_is_found_by_its_organization(admin_client):
    wanted = IdentityProviderFactory(organization__key="MITx")
    IdentityProviderFactory()
    assert listed(admin_client.get(url(IdentityProvider, "changelist"), {"q": "mitx"})) == {wanted}


def test_course_enrollments_are_filtered_by_mode(admin_client):
    wanted = CourseEnrollmentFactory(mode="verified")
    CourseEnrollmentFactory(mode="masters")
    assert listed(admin_client.get(url(CourseEnrollment, "changelist"), {"mode": "verified"})) == {wanted}


def test_grade_is_listed_as_a_percentage(admin_client):
    CourseGradeFactory(percent=0.875)
    assert b"87.5%" in admin_client.get(url(CourseGrade, "changelist")).content


def test_account_page_shows_identities_and_links_to_holdings(admin_client):
    user = UserFactory()
    identity = IdentityFactory(user=user)
    CourseEnrollmentFactory(user=user)
    CourseEnrollmentFactory()
    page = admin_client.get(url(User, "change", user.pk)).content.decode()
    assert identity.uid in page
    assert url(UserSocialAuth, "change", identity.pk) in page
    link = f"{url(CourseEnrollment, 'changelist')}?user__id__exact={user.pk}"
    assert f'<a href="{link}">Course enrollments (1)</a>' in page
    assert admin_client.get(link).context["cl"].result_count == 1


def test_every_link_to_a_holding_opens(admin_client):
    user = UserFactory()
    page = admin_client.get(url(User, "change", user.pk)).content.decode()
    links = re.findall(r'<p><a href="([^"]+)">', page)
    assert len(links) >= 6
    for link in links:
        response = admin_client.get(link)
        assert (link, response.status_code) == (link, 200)


@pytest.mark.parametrize("model", [User, CourseEnrollment])
def test_what_others_refer_to_cannot_be_deleted(admin_client, model):
    record = FACTORY_BY_MODEL[model]()
    assert admin_client.post(url(model, "delete", record.pk), {"post": "yes"}).status_code == 403
    admin_client.post(
        url(model, "changelist"), {"action": "delete_selected", "_selected_action": record.pk, "post": "yes"}
    )
    assert model.objects.filter(pk=record.pk).exists()


def test_account_page_says_what_to_do_instead_of_deleting(admin_client):
    page = admin_client.get(url(User, "change", UserFactory().pk)).content.decode()
    assert "An account is never deleted" in page
    assert "manage.py retire_user USERNAME" in page


def test_account_is_added_with_a_username_and_a_password(admin_client):
    form = {
        "username": "newcomer",
        "usable_password": "true",
        "password1": "a long sentence",
        "password2": "a long sentence",
    }
    response = admin_client.post(url(User, "add"), form)
    assert response.status_code == 302
    assert User.objects.get(username="newcomer").check_password("a long sentence")


@every_holding
def test_account_and_course_run_of_a_holding_stay_when_it_is_changed(admin_client, model):
    record = FACTORY_BY_MODEL[model]()
    form = admin_client.get(url(model, "change", record.pk)).context["adminform"].form
    assert {"user", "course_key"}.isdisjoint(form.fields)


@every_holding
def test_holding_is_added_when_the_course_key_is_one(admin_client, model):
    user = UserFactory()
    form = {
        "user": user.pk,
        "course_key": RUN,
        "mode": "verified",
        "role": "instructor",
        "percent": "0.5",
        "created_date_0": "2026-11-02",
        "created_date_1": "10:00:00",
    }
    response = admin_client.post(url(model, "add"), form)
    assert response.status_code == 302
    assert [str(key) for key in model.objects.filter(user=user).values_list("course_key", flat=True)] == [RUN]


@every_holding
@pytest.mark.parametrize("course_key", ["", "ToyX", "course-v1:edX+ToyX", f"{RUN}\x00", "course-v1:" + "x+" * 200])
def test_form_says_so_when_the_course_key_is_none(admin_client, model, course_key):
    response = admin_client.post(url(model, "add"), {"user": UserFactory().pk, "course_key": course_key})
    assert response.status_code == 200
    assert "course_key" in response.context["adminform"].form.errors
    assert not model.objects.exists()


@every_holding
def test_form_says_so_when_the_account_has_it_already(admin_client, model):
    record = FACTORY_BY_MODEL[model]()
    form = {
        "user": record.user_id,
        "course_key": RUN,
        "mode": "verified",
        "role": "staff",
        "percent": "0.5",
        "created_date_0": "2026-11-02",
        "created_date_1": "10:00:00",
    }
    response = admin_client.post(url(model, "add"), form)
    assert response.status_code == 200
    assert response.context["adminform"].form.errors
    assert model.objects.count() == 1


@pytest.mark.parametrize("percent", ["1.01", "-0.1", "nan", "inf"])
def test_form_says_so_when_percent_is_no_fraction(admin_client, percent):
    form = {"user": UserFactory().pk, "course_key": RUN, "percent": percent}
    response = admin_client.post(url(CourseGrade, "add"), form)
    assert response.status_code == 200
    assert response.context["adminform"].form.errors


def test_mode_and_active_are_fixed_while_a_program_enrollment_rests_on_the_course_enrollment(admin_client):
    course_enrollment = CourseEnrollmentFactory()
    ProgramCourseEnrollmentFactory(
        program_enrollment=ProgramEnrollmentFactory(user=course_enrollment.user), course_enrollment=course_enrollment
    )
    page = url(CourseEnrollment, "change", course_enrollment.pk)
    assert set(admin_client.get(page).context["adminform"].form.fields) == {"resume_url"}
    assert admin_client.post(page, {"mode": "audit", "resume_url": ""}).status_code == 302
    course_enrollment.refresh_from_db()
    assert (course_enrollment.mode, course_enrollment.is_active) == ("masters", True)


def test_mode_and_active_are_changed_when_nothing_rests_on_the_course_enrollment(admin_client):
    course_enrollment = CourseEnrollmentFactory(mode="audit")
    response = admin_client.post(
        url(CourseEnrollment, "change", course_enrollment.pk), {"mode": "verified", "resume_url": ""}
    )
    assert response.status_code == 302
    course_enrollment.refresh_from_db()
    assert (course_enrollment.mode, course_enrollment.is_active) == ("verified", False)


def test_slug_and_organization_of_an_identity_provider_stay_when_it_is_changed(admin_client):
    provider = IdentityProviderFactory()
    response = admin_client.get(url(IdentityProvider, "change", provider.pk))
    assert set(response.context["adminform"].form.fields) == {"enabled"}


def test_accounts_are_suggested_by_student_key_when_a_holding_is_added(admin_client):
    user = IdentityFactory(student_key="s-77").user
    response = admin_client.get(
        reverse("admin:autocomplete"),
        {"app_label": "learners", "model_name": "certificate", "field_name": "user", "term": "s-77"},
    )
    assert [result["id"] for result in response.json()["results"]] == [str(user.pk)]


@pytest.fixture
def plain_staff_client(client):
    """Staff who may do everything with accounts and identities, and are no superuser."""
    staff = StaffFactory(username="plain")
    staff.user_permissions.set(Permission.objects.filter(content_type__app_label__in=["learners", "social_django"]))
    client.force_login(staff)
    return client


@pytest.mark.parametrize("username", ["plain", "other"])
def test_staff_cannot_give_rights_to_themselves_or_others(plain_staff_client, username):
    user = User.objects.filter(username=username).first() or UserFactory(username=username)
    before = (user.is_staff, user.is_superuser, user.user_permissions.count())
    rights = {"is_staff": "on", "is_superuser": "on", "user_permissions": Permission.objects.first().pk}
    form = {"username": username, "is_active": "on", "first_name": "Ann"}
    response = plain_staff_client.post(url(User, "change", user.pk), form | rights | IDENTITIES_FORM)
    assert response.status_code == 302
    user = User.objects.get(pk=user.pk)
    assert user.first_name == "Ann"
    assert (user.is_staff, user.is_superuser, user.user_permissions.count()) == before


@pytest.fixture
def group_keeper_client(client):
    """Staff who may do everything with groups, are in one, and are no superuser."""
    staff = StaffFactory(username="keeper")
    staff.user_permissions.set(Permission.objects.filter(content_type__model="group"))
    staff.groups.add(Group.objects.create(name="Registrars"))
    client.force_login(staff)
    return client


def test_staff_cannot_give_rights_to_the_members_of_a_group(group_keeper_client):
    group = Group.objects.get()
    form = {"name": "Deans", "permissions": Permission.objects.first().pk}
    response = group_keeper_client.post(url(Group, "change", group.pk), form)
    assert response.status_code == 302
    group.refresh_from_db()
    assert (group.name, group.permissions.count()) == ("Deans", 0)


def test_staff_cannot_take_rights_from_the_members_of_a_group(group_keeper_client):
    group = Group.objects.get()
    group.permissions.add(Permission.objects.get(codename="view_group"))
    group_keeper_client.post(url(Group, "change", group.pk), {"name": "Deans"})
    assert group.permissions.count() == 1


def test_a_group_that_staff_add_has_no_rights(group_keeper_client):
    form = {"name": "Deans", "permissions": Permission.objects.first().pk}
    assert group_keeper_client.post(url(Group, "add"), form).status_code == 302
    assert Group.objects.get(name="Deans").permissions.count() == 0


def test_superuser_gives_rights_to_the_members_of_a_group(admin_client):
    group = Group.objects.create(name="Registrars")
    form = {"name": "Registrars", "permissions": Permission.objects.first().pk}
    admin_client.post(url(Group, "change", group.pk), form)
    assert group.permissions.count() == 1


@pytest.mark.parametrize("rights", [1, 20])
def test_page_of_a_group_costs_the_same_however_many_rights_it_gives(
    group_keeper_client, rights, django_assert_max_num_queries
):
    group = Group.objects.get()
    group.permissions.set(Permission.objects.all()[:rights])
    with django_assert_max_num_queries(9):
        assert group_keeper_client.get(url(Group, "change", group.pk)).status_code == 200


@pytest.mark.parametrize("rights", [{"is_superuser": True}, {"is_staff": False, "is_superuser": True}, {}])
def test_staff_can_look_at_others_of_the_staff_and_not_change_them_nor_their_passwords(plain_staff_client, rights):
    other = StaffFactory(**rights)
    assert plain_staff_client.get(url(User, "change", other.pk)).status_code == 200
    assert plain_staff_client.post(url(User, "change", other.pk), {"username": "x"}).status_code == 403
    passwords = {"password1": "a long sentence", "password2": "a long sentence"}
    page = reverse("admin:auth_user_password_change", args=[other.pk])
    assert plain_staff_client.post(page, passwords).status_code == 403


def test_superuser_gives_rights(admin_client):
    user = UserFactory()
    form = {"username": user.username, "is_active": "on", "is_staff": "on"}
    admin_client.post(url(User, "change", user.pk), form | IDENTITIES_FORM)
    assert User.objects.get(pk=user.pk).is_staff


def test_accounts_are_found_by_a_name(admin_client):
    wanted = UserFactory(last_name="Okafor")
    UserFactory()
    assert listed(admin_client.get(url(User, "changelist"), {"q": "okafor"})) == {wanted}


def test_added_identity_links_what_waits_for_its_student_key(admin_client):
    provider = IdentityProviderFactory(slug="mit-saml")
    program = ProgramFactory(organizations=[provider.organization])
    enrollment = ProgramEnrollmentFactory(external_user_key="s-77", program_uuid=program.uuid)
    form = {"user": UserFactory().pk, "provider": "tpa-saml", "uid": "mit-saml:s-77"}
    assert admin_client.post(url(UserSocialAuth, "add"), form).status_code == 302
    enrollment.refresh_from_db()
    assert enrollment.user_id == form["user"]


@pytest.mark.parametrize(
    ("uid", "sentence"),
    [
        ("s-77", "This is not of the form provider:student key, like ucdavis:s-1001."),
        ("mit-saml:", "This is not of the form provider:student key, like ucdavis:s-1001."),
        ("mit:s-77", "There is no identity provider “mit”."),
    ],
)
def test_form_says_so_when_the_uid_names_no_student(admin_client, uid, sentence):
    IdentityProviderFactory(slug="mit-saml")
    response = admin_client.post(
        url(UserSocialAuth, "add"), {"user": UserFactory().pk, "provider": "tpa-saml", "uid": uid}
    )
    assert response.context["adminform"].form.errors == {"uid": [sentence]}


def test_staff_add_identities_to_learners_and_not_to_others_of_the_staff(plain_staff_client):
    IdentityProviderFactory(slug="mit-saml")
    form = {"provider": "tpa-saml", "uid": "mit-saml:s-77"}

    refused = plain_staff_client.post(url(UserSocialAuth, "add"), form | {"user": StaffFactory().pk})
    assert refused.context["adminform"].form.errors == {
        "user": ["Superusers alone add identities to accounts of the staff."]
    }
    added = plain_staff_client.post(url(UserSocialAuth, "add"), form | {"user": UserFactory().pk})
    assert added.status_code == 302


@pytest.mark.parametrize(("is_staff", "status"), [(True, 403), (False, 302)])
def test_staff_change_and_delete_identities_of_learners_alone(plain_staff_client, is_staff, status):
    identity = IdentityFactory(user=UserFactory(is_staff=is_staff))
    form = {"provider": "tpa-saml", "uid": f"{identity.uid}-new"}

    changed = plain_staff_client.post(url(UserSocialAuth, "change", identity.pk), form)
    deleted = plain_staff_client.post(url(UserSocialAuth, "delete", identity.pk), {"post": "yes"})

    assert (changed.status_code, deleted.status_code) == (status, status)


def test_account_of_an_identity_stays_when_it_is_changed(admin_client):
    identity = IdentityFactory()
    form = admin_client.get(url(UserSocialAuth, "change", identity.pk)).context["adminform"].form
    assert set(form.fields) == {"provider", "uid"}
