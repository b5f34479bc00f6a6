"""Check the URLs of webhooks; host names are resolved and checked again for each delivery."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings

from gridlink.lib.outbound.addresses import host_address, may_reach
from gridlink.lib.weburl import BadUrl, ascii_host, check_url


def check_webhook_url(url: str) -> str:
    """Return the URL without spaces around it. Raises BadUrl for one that cannot be used."""
    parts = urlsplit(check_url(url))
    if parts.scheme not in ("http", "https"):
        raise BadUrl("The URL must start with http:// or https://.")
    if parts.username is not None or parts.password is not None:
        raise BadUrl("The URL must hold no name or password; events are signed instead.")
    if not _may_be_public(parts.hostname or ""):
        raise BadUrl("The address leads into a network that is not public.")
    return url.strip()


def _may_be_public(host: str) -> bool:
    try:
        address = host_address(host)
    except ValueError:
        return False
    if address is not None:
        return may_reach(address, settings.OUTBOUND_ALLOW)
    name = ascii_host(host).lower().removesuffix(".")
    is_local = name == "localhost" or name.endswith(".localhost")
    return not is_local or bool(settings.OUTBOUND_ALLOW)
