"""Links to files: each is for one account, and for a time."""

from django.conf import settings
from django.core import signing

from registrar.exceptions import LinkRefused

SALT = "registrar.links"


def sign_link(file: str, *, user_id: int) -> str:
    """Return the token of a link by which the account may fetch the file."""
    return signing.dumps([file, user_id], salt=SALT)


def check_link(token: str, file: str, *, user_id: int) -> None:
    """Raises: LinkRefused: the token is not for this file and account, or older than `REGISTRAR_LINK_MINUTES`."""
    try:
        signed = signing.loads(token, salt=SALT, max_age=settings.REGISTRAR_LINK_MINUTES * 60)
    except signing.SignatureExpired as fault:
        raise LinkRefused("The link has expired; ask for the job or the reports again.") from fault
    except signing.BadSignature as fault:
        raise LinkRefused("The link is not valid.") from fault
    if signed != [file, user_id]:
        raise LinkRefused("The link was made for another file or account.")
