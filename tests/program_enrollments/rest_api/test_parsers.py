"""Bodies that are not what they should be (contract sections 3 and 4): always a 4xx, nothing written."""

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from program_enrollments.models import ProgramEnrollment
from tests.factories.learners import StaffFactory

JSON = "application/json"
CURRICULUM = '"curriculum_uuid": "3b0e8b07-8b44-4b41-9b39-95b6a9c5a4a1"'


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_request"),
        (b"{", 400, "parse_error"),
        (b"\xff[]", 400, "parse_error"),
        ('["é"]'.encode("utf-16"), 400, "parse_error"),
        (b"[NaN]", 400, "parse_error"),
        (b"[-Infinity]", 400, "parse_error"),
        (b"[1e999999999999999999999]", 400, "parse_error"),
        (b"[" + b"9" * 5000 + b"]", 400, "parse_error"),
        (b"[" * 200_000, 400, "parse_error"),
        (b"[" * 900 + b"]" * 900, 400, "parse_error"),
        (b'[{"student_key": ' + b"[" * 900 + b"]" * 900 + b"}]", 400, "parse_error"),
        (b" " * 1_000_001, 413, "request_too_large"),
        (b'"a list?"', 400, "invalid_request"),
        (b"{}", 400, "invalid_request"),
        (b"null", 400, "invalid_request"),
        (b"[null]", 400, "invalid_request"),
    ],
)
def test_a_body_that_is_no_list_of_records_is_refused(staff_client, enrollments_path, body, status, code):
    response = staff_client.post(enrollments_path, body, content_type=JSON)

    assert response.status_code == status
    assert response.json()["error_code"] == code


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_other_media_types_are_refused(staff_client, enrollments_path, content_type):
    response = staff_client.post(enrollments_path, b"[]", content_type=content_type)

    assert response.status_code == 415
    assert response.json()["error_code"] == "unsupported_media_type"


def test_a_body_in_chunks_is_refused_with_a_reason(staff_client, enrollments_path):
    response = staff_client.post(enrollments_path, b"", content_type=JSON, headers={"Transfer-Encoding": "chunked"})

    assert response.status_code == 411
    assert response.json()["error_code"] == "length_required"


def test_a_byte_order_mark_is_tolerated(staff_client, enrollments_path, record):
    body = b"\xef\xbb\xbf" + json.dumps([record("a")]).encode()

    assert staff_client.post(enrollments_path, body, content_type=JSON).json() == {"a": "enrolled"}


@pytest.mark.parametrize(
    ("number", "key"),
    [("12345678901234567890123", "12345678901234567890123"), ("1.50", "1.50"), ("-7", "-7"), ("0.10", "0.10")],
)
def test_a_number_as_key_keeps_its_digits(staff_client, enrollments_path, number, key):
    body = f'[{{"student_key": {number}, "status": "enrolled", {CURRICULUM}}}]'

    response = staff_client.put(enrollments_path, body, content_type=JSON)

    assert response.json() == {key: "enrolled"}


words = st.sampled_from(["student_key", "external_user_key", "status", "curriculum_uuid", "course_staff", "enrolled"])
texts = st.text(alphabet=st.characters(codec=None), max_size=8) | words
numbers = st.integers() | st.decimals(allow_nan=False, allow_infinity=False).map(float)
leaves = st.none() | st.booleans() | numbers | texts | st.just("3b0e8b07-8b44-4b41-9b39-95b6a9c5a4a1")
anything = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))
near_records = st.fixed_dictionaries(
    {},
    optional={
        "student_key": leaves,
        "external_user_key": leaves,
        "status": leaves | st.sampled_from(["enrolled", "active", "inactive"]),
        "curriculum_uuid": leaves | st.just("3b0e8b07-8b44-4b41-9b39-95b6a9c5a4a1"),
        "course_staff": leaves,
    },
)
bodies = (
    (anything | st.lists(near_records, max_size=27)).map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=40)
    | st.text(alphabet='[]{}",:0.e\\u-nul', max_size=40).map(str.encode)
)


@pytest.mark.parametrize("endpoint", ["program", "course"])
def test_no_body_makes_the_service_fail(enrollments_path, course_enrollments_path, endpoint):
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(StaffFactory())
    path = {"program": enrollments_path, "course": course_enrollments_path}[endpoint]

    @settings(max_examples=200, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(["post", "patch", "put"]), bodies)
    def send(method, body):
        response = getattr(client, method)(path, body, content_type=JSON)
        assert response.status_code in {200, 204, 207, 400, 413, 422}

    send()


def test_nothing_is_written_when_one_record_of_many_is_malformed(staff_client, enrollments_path, record):
    response = staff_client.post(enrollments_path, [record("a"), record("b", status=None)])

    assert response.status_code == 400
    assert not ProgramEnrollment.objects.exists()


def test_decimals_reach_serializers_undamaged(staff_client, enrollments_path):
    body = f'[{{"student_key": 0.{"1" * 30}, "status": "enrolled", {CURRICULUM}}}]'

    response = staff_client.put(enrollments_path, body, content_type=JSON)

    assert response.json() == {str(Decimal(f"0.{'1' * 30}")): "enrolled"}
