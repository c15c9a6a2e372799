import csv
import gzip
import io

from hypothesis import example, given
from hypothesis import strategies as st

from imports.files import FileRefused, open_roster
from program_enrollments.safe_csv import escape_cell, escape_uploaded_cell, unescape_cell, unescape_uploaded_cell

HEADERS = [
    b"",
    b"student_key,status\n",
    b"\xef\xbb\xbfstudent_key;status\r\n",
    "student_key\tstatus\n".encode("utf-16"),
    b'{"student_key": "a", "status": "b"}\n',
]
TROUBLE = st.text(alphabet=st.sampled_from("ab '\"=+-@,;\t\r\n\x00\u00a0\u2028\ud800é€😀"), max_size=12)
CELLS = st.one_of(TROUBLE, st.text(max_size=8))
STORABLE_CELLS = CELLS.map(lambda text: text.encode("utf-8", "replace").decode())


def open_bytes(data):
    return open_roster(io.BytesIO(data), kind="program_enrollments")


@given(
    header=st.sampled_from(HEADERS),
    body=st.one_of(st.binary(max_size=200), st.lists(st.sampled_from([*b'a",;\t\r\n\x00\xe9\xff{}[]:'])).map(bytes)),
    is_packed=st.booleans(),
)
def test_bytes_are_read_or_refused_whatever_they_are(header, body, is_packed):
    data = gzip.compress(header + body) if is_packed else header + body
    try:
        rows = list(open_bytes(data))
    except FileRefused:
        return
    lines = [row.line for row in rows]
    assert lines == sorted(set(lines))
    for row in rows:
        assert set(row.values) == {"student_key", "status", "curriculum_uuid"}
        assert row.reject or not set(row.values["student_key"]) & set("\r\n\x00")


@given(
    rows=st.lists(st.tuples(STORABLE_CELLS, STORABLE_CELLS, STORABLE_CELLS), max_size=6),
    delimiter=st.sampled_from(",;\t"),
    line_break=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_a_table_reads_back_as_it_was_written(rows, delimiter, line_break, quoting, encoding):
    if any(set(cell) & set("\r\n") for row in rows for cell in row):
        quoting = csv.QUOTE_ALL  # Python's writer leaves a CR unquoted where LF ends the rows
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=line_break, quoting=quoting)
    writer.writerow(["student_key", "note", "status"])
    starts = []
    for row in rows:
        starts.append(len(io.StringIO(buffer.getvalue(), newline="").readlines()) + 1)
        writer.writerow(row)

    found = list(open_bytes(buffer.getvalue().encode(encoding)))

    expected = [(start, row) for start, row in zip(starts, rows, strict=True) if any(cell.strip() for cell in row)]
    assert [row.line for row in found] == [start for start, _ in expected]
    # Spaces before a cell are not kept unless the writer put the cell in quotes.
    assert [[cell.lstrip(" ") for cell in row.cells] for row in found] == [
        [cell.lstrip(" ") for cell in row] for _, row in expected
    ]


@given(value=CELLS)
@example(value="'")
@example(value="''=")
def test_a_safe_cell_gives_its_value_back(value):
    assert unescape_cell(escape_cell(value)) == value


@given(value=CELLS)
def test_a_safe_cell_never_begins_like_a_formula(value):
    assert not escape_cell(value).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(cell=CELLS)
@example(cell=" \t'=x")
@example(cell="'\t'=x")
def test_a_cell_of_a_reject_means_the_same_when_it_is_uploaded_again(cell):
    assert unescape_uploaded_cell(escape_uploaded_cell(cell)) == unescape_uploaded_cell(cell)


@given(value=STORABLE_CELLS.map(str.strip).filter(lambda text: text and not set(text) & set("\r\n\x00")))
def test_a_key_that_is_exported_is_imported_unchanged(value):
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([["student_key", "status"], [escape_cell(value), "enrolled"]])

    assert [row.values["student_key"] for row in open_bytes(buffer.getvalue().encode())] == [value]
