"""`load_catalog --url`, against a real HTTP server on this machine."""

import json
from urllib.parse import parse_qs

import pytest
from django.core.management import CommandError, call_command

from catalog.models import Program
from tests.catalog.discovery_answers import page, program
from tests.local_server import Answer, local_server

PROGRAMS_PATH = "/api/v1/programs/"
TOKEN = Answer(body={"access_token": "a.b.c", "token_type": "JWT", "expires_in": 3600})


class Discovery:
    """A Discovery server in a test's hands: `pages` by number, and answers to give before the right ones."""

    def __init__(self):
        self.pages = {}
        self.token = TOKEN
        self.before = []
        self.server = None

    def __call__(self, request):
        if request.path == "/oauth2/access_token":
            return self.token
        if self.before:
            return self.before.pop(0)
        if request.path != PROGRAMS_PATH:
            return Answer(status=404)
        return self.pages[request.query.get("page", "1")]

    def give(self, *pages):
        """Serve these lists of programs as pages that point to each other."""
        for number, programs in enumerate(pages, start=1):
            following = f"{self.server.url}{PROGRAMS_PATH}?page={number + 1}" if number < len(pages) else None
            self.pages[str(number)] = Answer(body=page(*programs, next=following))

    @property
    def asked(self):
        return [request.query.get("page", "1") for request in self.server.requests if request.path == PROGRAMS_PATH]


@pytest.fixture
def discovery():
    answers = Discovery()
    with local_server(answers) as answers.server:
        yield answers


@pytest.fixture
def load(discovery, capsys):
    """A function that loads from the server and returns what the command printed, line by line."""

    def load_from_server(**options):
        credentials = {"client_id": "catalog", "client_secret": "secret & more"}
        call_command("load_catalog", url=discovery.server.url, no_color=True, **(credentials | options))
        return capsys.readouterr().out.splitlines()

    return load_from_server


# Answers


def test_all_pages_are_read_with_the_token_that_the_credentials_give(discovery, load):
    discovery.give([program("A")], [program("B")], [program("C")])
    assert load()[-1] == "The catalog is up to date: 4 added, 0 changed, 0 retired."
    assert Program.objects.count() == 3
    token_request, *page_requests = discovery.server.requests
    assert token_request.method == "POST"
    assert parse_qs(token_request.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["catalog"],
        "client_secret": ["secret & more"],
        "token_type": ["jwt"],
    }
    assert discovery.asked == ["1", "2", "3"]
    assert {request.headers["Authorization"] for request in page_requests} == {"JWT a.b.c"}


def test_a_second_load_changes_nothing(discovery, load):
    discovery.give([program("A")], [program("B")])
    load()
    assert load() == ["The catalog is up to date: nothing changed."]


def test_a_program_that_no_page_holds_is_retired(discovery, load):
    discovery.give([program("A")], [program("B")])
    load()
    discovery.give([program("A")], [program("C")])
    load()
    assert Program.objects.get(title="Program B").status == "retired"


def test_a_bearer_token_is_sent_as_one(discovery, load):
    discovery.token = Answer(body={"access_token": "abc", "token_type": "bearer"})
    discovery.give([program("A")])
    load()
    assert discovery.server.requests[-1].headers["Authorization"] == "Bearer abc"


def test_the_credentials_may_come_from_the_settings_and_the_token_from_elsewhere(discovery, load, settings):
    settings.DISCOVERY_CLIENT_ID, settings.DISCOVERY_CLIENT_SECRET = "from-settings", "hidden"
    discovery.give([program("A")])
    with local_server(lambda request: TOKEN) as token_server:
        call_command("load_catalog", url=discovery.server.url, token_url=f"{token_server.url}/token", verbosity=0)
    assert [(r.path, parse_qs(r.body.decode())["client_id"]) for r in token_server.requests] == [
        ("/token", ["from-settings"])
    ]
    assert Program.objects.exists()


def test_a_relative_next_page_is_followed(discovery, load):
    discovery.give([program("A")], [program("B")])
    discovery.pages["1"] = Answer(body=page(program("A"), next="?page=2"))
    load()
    assert discovery.asked == ["1", "2"]


# Trouble that passes


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_page_is_asked_for_again_when_the_server_has_trouble(discovery, load, status):
    discovery.give([program("A")])
    discovery.before = [Answer(status=status)]
    load()
    assert discovery.asked == ["1", "1"]
    assert Program.objects.exists()


def test_a_page_is_asked_for_again_when_it_comes_too_late(discovery, load):
    discovery.give([program("A")])
    discovery.before = [Answer(delay_seconds=60)]
    load(timeout_seconds=0.2)
    assert discovery.asked == ["1", "1"]


def test_a_slow_page_is_waited_for(discovery, load):
    discovery.give([program("A")])
    discovery.pages["1"] = Answer(body=discovery.pages["1"].body, delay_seconds=0.2)
    load(retries=0)
    assert Program.objects.exists()


# Trouble that stays


def refusal(load, **options):
    """Load in vain; return what the command says, after it has changed nothing."""
    with pytest.raises(CommandError) as raised:
        load(**({"retries": 0} | options))
    assert not Program.objects.exists()
    prefix = "Nothing was changed. "
    assert str(raised.value).startswith(prefix)
    return str(raised.value).removeprefix(prefix)


def test_nothing_is_written_when_the_last_page_fails(discovery, load):
    discovery.give([program("A")], [program("B")])
    discovery.pages["2"] = Answer(status=500)
    address = f"{discovery.server.url}{PROGRAMS_PATH}?page=2"
    assert refusal(load, retries=1) == f"{address} answered 500 Internal Server Error."
    assert discovery.asked == ["1", "2", "2"]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_reported_and_not_repeated(discovery, load, status):
    discovery.before = [Answer(status=status)]
    assert f"{PROGRAMS_PATH} answered {status} " in refusal(load, retries=3)
    assert discovery.asked == ["1"]


def test_bad_credentials_are_reported_without_the_secret(discovery, load):
    discovery.token = Answer(status=401, body={"error": "invalid_client"})
    said = refusal(load)
    assert said == f"{discovery.server.url}/oauth2/access_token answered 401 Unauthorized."
    assert discovery.asked == []


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"<html>", "token: not JSON: "),
        ([], "token: not an object: []"),
        ({}, "token.access_token: no token"),
        ({"access_token": ""}, "token.access_token: no token"),
        ({"access_token": "a\nb"}, "token.access_token: no token"),
        ({"access_token": "a", "token_type": 1}, "token.token_type: not a text: 1"),
    ],
)
def test_a_token_answer_that_holds_no_token_is_refused(discovery, load, body, complaint):
    discovery.token = Answer(body=body)
    assert refusal(load).startswith(complaint)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"\x00\xffgarbage", "page 2: not JSON: "),
        (json.dumps(page(program("B"))).encode()[:-20], "page 2: not JSON: "),
        ([program("B")], "page 2: not an object: "),
        ({"next": None}, "page 2.results: missing"),
        (page(program("B", uuid="x")), 'page 2.results[0].uuid: not a uuid: "x"'),
        (page(program("B"), next=7), "page 2.next: not a text: 7"),
        (page(program("B"), next="http://[x"), "page 2.next: not a url"),
        (
            page(program("B"), next="https://elsewhere.example.edu/api/v1/programs/"),
            "page 2.next: leads to another host",
        ),
    ],
)
def test_a_page_of_garbage_is_refused_with_its_number(discovery, load, body, complaint):
    discovery.give([program("A")], [])
    discovery.pages["2"] = Answer(body=body)
    assert refusal(load).startswith(complaint)


def test_pages_that_go_round_in_a_circle_are_refused(discovery, load):
    discovery.give([program("A")], [program("B")])
    discovery.pages["2"] = discovery.pages["1"]
    assert refusal(load) == "page 2.next: leads back to a page that was read before"


def test_a_redirect_is_not_followed_with_the_credentials(discovery, load):
    discovery.before = [Answer(status=302, headers={"Location": "/elsewhere"})]
    assert "answered 302" in refusal(load)
    assert [request.path for request in discovery.server.requests] == ["/oauth2/access_token", PROGRAMS_PATH]


def test_a_server_that_hangs_is_given_up(discovery, load):
    discovery.before = [Answer(delay_seconds=60)]
    assert "could not be asked" in refusal(load, timeout_seconds=0.2)


def test_a_server_that_is_not_there_is_reported(load):
    with local_server(lambda request: TOKEN) as closed:
        address = closed.url
    with pytest.raises(CommandError, match="could not be asked"):
        call_command("load_catalog", url=address, client_id="a", client_secret="b", retries=0)


# What is asked wrongly


def test_plain_http_to_another_machine_is_refused():
    with pytest.raises(CommandError, match="is not https: credentials would travel in the clear"):
        call_command("load_catalog", url="http://discovery.example.edu", client_id="a", client_secret="b")


def test_credentials_are_asked_for(discovery):
    with pytest.raises(CommandError, match="needs --client-id and --client-secret"):
        call_command("load_catalog", url=discovery.server.url)
    assert discovery.server.requests == []


@pytest.mark.parametrize("url", ["discovery.example.edu", "ftp://discovery.example.edu", "https://", "http://[x"])
def test_a_url_of_no_server_is_refused(url):
    with pytest.raises(CommandError, match="argument --url"):
        call_command("load_catalog", "--url", url)


@pytest.mark.parametrize("option", ["--timeout-seconds=0", "--timeout-seconds=x", "--retries=-1", "--retries=99"])
def test_a_limit_beyond_reason_is_refused(option):
    with pytest.raises(CommandError, match=f"argument {option.partition('=')[0]}"):
        call_command("load_catalog", "--url=http://localhost", option)


def test_file_and_server_exclude_each_other():
    with pytest.raises(CommandError, match="not allowed with argument"):
        call_command("load_catalog", "file.json", "--url=http://localhost")
