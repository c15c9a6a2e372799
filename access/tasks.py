"""Queue entry points of access."""

from django.core.management import call_command
from django_tasks import task
from oauth2_provider.models import clear_expired


@task()
def prune_tokens_and_sessions() -> None:
    """Delete opaque tokens, refresh tokens and sessions that have expired."""
    clear_expired()
    call_command("flushexpiredtokens")
    call_command("clearsessions")
