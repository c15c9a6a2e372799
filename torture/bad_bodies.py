"""Bodies that no generator makes: too large, too slow, too deep, with keys twice and characters that hurt."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import quote

from torture.clients import BASE, SECONDS, Answer, Client
from torture.report import Line
from torture.school import School
from torture.service import WebServer

LARGE_BYTES = 100_000_000
CHUNK = b" " * 1_000_000
DEPTH = 10_000
SLOW_CLIENTS = 3
"""Fewer than a process of the image has threads. More would let others wait, but for a proxy that buffers requests."""
SLOW_SECONDS = 8
BAD_CHARACTERS = [
    *map(chr, [*range(0x20), *range(0x7F, 0xA0)]),
    *"\u00ad\u061c\u200b\u200e\u2028\u2029\u202e\u2066\ufeff\ufffe\uffff\U000e0001\U0010ffff",
]
LONE_SURROGATES = [r"\ud800", r"\udfff", r"\udc00\ud800"]


def send_bad_bodies(server: WebServer, school: School, token: str) -> list[Line]:
    """Send them to all paths that take a body."""
    client = Client(server.port, token)
    targets = _list_targets(school)
    large, odd = Line(f"bodies of {LARGE_BYTES // 1_000_000} MB"), Line("bodies too deep, or oddly written")
    slow, characters = Line("bodies sent slowly, while others work"), Line("control characters and the like in keys")
    for method, path in targets:
        _send_large(client, method, path, large)
        for body in _odd_bodies(school):
            _expect_no_fault(client.send_once(method, path, body), odd)
    _send_slowly(client, *targets[0], slow)
    for character in BAD_CHARACTERS:
        _write_and_read_back(client, school, f"a{character}b", characters)
    _write_a_member_twice(client, school, odd)
    return [large, slow, odd, characters]


def _list_targets(school: School) -> list[tuple[str, str]]:
    program = f"{BASE}/programs/{school.places[0].program_uuid}"
    course = f"{program}/courses/{school.course_keys[0]}"
    registrar = f"/api/v2/programs/{school.program_key}"
    return [
        *[(method, f"{place}/enrollments/") for place in (program, course) for method in ("POST", "PUT", "PATCH")],
        ("POST", f"{BASE}/integration-reset/"),
        ("POST", f"{program}/imports/"),
        ("POST", "/api/token/"),
        ("POST", "/api/token/verify/"),
        ("POST", f"{registrar}/enrollments/"),
        ("PATCH", f"{registrar}/courses/{school.course_keys[0]}/enrollments/"),
        ("POST", f"{registrar}/enrollments/upload/"),
    ]


def _odd_bodies(school: School) -> Iterator[bytes]:
    record = f'"status": "enrolled", "curriculum_uuid": "{school.places[0].curriculum_uuid}"'
    yield b"[" * DEPTH + b"]" * DEPTH
    yield b'[{"a":' * DEPTH + b"1" + b"}]" * DEPTH
    yield f'[{{"student_key": {"[" * 500}"a"{"]" * 500}, {record}}}]'.encode()
    yield f'[{{"student_key": "twice", "student_key": "other", "status": "pending", {record}}}]'.encode()
    for escape in LONE_SURROGATES:
        yield f'[{{"student_key": "{escape}", {record}}}]'.encode()
        yield f'[{{"student_key": "a", "status": "{escape}", "{escape}": 1}}]'.encode()
        names = ("organization", "username", "password", "token")
        yield "{{{}}}".format(", ".join(f'"{name}": "{escape}"' for name in names)).encode()
    yield from (b"", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"[1e999999999]", b"[" + b"9" * 5000 + b"]", b"[NaN]")
    yield f'[{{"student_key": "{"k" * 900_000}", {record}}}]'.encode()


def _send_large(client: Client, method: str, path: str, line: Line) -> None:
    """Send as much as the service takes; it may answer and hang up before the end."""
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=SECONDS)
    try:
        connection.putrequest(method, path)
        for name, value in {
            "Authorization": f"JWT {client.token}",
            "Content-Type": "application/json",
            "Content-Length": str(LARGE_BYTES),
        }.items():
            connection.putheader(name, value)
        connection.endheaders()
        try:
            for _ in range(LARGE_BYTES // len(CHUNK)):
                connection.send(CHUNK)
        except OSError:
            pass
        response = connection.getresponse()
        line.count(response.status)
        if not HTTPStatus.BAD_REQUEST <= response.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            line.accuse(f"{method} {path}: {response.status}")
    except (OSError, http.client.HTTPException):
        line.count()  # hung up on before the answer could be read
    finally:
        connection.close()


def _send_slowly(client: Client, method: str, path: str, line: Line) -> None:
    body = json.dumps([]).encode()
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: JWT {client.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body) + SLOW_SECONDS}\r\nConnection: close\r\n\r\n"
    ).encode()

    def drip() -> None:
        with socket.create_connection(("127.0.0.1", client.port), timeout=SECONDS) as connection:
            connection.sendall(head)
            for _ in range(SLOW_SECONDS):
                time.sleep(1)
                connection.sendall(b" ")
            connection.sendall(body)
            status = int(connection.makefile("rb").readline().split()[1])
        line.count(status)
        if status != HTTPStatus.NO_CONTENT:
            line.accuse(f"A slow body was answered with {status}.")

    threads = [threading.Thread(target=drip) for _ in range(SLOW_CLIENTS)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    began = time.monotonic()
    answer = Client(client.port, client.token).send("GET", f"{BASE}/limits/")
    if answer.status != HTTPStatus.OK or time.monotonic() - began > SLOW_SECONDS / 2:
        line.accuse(f"Others waited {time.monotonic() - began:.0f} s: {answer.status}")
    for thread in threads:
        thread.join()


def _write_and_read_back(client: Client, school: School, key: str, line: Line) -> None:
    place = school.places[1]
    path = f"{BASE}/programs/{place.program_uuid}/enrollments/"
    record = {"student_key": key, "status": "enrolled", "curriculum_uuid": str(place.curriculum_uuid)}
    answer = client.send_once("PUT", path, [record])
    _expect_no_fault(answer, line)
    if answer.status != HTTPStatus.OK:
        return
    (told,) = answer.json()
    found = client.read(f"{path}?student_key={quote(told)}")
    read = [row["student_key"] for row in found.json()["results"]] if found.status == HTTPStatus.OK else []
    if told != key or read != [key]:
        line.accuse(f"U+{ord(key[1]):04X}: told {told!r}, read {read!r}")


def _write_a_member_twice(client: Client, school: School, line: Line) -> None:
    """One of the two may count, or none. What is told must be what is there, and nothing else."""
    place = school.places[1]
    path = f"{BASE}/programs/{place.program_uuid}/enrollments/"
    keys = ("twice-a", "twice-b")
    twice = f'"student_key": "{keys[0]}", "student_key": "{keys[1]}", "status": "pending", "status": "enrolled"'
    answer = client.send_once("POST", path, f'[{{{twice}, "curriculum_uuid": "{place.curriculum_uuid}"}}]'.encode())
    _expect_no_fault(answer, line)
    told = answer.json() if answer.status == HTTPStatus.OK else {}
    found = client.read(f"{path}?student_key={keys[0]}&student_key={keys[1]}").json()["results"]
    there = {row["student_key"]: row["status"] for row in found}
    if told != there or len(there) > 1:
        line.accuse(f"A record with members twice: told {told}, and {there} is there.")


def _expect_no_fault(answer: Answer, line: Line) -> None:
    line.count(answer.status)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        line.accuse(str(answer))
