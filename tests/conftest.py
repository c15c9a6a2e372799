"""Fixtures that any test may use."""

import json
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.cache import caches
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from rest_framework.test import APIClient

from catalog.backends.database import get_program_in_second
from limits.tallies import forget_tallies
from tests.factories.access import RoleAssignmentFactory
from tests.factories.learners import StaffFactory, UserFactory
from tests.factories.program_enrollments import ProgramEnrollmentFactory
from tests.log_guard import guarded_log_lines
from tests.own_database import OwnDatabase


@pytest.fixture(autouse=True)
def _database(db):
    """Nearly every behaviour of the service is about rows."""


@pytest.fixture(autouse=True)
def _private_log_lines():
    """No line that any test causes may name a learner."""
    with guarded_log_lines() as guard:
        yield
    assert guard.find_names() == []


@pytest.fixture(autouse=True)
def _requests_counted_in_memory(settings):
    """As with a shared cache, so that a request's queries are its own; counting in the database has its own tests."""
    in_memory = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    settings.CACHES = {name: {**in_memory, "LOCATION": name} for name in ("default", "requests")}
    settings.REQUEST_COUNTER = "limits.counting.CacheCounter"
    for name in settings.CACHES:
        caches[name].clear()
    forget_tallies()


@pytest.fixture(autouse=True)
def _no_program_remembered(monkeypatch):
    """So that a request's queries do not depend on the clock; remembering has its own tests."""
    remembers_none = lru_cache(maxsize=0)(get_program_in_second.__wrapped__)
    monkeypatch.setattr("catalog.backends.database.get_program_in_second", remembers_none)


@pytest.fixture(autouse=True)
def _no_content_type_remembered():
    """So that a request's queries do not depend on the tests before."""
    ContentType.objects.clear_cache()


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    """Checking one takes a third of a second by design."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


@pytest.fixture(scope="session")
def schema():
    """The OpenAPI description, which takes most of a second to make."""
    return json.loads(OpenApiJsonRenderer().render(SchemaGenerator().get_schema(public=True)))


@pytest.fixture
def own_database():
    # Not below `tmp_path`, to which only the user of the tests has access.
    with TemporaryDirectory() as folder:
        database = OwnDatabase(Path(folder))
        try:
            yield database
        finally:
            database.remove()


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


@pytest.fixture
def make_client(program):
    """Makes a client of an account (`client.user`) that holds a role on the program."""

    def make(role, **fields):
        user = UserFactory(**fields)
        RoleAssignmentFactory(user=user, role=role, program_uuid=program.uuid)
        client = APIClient()
        client.force_authenticate(user)
        client.user = user
        return client

    return make


@pytest.fixture
def enroll(curriculum):
    def enroll(student_key, status="enrolled", **fields):
        return ProgramEnrollmentFactory(
            external_user_key=student_key,
            status=status,
            **{"program_uuid": curriculum.program.uuid, "curriculum_uuid": curriculum.uuid, **fields},
        )

    return enroll
