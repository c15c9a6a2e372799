"""Gives programs the keys that another service knows them by."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.core.validators import slug_re
from django.db import connection, transaction
from django.utils import timezone

from catalog.models import Program

UUID_COLUMNS = ("discovery_uuid", "uuid")
KEY_COLUMN = "key"
MAX_CHARACTERS = 255


class UnusableKeys(Exception):
    """Keys that cannot be given; the text says which line or program, and why."""


@dataclass(frozen=True, slots=True)
class WantedKey:
    """The key that a program shall have, and the line of the file that says so."""

    key: str
    line: int


def read_keys(lines: Iterable[str]) -> dict[UUID, WantedKey]:
    """Return {program uuid: key} of a CSV with the columns `discovery_uuid` (or `uuid`) and `key`.

    Raises: UnusableKeys.
    """
    reader = csv.DictReader(lines, strict=True)
    keys: dict[UUID, WantedKey] = {}
    try:
        uuid_column = next((name for name in UUID_COLUMNS if name in (reader.fieldnames or ())), None)
        if uuid_column is None or KEY_COLUMN not in (reader.fieldnames or ()):
            raise UnusableKeys(f"The header must name the columns {' or '.join(UUID_COLUMNS)}, and {KEY_COLUMN}.")
        for row in reader:
            uuid, key = _read_uuid(row[uuid_column]), row[KEY_COLUMN] or ""
            if uuid is None or uuid in keys:
                raise UnusableKeys(
                    f"Line {reader.line_num}: {'this program is listed twice' if uuid else 'not a uuid'}."
                )
            if not slug_re.match(key) or len(key) > MAX_CHARACTERS:
                raise UnusableKeys(
                    f"Line {reader.line_num}: a key has 1 to {MAX_CHARACTERS} letters without accents, digits, - and _."
                )
            keys[uuid] = WantedKey(key, reader.line_num)
    except csv.Error as error:
        raise UnusableKeys(f"After line {reader.line_num}: {error}.") from error
    return keys


@transaction.atomic
def set_program_keys(
    keys: Mapping[UUID, WantedKey], *, skip_unknown: bool
) -> tuple[dict[str, str], dict[UUID, WantedKey]]:
    """Give programs these keys, all or nothing; programs may exchange theirs.

    Returns: {old key: new key} of the programs that changed, and what is wanted for programs that are not in the
    catalog. If there are any, nothing is written, unless `skip_unknown`.
    Raises: UnusableKeys: two programs would have one key; nothing was written.
    """
    with connection.cursor() as cursor:
        # As a load of the catalog does: programs that it adds get keys, too.
        cursor.execute("LOCK TABLE catalog_program IN SHARE ROW EXCLUSIVE MODE")
    programs = list(Program.objects.order_by("id").only("id", "uuid", "key"))
    known = {program.uuid for program in programs}
    unknown = {uuid: wanted_key for uuid, wanted_key in keys.items() if uuid not in known}
    if unknown and not skip_unknown:
        return {}, unknown
    wanted = {program.uuid: keys[program.uuid].key if program.uuid in keys else program.key for program in programs}
    holders: dict[str, UUID] = {}
    for uuid, key in wanted.items():
        if key in holders:
            raise UnusableKeys(f"Programs {holders[key]} and {uuid} would both have the key {key}.")
        holders[key] = uuid
    changed = [program for program in programs if program.key != wanted[program.uuid]]
    renamed = {program.key: wanted[program.uuid] for program in changed}
    # Uniqueness is checked row by row: first all let go of the old keys, then take the new ones.
    for new_keys in ({program.uuid: f"changing-{program.uuid}" for program in changed}, wanted):
        for program in changed:
            program.key, program.modified = new_keys[program.uuid], timezone.now()
        Program.objects.bulk_update(changed, ["key", "modified"], batch_size=1000)
    return renamed, unknown


def _read_uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
