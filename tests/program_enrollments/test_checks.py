import pytest
from django.core.checks import run_checks


@pytest.mark.parametrize(
    ("template", "ids"),
    [
        ("/courses/{course_id}/home", []),
        ("https://learn.example/{course_id}/{", []),
        ("/courses/{course_key}/home", ["program_enrollments.E001"]),
        ("", ["program_enrollments.E001"]),
    ],
)
def test_the_service_does_not_start_where_all_course_runs_have_one_address(settings, template, ids):
    settings.COURSE_HOME_URL_TEMPLATE = template

    assert [message.id for message in run_checks() if message.id.startswith("program_enrollments.E")] == ids


@pytest.mark.parametrize(("enabled", "ids"), [(True, ["program_enrollments.W001"]), (False, [])])
def test_check_deploy_warns_while_the_reset_is_enabled(settings, enabled, ids):
    settings.ENABLE_ENROLLMENT_RESET = enabled

    messages = run_checks(include_deployment_checks=True, tags=["security"])

    assert [message.id for message in messages if message.id.startswith("program_enrollments.")] == ids
