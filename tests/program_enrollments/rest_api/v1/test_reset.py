"""`integration-reset/` (contract section 5.4)."""

import pytest

from learners.models import User
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.catalog import OrganizationFactory, ProgramFactory
from tests.factories.learners import IdentityFactory
from tests.factories.program_enrollments import ProgramCourseEnrollmentFactory, ProgramEnrollmentFactory

PATH = "/api/program_enrollments/v1/integration-reset/"


@pytest.fixture
def _enabled(settings):
    settings.ENABLE_ENROLLMENT_RESET = True


@pytest.mark.parametrize(("client", "status"), [("anonymous_client", 401), ("learner_client", 403)])
@pytest.mark.usefixtures("_enabled")
def test_only_staff_may_reset(request, client, status):
    assert request.getfixturevalue(client).post(PATH, {}).status_code == status


@pytest.mark.parametrize(
    ("client", "status"), [("anonymous_client", 401), ("learner_client", 403), ("staff_client", 501)]
)
def test_staff_learn_that_it_is_switched_off_before_the_body_is_read(request, client, status):
    response = request.getfixturevalue(client).post(PATH, b"{", content_type="application/json")

    assert response.status_code == status


@pytest.mark.usefixtures("_enabled")
def test_an_organization_is_wiped(staff_client, staff, program, identity_provider):
    learner = IdentityFactory(identity_provider=identity_provider).user
    IdentityFactory(identity_provider=identity_provider, user=staff)
    enrollment = ProgramEnrollmentFactory(program_uuid=program.uuid, user=learner)
    ProgramCourseEnrollmentFactory(program_enrollment=enrollment)
    other = ProgramEnrollmentFactory(program_uuid=ProgramFactory().uuid)

    response = staff_client.post(PATH.removesuffix("/"), {"organization": "UCDavis"})

    assert response.status_code == 200
    assert response.json() == "success"
    assert list(ProgramEnrollment.objects.all()) == [other]
    assert not ProgramCourseEnrollment.objects.exists()
    assert not ProgramEnrollment.history.filter(program_uuid=program.uuid).exists()
    assert list(User.objects.all()) == [staff]


@pytest.mark.usefixtures("_enabled")
def test_only_the_named_programs_are_wiped(staff_client, school, program):
    kept = ProgramEnrollmentFactory(program_uuid=ProgramFactory(organizations=[school]).uuid)
    ProgramEnrollmentFactory(program_uuid=program.uuid)

    staff_client.post(PATH, {"organization": "UCDavis", "programs": [str(program.uuid)]})

    assert list(ProgramEnrollment.objects.all()) == [kept]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid_request"),
        ([], 400, "invalid_request"),
        ({"organization": ""}, 400, "invalid_request"),
        ({"organization": None}, 400, "invalid_request"),
        ({"organization": "a\0"}, 400, "invalid_request"),
        ({"organization": ["UCDavis"]}, 400, "invalid_request"),
        ({"organization": "UCDavis", "programs": []}, 400, "invalid_request"),
        ({"organization": "UCDavis", "programs": None}, 400, "invalid_request"),
        ({"organization": "UCDavis", "programs": ["no-uuid"]}, 400, "invalid_request"),
        ({"organization": "UCDavis", "programs": "all"}, 400, "invalid_request"),
        ({"organization": "Nowhere"}, 404, "organization_does_not_exist"),
        (
            {"organization": "UCDavis", "programs": ["0e7bd7ff-3f8f-4d7e-8b1f-6a1c3d1e9f00"]},
            404,
            "program_does_not_exist",
        ),
    ],
)
@pytest.mark.usefixtures("_enabled")
def test_a_body_that_names_nothing_is_refused(staff_client, program, body, status, code):
    ProgramEnrollmentFactory(program_uuid=program.uuid)

    response = staff_client.post(PATH, body)

    assert response.status_code == status
    assert response.json()["error_code"] == code
    assert ProgramEnrollment.objects.exists()


@pytest.mark.usefixtures("_enabled")
def test_what_is_wrong_with_the_body_is_told_by_its_field(staff_client):
    response = staff_client.post(PATH, {})

    assert response.json()["developer_message"] == "The request body is invalid: organization: This field is required."


@pytest.mark.usefixtures("_enabled")
def test_a_program_of_another_organization_is_refused(staff_client, program):
    OrganizationFactory(key="Other")
    ProgramEnrollmentFactory(program_uuid=program.uuid)

    response = staff_client.post(PATH, {"organization": "Other", "programs": [str(program.uuid)]})

    assert response.status_code == 400
    assert response.json()["error_code"] == "program_of_another_organization"
    assert ProgramEnrollment.objects.exists()


@pytest.mark.usefixtures("_enabled")
def test_a_reset_is_logged_with_who_asked(staff_client, staff, program, caplog):
    staff_client.post(PATH, {"organization": "UCDavis"})

    assert f"User {staff.pk} reset organization UCDavis" in caplog.text
