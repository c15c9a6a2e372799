import csv
import gzip
import io
import tracemalloc
import zipfile

import pytest

from imports.files import FileRefused, open_roster

UUID_TEXT = "2a3b6c1e-7d2f-4a57-9c52-0c5f5d0c1b11"


def open_bytes(data: bytes, *, kind="program_enrollments", **options):
    return open_roster(io.BytesIO(data), kind=kind, **options)


def read(data: bytes, **options):
    return list(open_bytes(data, **options))


def pairs(data: bytes, **options):
    rows = read(data, **options)
    assert [row.reject for row in rows] == [None] * len(rows)
    return [(row.values["student_key"], row.values["status"]) for row in rows]


def rejects(data: bytes, **options):
    return [(row.line, row.reject and (row.reject.code, row.reject.column)) for row in read(data, **options)]


def refusal(data: bytes, **options) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        read(data, **options)
    return refused.value


TWO_ROWS = [("a1", "enrolled"), ("b2", "pending")]


@pytest.mark.parametrize(
    ("data", "encoding", "delimiter"),
    [
        pytest.param(b"student_key,status\na1,enrolled\nb2,pending\n", "utf-8", ",", id="plain"),
        pytest.param(b"student_key,status\na1,enrolled\nb2,pending", "utf-8", ",", id="no break at the end"),
        pytest.param(
            b"\xef\xbb\xbfstudent_key,status\r\na1,enrolled\r\nb2,pending\r\n", "utf-8-sig", ",", id="Excel CSV UTF-8"
        ),
        pytest.param(
            b"student_key;status\r\na1;enrolled\r\nb2;pending\r\n", "utf-8", ";", id="Excel of most of Europe"
        ),
        pytest.param(b"student_key\tstatus\ra1\tenrolled\rb2\tpending\r", "utf-8", "\t", id="Excel of the old Mac"),
        pytest.param(
            "student_key\tstatus\r\na1\tenrolled\r\nb2\tpending\r\n".encode("utf-16"),
            "utf-16",
            "\t",
            id="Excel Unicode text",
        ),
        pytest.param(
            b"\xfe\xff" + "student_key,status\na1,enrolled\nb2,pending\n".encode("utf-16-be"),
            "utf-16",
            ",",
            id="UTF-16 with the high byte first",
        ),
        pytest.param(b"student_key,status\r\r\na1,enrolled\r\r\nb2,pending\r\r\n", "utf-8", ",", id="CR CR LF"),
        pytest.param(b"student_key,status\na1,enrolled\r\r\nb2,pending\r\r\n", "utf-8", ",", id="CR CR LF beneath LF"),
        pytest.param(b"student_key,status\na1,enrolled\r\nb2,pending\n", "utf-8", ",", id="LF and CRLF"),
        pytest.param(b" Student_Key , STATUS\n a1 ,enrolled \nb2,\tpending\n", "utf-8", ",", id="spaces and case"),
        pytest.param(
            'student_key;status\na1\u00a0;enrolled\n"b2" ; "pending"\n'.encode(), "utf-8", ";", id="hard spaces"
        ),
        pytest.param(b"\n\n,,\nstudent_key,status\n\na1,enrolled\n , \nb2,pending\n\n", "utf-8", ",", id="empty lines"),
        pytest.param(b"external_user_key,status\na1,enrolled\nb2,pending\n", "utf-8", ",", id="alias"),
        pytest.param(
            b'"status","student_key"\n"enrolled","a1"\n"pending","b2"\n', "utf-8", ",", id="quoted, other order"
        ),
        pytest.param(
            b'"student_key";"status"\n"a1";"enrolled"\n"b2";"pending"\n', "utf-8", ";", id="quoted semicolons"
        ),
        pytest.param(
            b'"a, b, c, d";student_key;status\n"1, 2";a1;enrolled\n;b2;pending\n',
            "utf-8",
            ";",
            id="commas within quotes",
        ),
        pytest.param(b"student_key,status,,\na1,enrolled,,\nb2,pending,,,,\n", "utf-8", ",", id="trailing separators"),
        pytest.param(
            gzip.compress(b"student_key,status\na1,enrolled\n") + gzip.compress(b"b2,pending\n"),
            "utf-8",
            ",",
            id="gzip",
        ),
        pytest.param(
            b'{"student_key": "a1", "status": "enrolled"}\r\n\r\n{"external_user_key": " b2 ", "status": "pending"}',
            "utf-8",
            None,
            id="NDJSON",
        ),
    ],
)
def test_a_file_is_read_as_meant_when_it_is_of_a_kind_that_schools_send(data, encoding, delimiter):
    roster = open_bytes(data)

    assert pairs(data) == TWO_ROWS
    assert (roster.notes.encoding, roster.notes.delimiter) == (encoding, delimiter)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_names_keep_their_letters_in_every_encoding(encoding):
    data = "student_key,status,name\nzoë-ñ-€,enrolled,Müller\n".encode(encoding)

    assert pairs(data) == [("zoë-ñ-€", "enrolled")]
    assert read(data)[0].cells == ("zoë-ñ-€", "enrolled", "Müller")


def test_windows_1252_is_recognized_when_only_the_last_line_shows_it():
    data = b"student_key,status\n" + b"abcdefgh,enrolled\n" * 40_000 + "zoë,enrolled".encode("cp1252")

    roster = open_bytes(data)

    assert roster.notes.encoding == "windows-1252"
    assert [row.values["student_key"] for row in roster][-1] == "zoë"


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        pytest.param(
            b"student_key,status\n\xc3\xbc79,enrolled\ncut\xc3,enrolled\n", (2, "0xC3", 3), id="cut in the middle"
        ),
        pytest.param("student_key,status\nü79,enrolled\nzoë".encode()[:-1], (2, "0xC3", 3), id="cut at the end"),
        pytest.param(
            b"student_key,status\r\n\xed\xa0\x80a,enrolled\r\n\xc3\xbc79,enrolled\r\n",
            (3, "0xED", 2),
            id="half of a character of UTF-16",
        ),
        pytest.param(
            "student_key,status\nü79,enrolled\n".encode() + "zoë,enrolled\n".encode("cp1252") * 9,
            (2, "0xEB", 3),
            id="two files put together",
        ),
        pytest.param(
            b"student_key,status\n" + b"k,enrolled\n" * 30_000 + "ü".encode() + b",enrolled\n\x81",
            (30_002, "0x81", 30_003),
            id="far down",
        ),
    ],
)
def test_damaged_utf_8_does_not_pass_for_windows_1252(data, lines):
    refused = refusal(data)

    letter_line, byte, fault_line = lines
    assert refused.code == "damaged_utf8"
    assert f"line {letter_line} is UTF-8, but line {fault_line} has the byte {byte}," in str(refused)


def test_windows_1252_is_recognized_although_two_of_its_signs_look_like_a_letter_of_utf_8():
    data = "student_key,status\nÂ°,enrolled\n".encode("cp1252") + "zoë,enrolled\n".encode("cp1252") * 11

    assert open_bytes(data).notes.encoding == "windows-1252"


def test_utf_8_is_recognized_when_a_letter_lies_across_two_pieces_that_are_read():
    data = b"student_key,status\n" + b"k,enrolled\n" * 23_828 + ("ë" * 200 + ",enrolled\n").encode() * 2_000

    assert open_bytes(data).notes.encoding == "utf-8"


def test_columns_of_course_enrollments_are_read_when_the_kind_says_so():
    data = b"course_id,student_key,status,course_staff\ncourse-v1:edX+ToyX+2026,a1,active,Yes\nToyX-Fall,b2,inactive,\n"

    assert [dict(row.values) for row in read(data, kind="course_enrollments")] == [
        {
            "course_id": "course-v1:edX+ToyX+2026",
            "student_key": "a1",
            "status": "active",
            "course_staff": "true",
        },
        {"course_id": "ToyX-Fall", "student_key": "b2", "status": "inactive", "course_staff": ""},
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(text, "true") for text in ("true", "T", "YES", " 1 ")],
        *[(text, "false") for text in ("False", "f", "no", "0")],
        *[(text, "") for text in ("", " ")],
    ],
)
def test_course_staff_is_understood_in_the_words_of_common_systems(text, value):
    data = f"course_id,student_key,status,course_staff\nc,a1,active,{text}\n".encode()

    assert read(data, kind="course_enrollments")[0].values["course_staff"] == value


def test_columns_that_are_not_sent_are_blank():
    assert dict(read(b"status,student_key\nenrolled,a1\n")[0].values) == {
        "student_key": "a1",
        "status": "enrolled",
        "curriculum_uuid": "",
    }


def test_unknown_columns_are_named_and_their_cells_kept_for_the_rejects():
    data = b"Name ,student_key,status,Name, ,e-mail\n Ann ,a1,,Ann,x,ann@example.edu\n"

    roster = open_bytes(data)

    assert roster.notes.unknown_columns == ("Name", "e-mail")
    assert roster.header == ("Name ", "student_key", "status", "Name", "", "e-mail")
    assert next(iter(roster)).cells == ("Ann ", "a1", "", "Ann", "x", "ann@example.edu")


def test_there_are_no_rows_when_the_file_is_a_header_only():
    assert read(b"student_key,status\r\n") == []


def test_rows_are_read_again_when_the_roster_is_iterated_again():
    roster = open_bytes(b"student_key,status\na1,enrolled\n")

    assert list(roster) == list(roster) != []


def test_the_file_stays_open_after_reading():
    file = io.BytesIO(gzip.compress(b"student_key,status\na1,enrolled\n"))

    list(open_roster(file, kind="program_enrollments"))

    assert not file.closed


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n", b"\r"])
def test_lines_are_numbered_as_an_editor_does(line_break):
    lines = [
        b"",
        b'student_key,"sta',
        b'tus",status',
        b"a1,,enrolled",
        b"",
        b'b2,"two',
        b"",
        b'lines ""quoted""",enrolled',
        b",,",
        b"c3,,enrolled",
    ]

    rows = read(line_break.join(lines))

    assert [(row.line, row.values["student_key"]) for row in rows] == [(4, "a1"), (6, "b2"), (10, "c3")]
    assert rows[1].cells[1] == f'two{line_break.decode() * 2}lines "quoted"'


@pytest.mark.parametrize(
    ("record", "code", "column"),
    [
        (b",enrolled,", "missing_value", "student_key"),
        (b"a1,,", "missing_value", "status"),
        (b"a1", "missing_value", "status"),
        (b'" ",enrolled', "missing_value", "student_key"),
        (b"k" * 256 + b",enrolled", "too_long", "student_key"),
        (b"k" * 200_000 + b",enrolled", "too_long", "student_key"),
        (b'"a\n1",enrolled', "line_break", "student_key"),
        (b'"a1\r\n",enrolled', "line_break", "student_key"),
        (b'"\na1",enrolled', "line_break", "student_key"),
        (b'"\r",enrolled', "line_break", "student_key"),
        (b"a\x001,enrolled", "nul_character", "student_key"),
        (b"a1,enr\x00olled", "nul_character", "status"),
        (b"a1," + b"s" * 256, "too_long", "status"),
        (b"a1,enrolled,not-a-uuid", "invalid_uuid", "curriculum_uuid"),
        (b"a1,enrolled," + UUID_TEXT.encode() + b"0", "invalid_uuid", "curriculum_uuid"),
        (b"a1,enrolled,,more", "too_many_cells", None),
    ],
)
def test_a_row_is_rejected_when_its_shape_is_wrong_and_the_others_stand(record, code, column):
    data = b"student_key,status,curriculum_uuid\nfirst,enrolled,\n" + record + b"\nlast,enrolled," + UUID_TEXT.encode()

    rows = read(data)

    assert [row.reject and (row.reject.code, row.reject.column) for row in rows] == [None, (code, column), None]
    assert rows[1].line == 3
    assert all((rows[1].reject.message, rows[1].reject.hint))


@pytest.mark.parametrize(
    ("record", "code", "column"),
    [
        (b",a1,active,", "missing_value", "course_id"),
        (b"c" * 256 + b",a1,active,", "too_long", "course_id"),
        (b'"c\n",a1,active,', "line_break", "course_id"),
        (b"c,a1,active,maybe", "invalid_boolean", "course_staff"),
    ],
)
def test_a_course_row_is_rejected_when_its_shape_is_wrong(record, code, column):
    data = b"course_id,student_key,status,course_staff\n" + record

    assert rejects(data, kind="course_enrollments") == [(2, (code, column))]


def test_half_a_character_of_utf_16_rejects_its_row_only():
    data = b"\xff\xfe" + "student_key,status\na\ud8001,enrolled\nb2,enrolled\n".encode("utf-16-le", "surrogatepass")

    assert rejects(data) == [(2, ("lone_surrogate", "student_key")), (3, None)]


def test_the_values_of_a_reject_are_cut_and_its_cells_are_not():
    row = read(b"student_key,status\n" + b"k" * 300 + b",enrolled\n")[0]

    assert (len(row.values["student_key"]), len(row.cells[0])) == (255, 300)


def test_an_unknown_status_is_left_for_the_plan_to_judge():
    assert pairs(b"student_key,status\na1,Graduated\n") == [("a1", "Graduated")]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"status,student_key\nenrolled,ab\rcd\nenrolled,x\n", id="CR in a file of LF"),
        pytest.param(b"status,student_key\r\nenrolled,ab\rcd\r\nenrolled,x\r\n", id="CR in a file of CRLF"),
        pytest.param(b"status,student_key\renrolled,ab\ncd\renrolled,x\r", id="LF in a file of CR"),
    ],
)
def test_both_pieces_of_a_key_are_rejected_when_an_unquoted_line_break_cuts_it(data):
    assert rejects(data) == [(2, ("line_break", None)), (3, ("line_break", None)), (4, None)]


def test_a_cell_of_200000_characters_does_no_harm_in_a_column_that_is_not_used():
    essay = b"x" * 200_000

    rows = read(b'student_key,status,essay\na1,enrolled,"' + essay + b'"\nb2,pending,' + essay + b"\n")

    assert [row.values["student_key"] for row in rows] == ["a1", "b2"]
    assert len(rows[0].cells[2]) == 200_000


def test_cells_made_safe_for_spreadsheets_give_their_values_back():
    data = b"student_key,status\n'=1+1,enrolled\n''-2,enrolled\n'3,enrolled\n=4,enrolled\n '@5,enrolled\n"

    assert [key for key, _ in pairs(data)] == ["=1+1", "'-2", "'3", "=4", "@5"]


def test_a_key_as_long_as_possible_is_read_back_when_it_was_made_safe():
    assert read(b"student_key,status\n'=" + b"k" * 254 + b",enrolled\n")[0].reject is None


def zip_of(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "student_key,status\na1,enrolled\n")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "code", "found"),
    [
        pytest.param(b"", "empty_file", "is empty", id="empty"),
        pytest.param(gzip.compress(b""), "empty_file", "is empty", id="empty gzip"),
        pytest.param(b"\xef\xbb\xbf", "empty_file", "blank lines only", id="byte-order mark only"),
        pytest.param(b" \r\n\n\t\n", "empty_file", "blank lines only", id="blank"),
        pytest.param(b'""\n', "empty_file", "blank lines only", id="blank value"),
        pytest.param(b",,\n,,\n", "no_header", '",,"', id="separators only"),
        pytest.param(zip_of("roster.csv"), "not_text", "a ZIP archive", id="zip"),
        pytest.param(zip_of("xl/workbook.xml"), "not_text", "an Excel workbook (.xlsx)", id="xlsx"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "not_text", "an old Excel workbook", id="xls"),
        pytest.param(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "not_text", "a PDF document", id="pdf"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(64), "not_text", "a PNG picture", id="png"),
        pytest.param(b"{\\rtf1\\ansi student_key,status}", "not_text", "a rich text (RTF) document", id="rtf"),
        pytest.param(
            gzip.compress(gzip.compress(b"student_key,status\n")),
            "not_text",
            "a gzip file inside a gzip file",
            id="gz gz",
        ),
        pytest.param(b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x81", "not_text", "0x81", id="program"),
        pytest.param(b"\x01\x02\x03", "not_text", "control characters", id="control characters"),
        pytest.param(
            "student_key,status\n".encode("utf-16-le"), "not_text", "UTF-16 without a byte-order mark", id="bare UTF-16"
        ),
        pytest.param(b"\xff\xfes", "not_text", "utf-16", id="half of UTF-16"),
        pytest.param(b"\xef\xbb\xbfstudent_key,status\n\xe9,enrolled", "not_text", "utf-8-sig", id="BOM, not UTF-8"),
        pytest.param(gzip.compress(b"student_key,status\n" * 99)[:-9], "damaged_gzip", "cut off", id="cut gzip"),
        pytest.param(b"\x1f\x8bnot really", "damaged_gzip", "damaged", id="gzip by its first bytes only"),
        pytest.param(b"a1,enrolled\nb2,pending\n", "no_header", '"a1, enrolled"', id="no header"),
        pytest.param(
            b"student_key|status\na1|enrolled\n", "no_header", "commas, semicolons or tabs", id="other separator"
        ),
        pytest.param(b"<!DOCTYPE html>\n<html>", "no_header", "<!DOCTYPE html>", id="web page"),
        pytest.param(b"student_key,state\na1,enrolled\n", "missing_column", "no column status", id="missing column"),
        pytest.param(b"student_key,status,STATUS\n", "duplicate_column", "two columns for status", id="column twice"),
        pytest.param(
            b"student_key,status,external_user_key\n", "duplicate_column", '"external_user_key"', id="column and alias"
        ),
        pytest.param(b'[{"student_key": "a1", "status": "enrolled"}]', "not_ndjson", "one JSON list", id="JSON list"),
        pytest.param(b"student_key,status" + b"," * 999, "too_many_columns", "1,001 columns", id="too many columns"),
        pytest.param(
            b'student_key,status\na1,enrolled\n"b2,enrolled\nc3,enrolled\n', "unclosed_quote", "line 3", id="open quote"
        ),
    ],
)
def test_a_file_is_refused_with_what_was_found_and_what_was_expected(data, code, found):
    refused = refusal(data)

    assert refused.code == code
    assert found in str(refused)
    assert "expected" in str(refused)
    assert str(refused).isprintable()


def test_a_course_file_is_refused_when_it_is_a_roster_of_the_other_kind():
    assert refusal(b"student_key,status\na1,active\n", kind="course_enrollments").code == "missing_column"


def test_more_rows_than_the_limit_are_refused_and_blank_lines_do_not_count():
    header, row = b"student_key,status\n", b"\na1,enrolled\n"

    assert len(read(header + row * 3, max_rows=3)) == 3
    assert refusal(header + row * 4, max_rows=3).code == "too_many_rows"
    assert refusal(b'{"status": "enrolled", "student_key": 1}\n' * 4, max_rows=3).code == "too_many_rows"


def test_a_file_of_very_many_blank_lines_is_refused():
    assert refusal(b"student_key,status\n" + b"\n" * 100, max_rows=3).code == "too_many_rows"


def test_more_bytes_than_the_limit_are_refused():
    data = b"student_key,status\na1,enrolled\n"

    assert len(read(data, max_bytes=len(data))) == 1
    assert refusal(data, max_bytes=len(data) - 1).code == "file_too_large"


def make_bomb(text: bytes) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb") as packed:
        packed.write(b"student_key,status,note\n")
        for _ in range(60):
            packed.write(text * (1_000_000 // len(text)))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(b"a1,enrolled,a note\n", "file_too_large", id="rows"),
        pytest.param(b"\n", "too_many_rows", id="blank lines"),
        pytest.param(b"0", "line_too_long", id="one line"),
        pytest.param(b",", "line_too_long", id="one line of cells"),
        pytest.param(b'"\n",', "file_too_large", id="one row of many lines"),
    ],
)
def test_a_gzip_bomb_is_refused_in_little_memory(text, code):
    bomb = make_bomb(text)
    tracemalloc.start()
    try:
        assert refusal(bomb, max_bytes=30_000_000).code == code
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


def test_one_row_of_many_short_lines_is_refused_in_little_memory():
    data = b'student_key,status,note\n"' + b'\n","' * 3_000_000
    tracemalloc.start()
    try:
        assert refusal(data).code == "row_too_long"
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_file():
    peaks = []
    for rows in (5_000, 50_000):
        file = io.BytesIO(b"student_key,status\n" + b"".join(b"key-%d,status-%d\n" % (n, n) for n in range(rows)))
        tracemalloc.start()
        for _ in open_roster(file, kind="program_enrollments"):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < peaks[0] * 1.5 + 500_000


@pytest.mark.parametrize("dialect", ["excel", "excel-tab", "unix"])
def test_a_file_is_read_when_pythons_own_module_wrote_it(dialect):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, dialect).writerows([("student_key", "status"), *TWO_ROWS])

    assert pairs(buffer.getvalue().encode()) == TWO_ROWS
