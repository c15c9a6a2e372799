"""Where a request comes from."""

from ipaddress import ip_address
from typing import Any

from django.conf import settings


def get_client_address(request: Any) -> str:
    """Return the address of the client, behind as many of our own proxies as NUM_PROXIES says.

    Each proxy appends to `X-Forwarded-For` whom it serves; what stands further left was written by the client.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if not settings.NUM_PROXIES or not hops:
        return address
    hop = hops[-min(settings.NUM_PROXIES, len(hops))]
    return hop if _is_address(hop) else address


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
