"""Fills the mirror of the catalog."""

from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Model
from tqdm import tqdm

from catalog.discovery import MalformedAnswer, Node, read_programs
from catalog.discovery_client import DiscoveryClient, DiscoveryUnavailable
from catalog.loading import Changes, load_snapshot
from catalog.models import Curriculum, Program


class Command(BaseCommand):
    """Loads the programs of a file or of a live server, all or nothing, and prints what that changed."""

    help = """Fill the catalog from Course Discovery: from a FILE that holds an answer of its /api/v1/programs/
({"results": [...]}, or the list alone), or from a live server.

Each run makes the catalog say what the answer says, all or nothing, and prints what it added, changed and
retired; a run that finds nothing new writes nothing. Rows are never deleted, since enrollments refer to them:
  - a program that the whole answer lacks gets the status "retired"
    (if a file holds one page of several, the others are left alone);
  - a curriculum that its program lacks is no longer active;
  - a course run that is lacking stays as it is, because Discovery hides the runs that are not sold any more.
Where an answer describes the same thing twice, the first description stands, and programs of the list go before
those nested in curricula; only the runs of a course are put together from all descriptions. Due dates, and whether
course e-mail is on, are not known to Discovery and stay as they are. A new program gets a key, by which the Registrar
API knows it, out of its marketing slug (else its title); it is numbered when it is taken, and never changes again.
"""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Keep the line breaks of the help."""
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the source, and how to reach a live one."""
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a JSON file")
        source.add_argument("--url", type=_server_url, help="a live server, like https://discovery.example.edu")
        live = parser.add_argument_group("live server")
        live.add_argument(
            "--client-id", default=settings.DISCOVERY_CLIENT_ID, help="default: the setting DISCOVERY_CLIENT_ID"
        )
        live.add_argument(
            "--client-secret",
            default=settings.DISCOVERY_CLIENT_SECRET,
            help="default: the setting DISCOVERY_CLIENT_SECRET, which unlike an option is not seen by other processes",
        )
        live.add_argument(
            "--token-url", type=_server_url, help="where the credentials get a token (default: URL/oauth2/access_token)"
        )
        live.add_argument(
            "--timeout-seconds",
            type=_positive_seconds,
            default=30.0,
            metavar="SECONDS",
            help="how long to wait for the server each time (default: 30)",
        )
        live.add_argument(
            "--retries",
            type=int,
            choices=range(11),
            default=4,
            metavar="N",
            help="how often to ask again, after waits that double, when there is no connection, or an answer 429 or "
            "5xx (0 to 10, default: 4)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Read everything first, then write."""
        try:
            snapshot = read_programs(_pages_of_server(options) if options["url"] else [_read_file(options["file"])])
        except (OSError, MalformedAnswer, DiscoveryUnavailable) as error:
            raise CommandError(f"Nothing was changed. {error}") from error
        changes = load_snapshot(snapshot)
        if options["verbosity"] > 0:
            self._print(changes, is_complete=snapshot.is_complete)

    def _print(self, changes: Changes, *, is_complete: bool) -> None:
        if not is_complete:
            self.stdout.write("This is one page of several: programs that it lacks are left alone.")
        for row in changes.added:
            self.stdout.write(f"added {_name_of(row)}{_note_on_key(row, changes)}")
        for row, names in changes.changed.items():
            self.stdout.write(f"changed {_name_of(row)}: {', '.join(names)}")
        for row in changes.retired:
            self.stdout.write(f"retired {_name_of(row)}")
        if changes:
            counts = f"{len(changes.added)} added, {len(changes.changed)} changed, {len(changes.retired)} retired"
            self.stdout.write(self.style.SUCCESS(f"The catalog is up to date: {counts}."))
        else:
            self.stdout.write(self.style.SUCCESS("The catalog is up to date: nothing changed."))


def _read_file(file: Path) -> Node:
    return Node.from_json(file.read_bytes())


def _pages_of_server(options: dict[str, Any]) -> Iterable[Node]:
    if not options["client_id"] or not options["client_secret"]:
        raise CommandError("A live server needs --client-id and --client-secret, or the settings of these names.")
    client = DiscoveryClient(
        options["url"],
        client_id=options["client_id"],
        client_secret=options["client_secret"],
        token_url=options["token_url"],
        timeout_seconds=options["timeout_seconds"],
        retries=options["retries"],
    )
    return tqdm(client.iter_program_pages(), desc="Reading programs", unit=" pages", disable=None)


def _name_of(row: Model) -> str:
    uuid = f"{row.uuid} " if isinstance(row, Program | Curriculum) else ""
    return f"{row._meta.verbose_name} {uuid}{row}"


def _note_on_key(row: Model, changes: Changes) -> str:
    if row not in changes.taken_keys or not isinstance(row, Program):
        return ""
    return f": its key is {row.key}, since another program has {changes.taken_keys[row]}"


def _server_url(text: str) -> str:
    try:
        address = urlsplit(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise ArgumentTypeError(f"not the http(s) url of a server: {text!r}")
    return text


def _positive_seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 3600:
        raise ArgumentTypeError("must be more than 0 and at most 3600")
    return seconds
