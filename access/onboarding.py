"""What a partner is told once: id, secret, and how to use them."""

from access.partners import IssuedSecret

INSTRUCTIONS = """\
Client id      {client_id}
Client secret  {client_secret}   (shown this once; it is stored as a hash)

Get a token, and list the programs that it opens:

  TOKEN=$(curl -s {base_url}/oauth2/access_token -d grant_type=client_credentials -d token_type=jwt \\
    -d client_id={client_id} \\
    -d client_secret={client_secret} \\
    | sed -n 's/.*"access_token": *"\\([^"]*\\)".*/\\1/p')
  curl -s -H "Authorization: JWT $TOKEN" {base_url}/api/program_enrollments/v1/programs/enrollments/; echo
"""


def write_instructions(issued: IssuedSecret, *, base_url: str) -> str:
    """Return id and secret with the commands that use them at a server (`base_url`)."""
    return INSTRUCTIONS.format(
        client_id=issued.application.client_id,
        client_secret=issued.client_secret,
        base_url=base_url.rstrip("/"),
    )
