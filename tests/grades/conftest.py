import pytest

from tests.grades.fake_lms import fake_lms


@pytest.fixture
def lms(settings):
    with fake_lms() as running:
        settings.LMS_BASE_URL = running.url
        yield running
