"""Fixtures that any test may use."""

import pytest
from rest_framework.test import APIClient

from tests.factories.learners import StaffFactory, UserFactory


@pytest.fixture(autouse=True)
def _database(db):
    """Nearly every behaviour of the service is about rows."""


@pytest.fixture
def staff(db):
    return StaffFactory(username="staff")


@pytest.fixture
def learner(db):
    return UserFactory(username="learner")


@pytest.fixture
def anonymous_client():
    return APIClient()


@pytest.fixture
def staff_client(staff):
    client = APIClient()
    client.force_authenticate(staff)
    return client


@pytest.fixture
def learner_client(learner):
    client = APIClient()
    client.force_authenticate(learner)
    return client
