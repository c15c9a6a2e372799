"""Finds names of learners in log lines, as production writes them.

Known to be names: the usernames, e-mail addresses, student keys and identities of all rows that were made or loaded
while the guard stood, what factories call student keys, and anything that looks like an e-mail address.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models.signals import post_init
from social_django.models import UserSocialAuth

from learners.models import User
from program_enrollments.models import ProgramEnrollment
from tracing.log_lines import JsonLineFormatter

NAMING_FIELDS = {
    User: ("username", "email", "first_name", "last_name"),
    UserSocialAuth: ("uid",),
    ProgramEnrollment: ("external_user_key",),
}
LOOKS_LIKE_A_NAME = re.compile(r"[\w.+-]+@[\w-]+\.\w+|\bstudent-\d+\b|\blearner\d+\b")
WORD = re.compile(r"[\w@.:-]*\w")
SHORTEST_NAME = 4  # shorter ones stand in other words by chance
ORDINARY_WORDS = {"staff", "learner"}  # the names of the accounts that fixtures make


@dataclass(eq=False)  # logging tells handlers apart by identity
class LogGuard(logging.Handler):
    lines: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__(level=logging.INFO)
        self.setFormatter(JsonLineFormatter(**_json_options()))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def note_names(self, sender, instance, **kwargs) -> None:
        for name in NAMING_FIELDS[sender]:
            value = instance.__dict__.get(name)
            if value and len(value) >= SHORTEST_NAME:
                self.names.add(value)

    def find_names(self) -> list[str]:
        """Return the lines that name somebody."""
        names = self.names - ORDINARY_WORDS
        odd_names = {name for name in names if not WORD.fullmatch(name)}
        return [
            line
            for line in self.lines
            if LOOKS_LIKE_A_NAME.search(line)
            or not names.isdisjoint(WORD.findall(line))
            or any(name in line for name in odd_names)
        ]


@contextmanager
def guarded_log_lines() -> Iterator[LogGuard]:
    """Look at every line that is logged in the block."""
    guard = LogGuard()
    root = logging.getLogger()
    root.addHandler(guard)
    for model in NAMING_FIELDS:
        post_init.connect(guard.note_names, sender=model)
    try:
        yield guard
    finally:
        root.removeHandler(guard)
        for model in NAMING_FIELDS:
            post_init.disconnect(guard.note_names, sender=model)


def _json_options():
    options = settings.LOGGING["formatters"]["json"]
    return {name: value for name, value in options.items() if name != "()"}
