"""Who sent a request, as counts, stored answers and log lines name it."""

from rest_framework.request import Request

from limits.service import get_client_address


def find_client_id(request: Request) -> str:
    """Return the partner application whose credentials came with the request; empty for people."""
    application = getattr(request.auth, "application", None)
    return str(application.client_id) if application is not None else ""


def name_requester(request: Request) -> str:
    """Return the application (`client:…`), else the user (`user:…`), else the address (`address:…`)."""
    client_id = find_client_id(request)
    if client_id:
        return f"client:{client_id}"
    if request.user and request.user.is_authenticated:
        return f"user:{request.user.pk}"
    return f"address:{get_client_address(request)}"
