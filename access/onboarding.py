"""What a partner is told once: id, secret, and how to use them."""

from argparse import ArgumentParser

from django.conf import settings

from access.partners import IssuedSecret

INSTRUCTIONS = """\
Client id      {client_id}
Client secret  {client_secret}   (shown this once; it is stored as a hash)

Get a token, and see what it opens:

  TOKEN=$(curl -s {base_url}/oauth2/access_token -d grant_type=client_credentials -d token_type=jwt \\
    -d client_id={client_id} \\
    -d client_secret={client_secret} \\
    | sed -n 's/.*"access_token": *"\\([^"]*\\)".*/\\1/p')
  curl -s -H "Authorization: JWT $TOKEN" {base_url}/api/program_enrollments/v1/limits/; echo
"""


def write_instructions(issued: IssuedSecret, *, base_url: str) -> str:
    """Return id and secret with the commands that use them at a server (`base_url`)."""
    return INSTRUCTIONS.format(
        client_id=issued.application.client_id,
        client_secret=issued.client_secret,
        base_url=base_url.rstrip("/"),
    )


def add_base_url_argument(parser: ArgumentParser) -> None:
    """Let a command take `--base-url`, which must be given where the settings do not tell of one."""
    base_url = _find_base_url()
    parser.add_argument(
        "--base-url",
        default=base_url,
        required=base_url is None,
        help="where partners reach this service (%(default)s)",
    )


def _find_base_url() -> str | None:
    if settings.DEBUG:
        return "http://localhost:8000"
    host = next((host for host in settings.ALLOWED_HOSTS if not host.startswith(("*", "."))), None)
    return f"https://{host}" if host else None
