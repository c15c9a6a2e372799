"""Files and forms that are worse than any generator's: bombs, halves, headers that lie."""

import gzip
import http.client
import json
import random
from collections.abc import Iterator
from uuid import UUID

from imports.constants import RUNNABLE_STATES, ImportState
from imports.models import Import
from program_enrollments.models import ProgramEnrollment
from torture.clients import BASE, Answer, Client
from torture.report import Line
from torture.school import School
from torture.service import WebServer, wait_until

FORM = "application/x-www-form-urlencoded"
HEADER = b"student_key,status\n"
GOOD = HEADER + b"bad-file-a,enrolled\nbad-file-b,enrolled\n"
BOMB_BYTES = 300_000_000
"""More than files may have when unpacked."""
LINE_BYTES = 10_000_000
BOUNDARY = "torture"
WORKER_SECONDS = 120
TWICE = b'{"student_key": "bad-file-a", "student_key": "bad-file-b", "status": "enrolled"}\n'


def send_bad_files(server: WebServer, school: School, token: str) -> list[Line]:
    """Send them wherever a file or a form is taken. Needs a worker. Nothing of them may be applied."""
    files, forms = Line("files that are bombs, halves, or no files at all"), Line("forms that nobody can read")
    program, client = school.places[3], Client(server.port, token)
    imports = f"{BASE}/programs/{program.program_uuid}/imports/"
    registrar = f"/api/v1/programs/{school.program_key.removesuffix('0')}3"
    uploads = [f"{registrar}/{kind}/upload/" for kind in ("enrollments", "course_enrollments")]
    for content, media_type, headers in _bad_files():
        _expect_no_fault(client, imports, content, media_type, files, **headers)
        if not headers:
            for path in (imports, *uploads):
                _expect_no_fault(client, path, _as_form(content, media_type), _form_type(), files)
                _wait_for_worker(program.program_uuid)  # Registrar takes one file at a time
    for path in (imports, *uploads):
        encoded = _as_form(GOOD, "text/csv\r\nContent-Transfer-Encoding: base64")
        _expect_no_fault(client, path, encoded, _form_type(), files)
    _check_imports(program.program_uuid, files)
    for path in (imports, *uploads):
        for content, media_type in _bad_multipart_forms():
            _expect_refusal(client, path, content, media_type, forms)
    for path in ("/oauth2/access_token/", "/api/token/"):
        for content, media_type in (*_bad_forms(school), *_bad_multipart_forms()):
            _expect_refusal(Client(server.port), path, content, media_type, forms)
    _send_member_twice(client, imports, forms)
    return [files, forms]


def _bad_files() -> Iterator[tuple[bytes, str, dict[str, str]]]:
    """Yield (body, media type, further headers); none holds a row that may be applied."""
    csv, lines, packed, encoding = "text/csv", "application/x-ndjson", "application/gzip", {"Content-Encoding": "gzip"}
    bomb, good = gzip.compress(bytes(BOMB_BYTES), 1), gzip.compress(GOOD)
    for content in (
        bomb,
        gzip.compress(HEADER) + bomb,
        gzip.compress(bomb),
        good[:-9],
        good[:15],
        good + b"rest",
    ):
        yield content, packed, {}
        yield content, csv, encoding
    yield good[:-9], csv, {}
    noise = random.Random(1).randbytes(100_000)  # noqa: S311 -- no secret
    for content in (
        b"",
        b"\0" * 1000,
        noise,
        b"PK\x03\x04" + noise,
        b"\xff\xfe\x00",
        HEADER + b"bad-file-\xe2\x28,x\n",
    ):
        yield content, csv, {}
        yield content, lines, {}
    yield HEADER + b"a" * LINE_BYTES, csv, {}
    yield HEADER + b'"' + b"a,enrolled\n" * (LINE_BYTES // 11), csv, {}
    yield b"student_key,status," + b"x," * 100_000, csv, {}
    yield HEADER + b"," * LINE_BYTES, csv, {}
    yield b'{"student_key": "' + b"a" * LINE_BYTES, lines, {}
    yield b'{"student_key": ' + b"[" * 100_000, lines, {}
    yield b'{"student_key": {"a":' * 10_000, lines, {}
    yield b'{"student_key": "\\ud800", "status": "enrolled"}\n{"student_key": 1e999999999, "status": "x"}\n', lines, {}
    yield HEADER + b"a\0b,enrolled\n" + b"k" * 900 + b",enrolled\n", "text/csv; charset=nonsense", {}


def _form_type(boundary: str = BOUNDARY) -> str:
    return f"multipart/form-data; boundary={boundary}"


def _as_form(content: bytes, media_type: str) -> bytes:
    head = f'Content-Disposition: form-data; name="file"; filename="a\\"/../b.csv"\r\nContent-Type: {media_type}'
    return f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def _bad_multipart_forms() -> Iterator[tuple[bytes, str]]:
    form = _as_form(GOOD, "text/csv")
    yield form, "multipart/form-data"
    yield form, _form_type("another")
    yield form, _form_type("x" * 1000)
    yield form, _form_type("\u00ff".encode().decode("latin-1"))
    yield form.replace(b'name="file"; ', b""), _form_type()
    yield form.replace(b'name="file"', b"name*=utf-7''%ff%fe"), _form_type()
    yield form.replace(b"Content-Disposition", b"X" * 100_000), _form_type()
    field = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n'.encode()
    yield field * 5_000, _form_type()
    yield b"", _form_type()
    yield b"\r\n" * 100_000, _form_type()


def _bad_forms(school: School) -> Iterator[tuple[bytes, str]]:
    grant = b"grant_type=client_credentials&username=torture-staff&"
    secret = f"client_id={school.client_id}&client_secret=wrong&password=wrong".encode()
    yield grant + secret, FORM
    yield grant + secret.replace(b"wrong", b"%00"), FORM
    yield b"grant_type=password&username=%00&password=%ed%a0%80&client_id=%00&client_secret=\xff", FORM
    yield grant + b"client_id=%00&client_secret=%00", FORM
    yield grant + b"client_id=%ff%fe&client_secret=%ud800", FORM
    yield grant + secret + b"&scope=%00&token_type=%00", FORM
    yield grant * 1_000 + secret, FORM
    yield b"&".join(b"a%d=b" % n for n in range(100_000)), FORM
    yield grant + b"client_secret=" + b"a" * LINE_BYTES, FORM
    yield b"=&" * 50_000, FORM
    yield b"", FORM
    yield grant + secret, f"{FORM}; charset=nonsense"
    yield grant + secret, f"{FORM}; charset=utf-16"
    yield grant + secret, "text/plain"


def _expect_no_fault(
    client: Client, path: str, content: bytes, media_type: str, line: Line, **headers: str
) -> Answer | None:
    client.close()
    try:
        answer = client.send("POST", path, content, media_type=media_type, **headers)
    except (OSError, http.client.HTTPException):
        line.count()  # hung up on before all was sent
        return None
    line.count(answer.status)
    if answer.status >= 500:
        line.accuse(f"{path} {media_type} {headers}: {content[:60]!r}: {answer}")
    return answer


def _expect_refusal(client: Client, path: str, content: bytes, media_type: str, line: Line) -> None:
    answer = _expect_no_fault(client, path, content, media_type, line)
    if answer is not None and answer.status < 400:
        line.accuse(f"{path} {media_type}: {content[:60]!r} was taken: {answer}")


def _send_member_twice(client: Client, path: str, line: Line) -> None:
    """An object that names a member twice is a rejected row of a file (docs/partners/imports-files.md)."""
    answer = _expect_no_fault(client, path, TWICE, "application/x-ndjson", line)
    if answer is None or answer.status != 202:
        line.accuse(f"A row with a member twice: {answer}")
        return
    item = Import.objects.get(pk=answer.json()["id"])
    _wait_for_worker(item.program_uuid)
    told = list(item.rows.values_list("outcome", "error_code"))
    if told != [("reject", "duplicate_member")]:
        line.accuse(f"A row with a member twice: {told}")


def _wait_for_worker(program_uuid: UUID) -> None:
    running = Import.objects.filter(program_uuid=program_uuid, state__in=RUNNABLE_STATES)
    wait_until(lambda: not running.exists(), "all imports have ended", WORKER_SECONDS)


def _check_imports(program_uuid: UUID, line: Line) -> None:
    """Each must have been rejected, or have had no rows: of Registrar's files an import sees only the good ones."""
    _wait_for_worker(program_uuid)
    for item in Import.objects.filter(program_uuid=program_uuid).exclude(state=ImportState.REJECTED):
        if item.state == ImportState.APPLIED and not item.rows_total:
            continue
        line.accuse(f"An import of a bad file ended as {item.state}: {json.dumps(item.counts)} {item.error_message}")
    if ProgramEnrollment.objects.filter(program_uuid=program_uuid).exists():
        line.accuse("Something of a bad file was applied.")
