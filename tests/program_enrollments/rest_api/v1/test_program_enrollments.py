"""`programs/{program_uuid}/enrollments/` (contract sections 4, 4.1 and 5)."""

import base64
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from program_enrollments.models import ProgramEnrollment
from tests.factories.learners import IdentityFactory, UserFactory
from tests.factories.program_enrollments import ProgramEnrollmentFactory


@pytest.fixture
def enroll(program, curriculum):
    def make(**fields):
        return ProgramEnrollmentFactory(program_uuid=program.uuid, **{"curriculum_uuid": curriculum.uuid} | fields)

    return make


@pytest.fixture
def enroll_many(program):
    def make(number):
        rows = ProgramEnrollmentFactory.build_batch(number, program_uuid=program.uuid)
        ProgramEnrollment.objects.bulk_create(rows)

    return make


def student_keys(response):
    return [row["student_key"] for row in response.json()["results"]]


# Writing


def test_a_write_answers_each_learner(staff_client, enrollments_path, record):
    response = staff_client.post(enrollments_path, [record("a"), record("b", "pending")])

    assert response.status_code == 200
    assert response.json() == {"a": "enrolled", "b": "pending"}
    assert ProgramEnrollment.objects.count() == 2


@pytest.mark.parametrize("spelling", ["", "/"])
@pytest.mark.parametrize("method", ["post", "put"])
def test_both_spellings_of_the_path_take_writes(staff_client, enrollments_path, record, method, spelling):
    response = getattr(staff_client, method)(enrollments_path.removesuffix("/") + spelling, [record("a")])

    assert response.json() == {"a": "enrolled"}


def test_mixed_outcomes_are_207(staff_client, enrollments_path, record, enroll):
    enroll(external_user_key="there")

    response = staff_client.post(
        enrollments_path,
        [record("new"), record("there"), record("odd", "expelled"), record("twice"), record("twice", "ended")],
    )

    assert response.status_code == 207
    assert response.json() == {
        "new": "enrolled",
        "there": "conflict",
        "odd": "invalid-status",
        "twice": "duplicated",
    }


def test_no_success_is_422(staff_client, enrollments_path):
    response = staff_client.patch(enrollments_path, [{"student_key": "nobody", "status": "ended"}])

    assert response.status_code == 422
    assert response.json() == {"nobody": "not-in-program"}


def test_put_creates_and_updates(staff_client, enrollments_path, record, enroll):
    enroll(external_user_key="there")

    response = staff_client.put(enrollments_path, [record("there", "suspended"), record("new")])

    assert response.status_code == 200
    assert response.json() == {"there": "suspended", "new": "enrolled"}


def test_patch_needs_no_curriculum(staff_client, enrollments_path, enroll):
    enroll(external_user_key="there")

    response = staff_client.patch(enrollments_path, [{"student_key": "there", "status": "ended"}])

    assert response.json() == {"there": "ended"}


def test_an_empty_list_is_204_without_body(staff_client, enrollments_path):
    response = staff_client.post(enrollments_path, [])

    assert response.status_code == 204
    assert response.content == b""
    assert "Content-Type" not in response


def test_too_many_records_are_413_even_when_invalid(staff_client, enrollments_path):
    response = staff_client.put(enrollments_path, [{}] * 26)

    assert response.status_code == 413
    assert "26" in response.json()["developer_message"]
    assert "25" in response.json()["developer_message"]


def test_25_records_are_accepted(staff_client, enrollments_path, record):
    assert staff_client.put(enrollments_path, [record(f"k{n}") for n in range(25)]).status_code == 200


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"student_key": None}, "student_key"),
        ({"student_key": ""}, "student_key"),
        ({"student_key": " \t"}, "student_key"),
        ({"student_key": "k" * 256}, "student_key"),
        ({"student_key": "a\0b"}, "student_key"),
        ({"student_key": True}, "student_key"),
        ({"student_key": ["a"]}, "student_key"),
        ({"student_key": {}}, "student_key"),
        ({"external_user_key": "other"}, "student_key"),
        ({"status": None}, "status"),
        ({"status": ""}, "status"),
        ({"status": "  "}, "status"),
        ({"curriculum_uuid": None}, "curriculum_uuid"),
        ({"curriculum_uuid": ""}, "curriculum_uuid"),
        ({"curriculum_uuid": "no-uuid"}, "curriculum_uuid"),
        ({"curriculum_uuid": 7}, "curriculum_uuid"),
        ({"curriculum_uuid": True}, "curriculum_uuid"),
    ],
)
def test_a_malformed_record_is_named_with_its_index_and_field(staff_client, enrollments_path, record, fields, field):
    response = staff_client.put(enrollments_path, [record("fine"), record("a") | fields])

    assert response.status_code == 400
    assert response.json()["error_code"] == "invalid_request"
    (entry,) = response.json()["field_errors"]
    assert entry["index"] == 1
    assert list(entry["fields"]) == [field]
    assert not ProgramEnrollment.objects.exists()


def test_a_lone_surrogate_is_named_and_never_reaches_the_database(staff_client, enrollments_path, curriculum):
    body = f'[{{"student_key": "\\ud800", "status": "enrolled", "curriculum_uuid": "{curriculum.uuid}"}}]'

    response = staff_client.put(enrollments_path, body, content_type="application/json")

    assert response.status_code == 400
    assert list(response.json()["field_errors"][0]["fields"]) == ["student_key"]


@pytest.mark.parametrize("missing", ["student_key", "status", "curriculum_uuid"])
def test_missing_fields_are_named(staff_client, enrollments_path, record, missing):
    incomplete = record("a")
    del incomplete[missing]

    response = staff_client.post(enrollments_path, [incomplete])

    assert response.status_code == 400
    assert response.json()["field_errors"] == [{"index": 0, "fields": {missing: ["This field is required."]}}]


def test_patch_with_a_curriculum_that_is_no_uuid_is_400(staff_client, enrollments_path, enroll):
    enroll(external_user_key="a")

    response = staff_client.patch(
        enrollments_path, [{"student_key": "a", "status": "ended", "curriculum_uuid": "no-uuid"}]
    )

    assert response.status_code == 400


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"student_key": None, "external_user_key": "alias"}, "alias"),
        ({"student_key": "same", "external_user_key": " same "}, "same"),
        ({"student_key": "  trimmed\n"}, "trimmed"),
        ({"student_key": 42}, "42"),
        ({"student_key": 42, "external_user_key": "42"}, "42"),
        ({"student_key": "Kéy/ключ:1"}, "Kéy/ключ:1"),
        ({"student_key": "k" * 255}, "k" * 255),
        ({"unknown": {"nested": []}, "student_key": "a"}, "a"),
    ],
)
def test_spellings_of_a_key_are_understood(staff_client, enrollments_path, record, fields, key):
    response = staff_client.put(enrollments_path, [record("x") | fields])

    assert response.json() == {key: "enrolled"}


@pytest.mark.parametrize("status", [1, True, ["enrolled"], {"a": 1}, "Enrolled", "\0"])
def test_a_status_that_is_none_is_that_learners_failure(staff_client, enrollments_path, record, status):
    response = staff_client.put(enrollments_path, [record("a", status), record("b")])

    assert response.status_code == 207
    assert response.json() == {"a": "invalid-status", "b": "enrolled"}


def test_learners_are_listed_in_the_order_in_which_they_were_sent(
    staff_client, enrollments_path, record, identity_provider
):
    for key in "ca":
        IdentityFactory(identity_provider=identity_provider, student_key=key)

    staff_client.post(enrollments_path, [record(key) for key in "abcd"])

    assert student_keys(staff_client.get(enrollments_path)) == ["a", "b", "c", "d"]


def test_a_learner_with_an_account_is_linked(staff_client, enrollments_path, record, identity_provider):
    IdentityFactory(identity_provider=identity_provider, student_key="a")

    staff_client.post(enrollments_path, [record("a")])

    assert ProgramEnrollment.objects.get().user is not None


def test_an_unknown_curriculum_is_400_where_the_site_requires_known_ones(
    staff_client, enrollments_path, record, settings
):
    settings.PROGRAM_ENROLLMENTS_REQUIRE_KNOWN_CURRICULUM = True

    response = staff_client.post(enrollments_path, [record("a"), record("b", curriculum_uuid=str(uuid4()))])

    assert response.status_code == 400
    assert response.json()["error_code"] == "unknown_curriculum"
    assert [entry["index"] for entry in response.json()["field_errors"]] == [1]
    assert not ProgramEnrollment.objects.exists()


def test_history_says_who_wrote_and_how(staff_client, staff, enrollments_path, record):
    staff_client.put(enrollments_path, [record("a")])

    (entry,) = ProgramEnrollment.history.all()
    assert entry.history_user_id == staff.pk
    assert entry.history_change_reason == "API PUT"


@pytest.mark.parametrize("method", ["post", "put"])
def test_a_write_costs_the_same_for_any_number_of_records(
    staff_client, enrollments_path, record, method, identity_provider
):
    counts = []
    for size in (1, 25):
        with CaptureQueriesContext(connection) as queries:
            getattr(staff_client, method)(enrollments_path, [record(f"{method}{size}-{n}") for n in range(size)])
        counts.append(len(queries))

    assert counts == [4, 4]


# Reading


def test_rows_tell_who_is_enrolled(staff_client, enrollments_path, enroll, curriculum):
    enroll(external_user_key="waiting", status="pending")
    enroll(external_user_key="linked", user=UserFactory(username="ann", email="ann@example.edu"))
    ProgramEnrollmentFactory(external_user_key="of another program")

    response = staff_client.get(enrollments_path)

    assert response.status_code == 200
    assert response.json() == {
        "next": None,
        "previous": None,
        "results": [
            {
                "student_key": "waiting",
                "status": "pending",
                "account_exists": False,
                "curriculum_uuid": str(curriculum.uuid),
                "username": "",
                "email": "",
            },
            {
                "student_key": "linked",
                "status": "enrolled",
                "account_exists": True,
                "curriculum_uuid": str(curriculum.uuid),
                "username": "ann",
                "email": "ann@example.edu",
            },
        ],
    }


def test_pages_lead_forth_and_back_in_order_of_id(staff_client, enrollments_path, enroll):
    for n in range(5):
        enroll(external_user_key=f"k{n}")

    first = staff_client.get(enrollments_path, {"page_size": 2, "status": "enrolled"})
    second = staff_client.get(first.json()["next"])
    third = staff_client.get(second.json()["next"])
    back = staff_client.get(third.json()["previous"])

    assert [student_keys(page) for page in (first, second, third)] == [["k0", "k1"], ["k2", "k3"], ["k4"]]
    assert first.json()["previous"] is None
    assert third.json()["next"] is None
    assert student_keys(back) == ["k2", "k3"]
    assert "status=enrolled" in first.json()["next"]


@pytest.mark.parametrize("page_size", ["0", "-1", "x", "", "1.5", "9" * 5000])
def test_a_bad_page_size_is_as_if_it_were_absent(staff_client, enrollments_path, enroll_many, page_size):
    enroll_many(101)

    response = staff_client.get(enrollments_path, {"page_size": page_size})

    assert len(response.json()["results"]) == 100


def test_a_page_has_at_most_1000_rows(staff_client, enrollments_path, enroll_many):
    enroll_many(1001)

    response = staff_client.get(enrollments_path, {"page_size": 5000})

    assert len(response.json()["results"]) == 1000


@pytest.mark.parametrize(
    "cursor",
    [
        "garbage",
        "\xff",
        *(
            base64.b64encode(text.encode()).decode()
            for text in ("p=x", "p=-1", "p=", "o=5", "o=99999999999&p=1", "r=x&p=1", "p=" + "9" * 19, "p=" + "9" * 5000)
        ),
    ],
)
def test_a_bad_cursor_is_404(staff_client, enrollments_path, cursor):
    response = staff_client.get(enrollments_path, {"cursor": cursor})

    assert response.status_code == 404
    assert response.json() == {"developer_message": "Invalid cursor", "error_code": "not_found"}


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("student_key=a", ["a"]),
        ("student_key=a&student_key=c&student_key=unknown", ["a", "c"]),
        ("status=pending", ["b"]),
        ("status=pending&status=ended", ["b", "c"]),
        ("account_exists=true", ["c"]),
        ("account_exists=false", ["a", "b"]),
        ("curriculum_uuid=0e7bd7ff-3f8f-4d7e-8b1f-6a1c3d1e9f00", ["b"]),
        ("modified_since=2026-11-02", ["b", "c"]),
        ("modified_since=2026-11-02T00:00:00Z", ["b", "c"]),
        ("modified_since=2026-11-02T01:00:00+01:00", ["b", "c"]),
        ("modified_since=2026-11-02T01:00:00%2B01:00", ["b", "c"]),
        ("modified_since=2026-11-02T00:00:01Z", ["c"]),
        ("status=enrolled&account_exists=true", []),
        ("unknown=1", ["a", "b", "c"]),
    ],
)
def test_filters_narrow_the_listing(staff_client, enrollments_path, enroll, query, keys):
    with time_machine.travel(datetime(2026, 11, 1, tzinfo=UTC), tick=False):
        enroll(external_user_key="a")
    with time_machine.travel(datetime(2026, 11, 2, tzinfo=UTC), tick=False):
        enroll(external_user_key="b", status="pending", curriculum_uuid="0e7bd7ff-3f8f-4d7e-8b1f-6a1c3d1e9f00")
    with time_machine.travel(datetime(2026, 11, 3, tzinfo=UTC), tick=False):
        enroll(external_user_key="c", status="ended", user=UserFactory())

    assert student_keys(staff_client.get(f"{enrollments_path}?{query}")) == keys


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("student_key", "%00"),
        ("student_key", ""),
        ("status", "active"),
        ("status", ""),
        ("modified_since", "yesterday"),
        ("modified_since", "0001-01-01T00:00:00%2B23:59"),
        ("curriculum_uuid", "no-uuid"),
        ("account_exists", "perhaps"),
    ],
)
def test_an_invalid_filter_is_400_and_named(staff_client, enrollments_path, name, value):
    response = staff_client.get(f"{enrollments_path}?{name}={value}")

    assert response.status_code == 400
    assert response.json()["error_code"] == "invalid_parameter"
    assert name in response.json()["developer_message"]


@pytest.mark.parametrize("size", [1, 5])
def test_a_page_costs_the_same_for_any_number_of_rows(
    staff_client, enrollments_path, enroll, django_assert_num_queries, size
):
    for _ in range(size):
        enroll(user=UserFactory())

    with django_assert_num_queries(2):  # the program, the enrollments with their accounts
        staff_client.get(enrollments_path)
