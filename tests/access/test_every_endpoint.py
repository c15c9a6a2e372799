"""Who gets which answer at each endpoint and method (contract sections 1 and 2), and that nobody else writes."""

import json

import pytest
from django.contrib.auth.models import Group
from rest_framework.test import APIClient

from learners.models import CourseAccessRole, CourseEnrollment, User
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.access import CLIENT_SECRET, RoleAssignmentFactory, make_application
from tests.factories.catalog import (
    CourseFactory,
    CourseRunFactory,
    CurriculumFactory,
    OrganizationFactory,
    ProgramFactory,
)
from tests.factories.learners import (
    RUN_KEY,
    CourseAccessRoleFactory,
    CourseEnrollmentFactory,
    IdentityProviderFactory,
    StaffFactory,
    UserFactory,
)
from tests.factories.program_enrollments import ProgramCourseEnrollmentFactory, ProgramEnrollmentFactory

BASE = "/api/program_enrollments/v1/"
METHODS = ("get", "head", "options", "post", "patch", "put", "delete")
ALL_SCOPES = ("enrollments:read", "enrollments:write", "grades:read", "imports:write")


@pytest.fixture
def school(db):
    return OrganizationFactory(key="UCDavis")


@pytest.fixture
def program(school):
    """Authored by two schools; a role on either is as good (contract section 9)."""
    return ProgramFactory(organizations=[OrganizationFactory(key="First"), school])


@pytest.fixture
def world(program):
    """A learner in a course run of the program, and another school with its own; returns the records to send."""
    course = CourseFactory()
    CourseRunFactory(course=course, key=RUN_KEY)
    curriculum = CurriculumFactory(program=program, courses=[course])
    IdentityProviderFactory(organization=program.authoring_organizations.first(), slug="ucd")
    learner = UserFactory(username="enrolled-learner")
    enrollment = ProgramEnrollmentFactory(
        user=learner, external_user_key="known", program_uuid=program.uuid, curriculum_uuid=curriculum.uuid
    )
    place = CourseEnrollmentFactory(user=learner)
    ProgramCourseEnrollmentFactory(program_enrollment=enrollment, course_enrollment=place)
    return [{"student_key": "new", "status": "enrolled", "curriculum_uuid": str(curriculum.uuid)}]


def paths(program):
    course = f"{BASE}programs/{program.uuid}/courses/{RUN_KEY}"
    return {
        "enrollments": f"{BASE}programs/{program.uuid}/enrollments/",
        "course enrollments": f"{course}/enrollments/",
        "grades": f"{course}/grades/",
        "overview": f"{BASE}programs/{program.uuid}/overview/",
        "other's runs": f"{BASE}users/enrolled-learner/programs/{program.uuid}/courses/",
        "list": f"{BASE}programs/enrollments/",
        "older list": f"{BASE}programs/readonly_access/",
        "reset": f"{BASE}integration-reset/",
    }


def by_session(user):
    client = APIClient()
    client.force_login(user)
    return client


def with_role(school, program, **role):
    user = UserFactory()
    RoleAssignmentFactory(user=user, **role)
    return by_session(user)


def as_group_member(school, role):
    user = UserFactory()
    group = Group.objects.create(name="Registrar's office")
    user.groups.add(group)
    RoleAssignmentFactory(user=None, group=group, role=role, organization_key=school.key)
    return by_session(user)


def as_application(school, *scopes, kind="jwt"):
    application = make_application(*ALL_SCOPES)
    RoleAssignmentFactory(user=application.user, role="writer", organization_key=school.key)
    client = APIClient()
    token = client.post(
        "/oauth2/access_token",
        f"grant_type=client_credentials&client_id={application.client_id}&client_secret={CLIENT_SECRET}"
        f"&token_type={kind}&scope={'%20'.join(scopes)}",
        content_type="application/x-www-form-urlencoded",
    ).json()
    assert token["scope"].split() == list(scopes)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token['access_token']}")
    return client


def as_course_staff():
    user = UserFactory()
    CourseAccessRoleFactory(user=user, course_key=RUN_KEY)
    return by_session(user)


def as_inactive(school):
    user = UserFactory()
    RoleAssignmentFactory(user=user, role="writer", organization_key=school.key)
    client = by_session(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    return client


CALLERS = {
    "anonymous": lambda school, program: APIClient(),
    "inactive": lambda school, program: as_inactive(school),
    "learner": lambda school, program: by_session(UserFactory()),
    "course staff": lambda school, program: as_course_staff(),
    "other school's writer": lambda school, program: with_role(
        school, program, role="writer", organization_key=OrganizationFactory().key
    ),
    "other program's writer": lambda school, program: with_role(
        school, program, role="writer", program_uuid=ProgramFactory(organizations=[school]).uuid
    ),
    "school's reader": lambda school, program: with_role(school, program, role="reader", organization_key=school.key),
    "school's writer": lambda school, program: with_role(school, program, role="writer", organization_key=school.key),
    "program's reader": lambda school, program: with_role(school, program, role="reader", program_uuid=program.uuid),
    "program's writer": lambda school, program: with_role(school, program, role="writer", program_uuid=program.uuid),
    "group's reader": lambda school, program: as_group_member(school, "reader"),
    "group's writer": lambda school, program: as_group_member(school, "writer"),
    "application": lambda school, program: as_application(school, *ALL_SCOPES),
    "application, opaque": lambda school, program: as_application(school, *ALL_SCOPES, kind="bearer"),
    "application, enrollments:read": lambda school, program: as_application(school, "enrollments:read"),
    "application, enrollments:write": lambda school, program: as_application(school, "enrollments:write"),
    "application, grades:read": lambda school, program: as_application(school, "grades:read"),
    "application, imports:write": lambda school, program: as_application(school, "imports:write"),
    "staff": lambda school, program: by_session(StaffFactory()),
}
REFUSED_ALWAYS = {"anonymous": 401, "inactive": 401}
NO_ROLE_HERE = {"learner", "course staff", "other school's writer", "other program's writer"}
HOLDS_NO_ROLE = {"learner", "course staff"}
READ_ENROLLMENTS = (
    set(CALLERS)
    - set(REFUSED_ALWAYS)
    - NO_ROLE_HERE
    - {
        "application, enrollments:write",
        "application, grades:read",
        "application, imports:write",
    }
)
READ_GRADES = READ_ENROLLMENTS - {"application, enrollments:read"} | {"application, grades:read"}
WRITE_ENROLLMENTS = {
    "school's writer",
    "program's writer",
    "group's writer",
    "application",
    "application, opaque",
    "application, enrollments:write",
    "staff",
}
READING = {"get", "head", "options"}
WRITING = {"post", "patch", "put"}


def expected_status(caller, endpoint, method):  # noqa: PLR0911 -- one for each rule
    """Return the status that the contract gives. Who may not ask learns nothing of what could be asked."""
    if caller in REFUSED_ALWAYS:
        return REFUSED_ALWAYS[caller]
    if endpoint in {"enrollments", "course enrollments", "grades"}:
        readers = READ_GRADES if endpoint == "grades" else READ_ENROLLMENTS
        allowed = readers if method in READING else WRITE_ENROLLMENTS
        if caller not in allowed:
            return 403
        if method in READING:
            return 200
        return 405 if method == "delete" or endpoint == "grades" else "written"
    if endpoint == "reset":
        return 403 if caller != "staff" else {"post": 501, "options": 200}.get(method, 405)
    if method not in READING:
        return 405
    if method == "options":
        return 200  # tells of the path, not of the learner
    if endpoint == "overview":
        return 403  # nobody here is enrolled
    if endpoint == "other's runs":
        return 200 if caller in READ_ENROLLMENTS else 403
    return 200


def count_rows():
    return [
        model.objects.count()
        for model in (ProgramEnrollment, ProgramCourseEnrollment, CourseEnrollment, CourseAccessRole)
    ] + [ProgramEnrollment.history.count(), ProgramCourseEnrollment.history.count()]


@pytest.mark.parametrize("caller", CALLERS)
def test_each_caller_gets_the_answers_of_the_contract(school, program, world, caller):
    client = CALLERS[caller](school, program)
    expected, seen, written = {}, {}, {}
    for endpoint, path in paths(program).items():
        body = world if endpoint == "enrollments" else [{"student_key": "known", "status": "inactive"}]
        for method in METHODS:
            before = count_rows()
            response = client.generic(method.upper(), path, **({} if method in READING else as_json(body)))
            key = f"{method.upper()} {endpoint}"
            wanted = expected_status(caller, endpoint, method)
            expected[key], seen[key] = (wanted if wanted != "written" else True), response.status_code
            if wanted == "written":
                seen[key] = response.status_code in {200, 422}  # 422: the record of the method before stands
            else:
                written[key] = count_rows() != before
                if response.status_code in {401, 403, 404} and method != "head":
                    assert set(response.json()) == {"developer_message", "error_code"}
            assert ("WWW-Authenticate" in response) == (response.status_code == 401)

    assert seen == expected
    assert {key for key, has_written in written.items() if has_written} == set()


def as_json(body):
    return {"data": json.dumps(body), "content_type": "application/json"}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("endpoint", ["enrollments", "course enrollments", "grades", "other's runs"])
def test_an_unknown_program_is_404_for_whoever_could_hold_access(school, program, world, caller, endpoint):
    client = CALLERS[caller](school, program)
    path = paths(program)[endpoint].replace(str(program.uuid), "00000000-0000-4000-8000-000000000000")

    status = client.get(path).status_code

    lacks_scope = (endpoint == "grades" and caller == "application, enrollments:read") or (
        caller in {"application, enrollments:write", "application, imports:write"}
        or (caller == "application, grades:read" and endpoint != "grades")
    )
    if caller in REFUSED_ALWAYS:
        assert status == 401
    elif caller in HOLDS_NO_ROLE or (lacks_scope and endpoint != "other's runs"):
        assert status == 403
    else:
        assert status == 404


@pytest.mark.parametrize("caller", CALLERS)
def test_programs_are_listed_for_those_who_may_read_them(school, program, world, caller):
    client = CALLERS[caller](school, program)

    response = client.get(f"{BASE}programs/readonly_access/")

    if caller in REFUSED_ALWAYS:
        assert response.status_code == 401
    else:
        listed = str(program.uuid) in {row["uuid"] for row in response.json()}
        assert listed == (caller in READ_ENROLLMENTS | {"course staff"})


def test_listings_never_show_another_schools_learners(school, program, world):
    other_program = ProgramFactory()
    ProgramEnrollmentFactory(external_user_key="elsewhere", program_uuid=other_program.uuid)
    client = CALLERS["school's writer"](school, program)

    own = client.get(paths(program)["enrollments"]).json()["results"]
    other = client.get(paths(other_program)["enrollments"])
    listed = client.get(f"{BASE}programs/readonly_access/").json()

    assert [row["student_key"] for row in own] == ["known"]
    assert other.status_code == 403
    assert [row["uuid"] for row in listed] == [str(program.uuid)]


def test_a_role_on_an_organization_counts_for_programs_that_it_authors_later(school, program):
    client = CALLERS["school's reader"](school, program)
    later = ProgramFactory(organizations=[school])

    assert client.get(paths(later)["enrollments"]).status_code == 200


def test_a_role_that_was_taken_away_is_gone_at_once(school, program):
    user = UserFactory()
    assignment = RoleAssignmentFactory(user=user, role="reader", organization_key=school.key)
    client = by_session(user)
    before = client.get(paths(program)["enrollments"]).status_code
    assignment.delete()

    assert (before, client.get(paths(program)["enrollments"]).status_code) == (200, 403)


def test_a_scope_that_was_taken_from_the_application_is_gone_at_once(school, program):
    client = CALLERS["application"](school, program)
    application = User.objects.get(username__startswith="partner-").access_application.get()
    application.allowed_scopes = ["grades:read"]
    application.save()

    response = client.get(paths(program)["enrollments"])

    assert response.status_code == 403
    assert response.json() == {
        "developer_message": "The token lacks the scope enrollments:read.",
        "error_code": "insufficient_scope",
    }


@pytest.mark.parametrize("roles", [1, 200])
@pytest.mark.parametrize("path", ["enrollments", "list"])
def test_authorization_costs_one_query_whatever_the_number_of_roles(
    school, program, django_assert_num_queries, roles, path
):
    client = CALLERS["application"](school, program)
    user = User.objects.get(username__startswith="partner-")
    for _ in range(roles - 1):
        RoleAssignmentFactory(user=user, program_uuid=ProgramFactory(type="Other").uuid)
    own_queries = {"enrollments": 2, "list": 5}[path]  # the program and the page; what 5.2 lists

    with django_assert_num_queries(1 + own_queries):
        assert client.get(paths(program)[path]).status_code == 200
