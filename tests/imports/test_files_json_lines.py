import json

import pytest

from tests.imports.test_files import open_bytes, read, rejects


def line(**members) -> bytes:
    return json.dumps(members).encode() + b"\n"


def keys(data: bytes, **options):
    return [row.values["student_key"] for row in read(data, **options)]


@pytest.mark.parametrize(
    "options",
    [
        {"content_type": "application/x-ndjson; charset=utf-8"},
        {"file_name": "Roster.NDJSON"},
        {"file_name": "r.jsonl.gz"},
    ],
)
def test_a_file_is_ndjson_when_its_type_or_name_says_so(options):
    data = b"student_key,status\na1,enrolled\n"

    assert rejects(data, **options) == [(1, ("invalid_json", None)), (2, ("invalid_json", None))]


def test_a_file_is_ndjson_when_it_begins_with_a_brace():
    assert keys(b"\n  " + line(student_key="a1", status="enrolled"), content_type="text/csv") == ["a1"]


def test_numbers_are_keys_as_their_digits():
    data = b'{"student_key": %s, "status": "enrolled"}\n'

    assert keys(data % b"12345678901234567890" + data % b"1.50" + data % b"-0.1") == [
        "12345678901234567890",
        "1.50",
        "-0.1",
    ]


def test_true_and_false_are_understood_for_course_staff():
    data = b"".join(line(course_id="c", student_key="a", status="active", course_staff=s) for s in (True, False, None))

    assert [row.values["course_staff"] for row in read(data, kind="course_enrollments")] == ["true", "false", ""]


def test_key_and_alias_may_both_be_there_when_they_are_equal():
    assert keys(line(student_key=7, external_user_key=" 7", status="enrolled")) == ["7"]
    assert keys(line(student_key=None, external_user_key="7", status="enrolled")) == ["7"]


def test_a_leading_apostrophe_stays_in_a_file_that_no_spreadsheet_wrote():
    assert keys(line(student_key="'=1", status="enrolled")) == ["'=1"]


def test_a_status_that_is_no_text_is_left_for_the_plan_to_judge():
    records = [b'{"student_key": "a", "status": %s}\n' % status for status in (b"true", b"3", b"[[]]", b'{"a": 1}')]
    data = b"".join(records)

    assert [row.reject for row in read(data)] == [None] * 4
    assert [row.values["status"] for row in read(data)] == ["True", "3", "[…]", "{…}"]


def test_unknown_members_are_named_once_the_rows_are_read():
    roster = open_bytes(line(student_key="a", status="enrolled", name="Ann") * 2 + line(email="x"))

    list(roster)

    assert set(roster.notes.unknown_columns) == {"name", "email"}


def test_names_of_unknown_members_are_made_printable():
    roster = open_bytes(b'{"a\\u0000\\ud800": 1}')

    list(roster)

    assert roster.notes.unknown_columns == ("a\ufffd\ufffd",)


def test_the_line_as_sent_is_kept_for_the_rejects():
    roster = open_bytes(b'{"student_key": "a1"} \r\n')

    assert (roster.header, next(iter(roster)).cells) == (("record",), ('{"student_key": "a1"} ',))


@pytest.mark.parametrize(
    ("record", "code", "column"),
    [
        (b'{"student_key": "a1", "status": "enrolled"', "invalid_json", None),
        (b'{"student_key": "a1"} {"student_key": "b1"}', "invalid_json", None),
        (b'{"student_key": NaN, "status": "enrolled"}', "invalid_json", None),
        (b'{"student_key": 1e99999999999999999999, "status": "enrolled"}', "invalid_json", None),
        (b'{"student_key": ' + b"9" * 5_000 + b', "status": "enrolled"}', "invalid_json", None),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "invalid_json", None),
        (b'["a1", "enrolled"]', "not_an_object", None),
        (b'"a1"', "not_an_object", None),
        (b'{"student_key": "a1", "student_key": "b2", "status": "enrolled"}', "duplicate_member", None),
        (b'{"student_key": "a1", "external_user_key": "b2", "status": "enrolled"}', "conflicting_keys", "student_key"),
        (b'{"status": "enrolled"}', "missing_value", "student_key"),
        (b'{"student_key": null, "status": "enrolled"}', "missing_value", "student_key"),
        (b'{"student_key": "a1", "status": null}', "missing_value", "status"),
        (b'{"student_key": true, "status": "enrolled"}', "invalid_value", "student_key"),
        (b'{"student_key": ["a1"], "status": "enrolled"}', "invalid_value", "student_key"),
        (b'{"student_key": "a\\n1", "status": "enrolled"}', "line_break", "student_key"),
        (b'{"student_key": "a1\\n", "status": "enrolled"}', "line_break", "student_key"),
        (b'{"student_key": "a\\u00001", "status": "enrolled"}', "nul_character", "student_key"),
        (b'{"student_key": "a\\ud8001", "status": "enrolled"}', "lone_surrogate", "student_key"),
        (b'{"student_key": "a1", "status": "x\\udc00"}', "lone_surrogate", "status"),
        (b'{"student_key": "a1", "status": "enrolled", "curriculum_uuid": 12}', "invalid_value", "curriculum_uuid"),
        (b'{"student_key": "a1", "status": "enrolled", "curriculum_uuid": "12"}', "invalid_uuid", "curriculum_uuid"),
    ],
)
def test_a_line_is_rejected_when_it_is_no_record_and_the_others_stand(record, code, column):
    good = line(student_key="a0", status="enrolled")

    assert rejects(good + record + b"\n" + good) == [(1, None), (2, (code, column)), (3, None)]


def test_a_bad_line_is_told_with_the_place_in_it():
    reject = read(b'{"student_key": oops}\n')[0].reject

    assert "at character 17" in reject.message
