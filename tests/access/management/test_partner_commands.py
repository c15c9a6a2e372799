"""The commands with which an operator looks after partner applications."""

import re
import shlex
from uuid import uuid4

import pytest
import requests
from django.core.management import CommandError, call_command

from access.models import Application, RoleAssignment
from tests.factories.access import CLIENT_SECRET, make_application


@pytest.fixture
def run(capsys):
    """Runs a command; returns its lines."""

    def run(*args, **options):
        call_command(*args, **options)
        return capsys.readouterr().out

    return run


def test_creating_a_partner_prints_what_it_needs(run, organization):
    base_url = "https://sis.example.edu"
    output = run("create_partner", "UC Davis", organization="UCDavis", role="writer", base_url=base_url)

    application = Application.objects.get()
    secret = re.findall(r"Client secret  (\S+) ", output)[0]
    assert application.accepts_secret(secret)
    assert (
        output
        == f"""\
Partner        UC Davis: writer on organization UCDavis
Scopes         enrollments:read enrollments:write grades:read imports:write
Client id      {application.client_id}
Client secret  {secret}   (shown this once; it is stored as a hash)

Get a token, and see what it opens:

  TOKEN=$(curl -s https://sis.example.edu/oauth2/access_token -d grant_type=client_credentials -d token_type=jwt \\
    -d client_id={application.client_id} \\
    -d client_secret={secret} \\
    | sed -n 's/.*"access_token": *"\\([^"]*\\)".*/\\1/p')
  curl -s -H "Authorization: JWT $TOKEN" https://sis.example.edu/api/program_enrollments/v1/limits/; echo
"""
    )


@pytest.mark.parametrize(
    ("is_development", "hosts", "base_url"),
    [
        (True, [], "http://localhost:8000"),
        (False, ["enrollments.example.edu", "other.example"], "https://enrollments.example.edu"),
        (False, ["*", ".example.edu", "a.example.edu"], "https://a.example.edu"),
    ],
)
def test_the_commands_are_for_the_service_as_its_settings_know_it(
    run, organization, settings, is_development, hosts, base_url
):
    settings.DEBUG, settings.ALLOWED_HOSTS = is_development, hosts

    output = run("create_partner", "UC Davis", "--organization", "UCDavis", "--role", "writer")

    assert f"{base_url}/oauth2/access_token" in output


def test_where_the_service_is_must_be_told_if_its_settings_do_not(run, organization, settings):
    settings.ALLOWED_HOSTS = ["*"]

    with pytest.raises(CommandError, match="--base-url"):
        run("create_partner", "UC Davis", "--organization", "UCDavis", "--role", "writer")


def test_a_new_partner_holds_the_role(run, program):
    run("create_partner", "UC Davis", program=program.uuid, role="reader", scopes=["grades:read"])

    application = Application.objects.get()
    assignment = RoleAssignment.objects.get()
    assert (assignment.user, assignment.role, assignment.program_uuid) == (application.user, "reader", program.uuid)
    assert application.allowed_scopes == ["grades:read"]
    assert not application.user.has_usable_password()
    assert RoleAssignment.history.get().history_type == "+"


def test_a_reader_gets_the_scopes_for_reading(run, program):
    run("create_partner", "UC Davis", program=program.uuid, role="reader")

    assert Application.objects.get().allowed_scopes == ["enrollments:read", "grades:read"]


@pytest.mark.django_db(transaction=True)
def test_the_printed_form_buys_a_token_from_a_running_server(run, live_server, program):
    output = run("create_partner", "UC Davis", program=program.uuid, role="reader", base_url=f"{live_server.url}/")

    command = shlex.split(output.split("TOKEN=$(")[1].split("|")[0].replace("\\\n", " "))
    form = dict(part.split("=", 1) for part in command if "=" in part)
    address = next(part for part in command if part.startswith("http"))
    answer = requests.post(address, data=form, timeout=10)

    assert (answer.status_code, answer.json()["token_type"]) == (200, "JWT")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"organization": "Nowhere"}, "The catalog has no organization Nowhere."),
        ({"program": uuid4()}, "The catalog has no program"),
        ({"organization": "UCDavis", "name": " "}, "The partner needs a name."),
    ],
)
def test_a_partner_of_nothing_is_refused(run, organization, options, message):
    name = options.pop("name", "UC Davis")

    with pytest.raises(CommandError, match=message):
        run("create_partner", name, role="reader", **options)

    assert not Application.objects.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["create_partner", "UC Davis", "--role", "reader"],
        ["create_partner", "UC Davis", "--role", "owner", "--organization", "UCDavis"],
        ["create_partner", "UC Davis", "--role", "reader", "--program", "no-uuid"],
        ["create_partner", "UC Davis", "--role", "reader", "--organization", "UCDavis", "--scopes", "all"],
        ["create_partner", "UC Davis", "--role", "reader", "--organization", "UCDavis", "--program", str(uuid4())],
    ],
)
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(CommandError):
        call_command(*arguments)


def test_rotating_prints_the_new_secret_and_how_long_the_old_one_is_valid(run, application, time_machine):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)

    output = run("rotate_partner_secret", application.client_id, overlap_hours=48.0)

    application.refresh_from_db()
    assert "Old secret     valid until 2026-11-25 12:00 UTC" in output
    assert application.accepts_secret(re.findall(r"Client secret  (\S+) ", output)[0])
    assert application.accepts_secret(CLIENT_SECRET)


def test_rotating_without_overlap_says_so(run, application):
    assert "Old secret     valid no longer" in run("rotate_partner_secret", application.client_id, overlap_hours=0.0)


@pytest.mark.parametrize("hours", [-1.0, 721.0, float("inf"), float("nan"), 1e300])
def test_an_impossible_overlap_is_refused(run, application, hours):
    with pytest.raises(CommandError):
        run("rotate_partner_secret", application.client_id, overlap_hours=hours)


@pytest.mark.parametrize("command", ["rotate_partner_secret", "revoke_partner"])
def test_an_unknown_or_revoked_application_is_an_error(run, application, command):
    run("revoke_partner", application.client_id)

    for client_id in ("nobody", application.client_id):
        with pytest.raises(CommandError, match=f"There is no application {client_id}, or it is revoked."):
            run(command, client_id)


def test_revoking_says_who(run, application):
    assert run("revoke_partner", application.client_id) == "Partner is revoked.\n"


def test_partners_are_listed_with_what_they_may_do(run, organization, time_machine):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    run("create_partner", "UC Davis", organization="UCDavis", role="reader")
    application = Application.objects.get()
    Application.objects.update(last_used_at="2026-11-20T08:30:00Z")
    gone = make_application(name="Zoo")
    run("revoke_partner", gone.client_id)

    assert (
        run("list_partners")
        == f"""\
UC Davis
  client id  {application.client_id}
  state      valid
  role       reader on organization UCDavis
  scopes     enrollments:read grades:read
  last used  2026-11-20 08:30 UTC
Zoo
  client id  {gone.client_id}
  state      revoked
  scopes     {""}
  last used  never
"""
    )
