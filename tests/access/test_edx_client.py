"""The client library that services of Open edX are built on works unchanged, against a running server."""

import pytest
from edx_django_utils.cache import TieredCache
from edx_rest_api_client.client import OAuthAPIClient

from tests.factories.access import CLIENT_SECRET, RoleAssignmentFactory, make_application
from tests.factories.catalog import CurriculumFactory, ProgramFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning"),
]


@pytest.fixture
def curriculum(db):
    return CurriculumFactory(program=ProgramFactory())


@pytest.fixture
def client(live_server, curriculum):
    application = make_application("enrollments:read", "enrollments:write")
    RoleAssignmentFactory(user=application.user, role="writer", program_uuid=curriculum.program.uuid)
    with OAuthAPIClient(live_server.url, application.client_id, CLIENT_SECRET) as client:
        client.trust_env = False
        TieredCache.dangerous_clear_all_tiers()
        yield client


@pytest.fixture
def url(live_server, curriculum):
    return f"{live_server.url}/api/program_enrollments/v1/programs/{curriculum.program.uuid}/enrollments/"


def test_the_client_writes_and_reads_all_pages(client, url, curriculum):
    records = [
        {"student_key": f"key-{n}", "status": "enrolled", "curriculum_uuid": str(curriculum.uuid)} for n in range(5)
    ]

    written = client.put(url, json=records)
    pages, next_url = [], f"{url}?page_size=2"
    while next_url:
        page = client.get(next_url).json()
        pages.append([row["student_key"] for row in page["results"]])
        next_url = page["next"]

    assert (written.status_code, written.json()) == (200, {f"key-{n}": "enrolled" for n in range(5)})
    assert pages == [["key-0", "key-1"], ["key-2", "key-3"], ["key-4"]]


def test_the_client_sees_which_records_failed(client, url, curriculum):
    records = [
        {"student_key": "good", "status": "enrolled", "curriculum_uuid": str(curriculum.uuid)},
        {"student_key": "bad", "status": "flying", "curriculum_uuid": str(curriculum.uuid)},
    ]

    written = client.put(url, json=records)

    assert (written.status_code, written.json()) == (207, {"good": "enrolled", "bad": "invalid-status"})


def test_the_client_asks_for_a_token_once(client, url):
    tokens = set()
    for _ in range(3):
        client.get(url).raise_for_status()
        tokens.add(client.auth.token)

    assert len(tokens) == 1
