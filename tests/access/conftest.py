"""Programs, partner applications, and the keys of issuers."""

from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.cache import cache

from tests.factories.access import CLIENT_SECRET, make_application
from tests.factories.catalog import OrganizationFactory, ProgramFactory

ALL_SCOPES = ("enrollments:read", "enrollments:write", "grades:read", "imports:write")


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


@pytest.fixture(scope="session")
def private_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def other_private_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def organization(db):
    return OrganizationFactory(key="UCDavis")


@pytest.fixture
def program(organization):
    return ProgramFactory(organizations=[organization])


@pytest.fixture
def application(db):
    return make_application(*ALL_SCOPES)


@pytest.fixture
def ask_for_token(anonymous_client):
    """Asks the token endpoint with a form."""

    def ask(path="/oauth2/access_token", headers=None, **form):
        return anonymous_client.post(
            path, urlencode(form), content_type="application/x-www-form-urlencoded", headers=headers
        )

    return ask


@pytest.fixture
def get_token(ask_for_token):
    """Returns an access token of an application."""

    def get(application, **form):
        answer = ask_for_token(
            grant_type="client_credentials",
            client_id=application.client_id,
            client_secret=CLIENT_SECRET,
            **form,
        )
        assert answer.status_code == 200, answer.content
        return answer.json()["access_token"]

    return get
