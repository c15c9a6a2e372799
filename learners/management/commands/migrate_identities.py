"""Follow a school that changes its learners' student keys."""

import csv
import json
from argparse import ArgumentParser
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from catalog.texts import UNSTORABLE
from learners.constants import RemappingOutcome
from learners.remapping import KeyAssignment, has_identity_provider, iter_remapped_identities

MAX_UID_LENGTH = 255
SETTLED = (RemappingOutcome.CHANGED, RemappingOutcome.UNCHANGED)


class Command(BaseCommand):
    help = (
        "Give accounts new student keys at one identity provider, after a school changed its identifiers. An account "
        "is found by its e-mail, in any case, and must have an identity at the provider. Enrollments that wait for the "
        "new key are linked. Does not change student keys of enrollments, nor identities at other providers. Each "
        "account is committed on its own; run it again after an interruption. The exit code is 1 if any record was "
        "refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--provider", required=True, metavar="SLUG", help="the identity provider's slug")
        parser.add_argument(
            "--mapping",
            required=True,
            type=Path,
            metavar="FILE",
            help='UTF-8; CSV with the header "email,student_key", or a JSON list of {"email": ..., "student_key": ...}',
        )
        parser.add_argument("--dry-run", action="store_true", help="report what would happen, and change nothing")

    def handle(self, *args: Any, provider: str, mapping: Path, dry_run: bool, **options: Any) -> None:
        if not has_identity_provider(provider):
            raise CommandError(f"There is no identity provider {provider!r}.")
        assignments = read_mapping(mapping, max_key_length=MAX_UID_LENGTH - len(f"{provider}:"))
        outcomes: Counter[RemappingOutcome] = Counter()
        remapped = iter_remapped_identities(provider, assignments, dry_run=dry_run)
        for index, outcome in tqdm(remapped, total=len(assignments), unit=" accounts", disable=None):
            outcomes[outcome] += 1
            if outcome is not RemappingOutcome.CHANGED:
                with tqdm.external_write_mode():
                    self.stdout.write(f"Record {index + 1}, {assignments[index].email}: {outcome.label}")
        changed = outcomes[RemappingOutcome.CHANGED]
        self.stdout.write(f"{changed} identities {'would be' if dry_run else 'were'} changed.")
        refused = outcomes.total() - sum(outcomes[outcome] for outcome in SETTLED)
        if refused:
            raise CommandError(f"{refused} of {len(assignments)} records were refused.")


def read_mapping(path: Path, *, max_key_length: int) -> list[KeyAssignment]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"Cannot read {path}: {error}") from error
    records = _parse_json(text) if text.lstrip().startswith("[") else _parse_csv(text)
    return [_as_assignment(number, record, max_key_length) for number, record in enumerate(records, start=1)]


def _parse_json(text: str) -> list[Any]:
    try:
        records: list[Any] = json.loads(text)
    except ValueError as error:
        raise CommandError(f"The mapping is not valid JSON: {error}") from error
    except RecursionError as error:
        raise CommandError("The mapping is not JSON that can be read: it is nested too deeply.") from error
    return records


def _parse_csv(text: str) -> list[Any]:
    reader = csv.DictReader(StringIO(text, newline=""))
    try:
        if not {"email", "student_key"} <= set(reader.fieldnames or []):
            raise CommandError('The mapping\'s first line must be the header "email,student_key".')
        return list(reader)
    except csv.Error as error:
        raise CommandError(f"The mapping is not valid CSV after line {reader.line_num}: {error}.") from error


def _as_assignment(number: int, record: Any, max_key_length: int) -> KeyAssignment:
    fields = record if isinstance(record, dict) else {}
    email, student_key = fields.get("email"), fields.get("student_key")
    if not isinstance(email, str) or not email.strip():
        raise CommandError(f"Record {number} of the mapping has no e-mail; nothing was changed.")
    if UNSTORABLE.search(email):
        raise CommandError(f"Record {number} of the mapping has no valid e-mail; nothing was changed.")
    if not isinstance(student_key, str) or not student_key.strip() or UNSTORABLE.search(student_key):
        raise CommandError(f"Record {number} of the mapping has no valid student key; nothing was changed.")
    if len(student_key.strip()) > max_key_length:
        raise CommandError(
            f"Record {number} of the mapping has a student key longer than {max_key_length} characters; "
            "nothing was changed."
        )
    return KeyAssignment(email=email.strip(), student_key=student_key.strip())
