import pytest
from django.core.checks import run_checks


@pytest.mark.parametrize(("enabled", "ids"), [(True, ["program_enrollments.W001"]), (False, [])])
def test_check_deploy_warns_while_the_reset_is_enabled(settings, enabled, ids):
    settings.ENABLE_ENROLLMENT_RESET = enabled

    messages = run_checks(include_deployment_checks=True, tags=["security"])

    assert [message.id for message in messages if message.id.startswith("program_enrollments.")] == ids
