"""Read the host of a referrer; the rest may tell who the visitor is."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address

from django.conf import settings

_CACHED = 8_192
_HOST_LENGTH = 253
# The authority ends where browsers end it, at a backslash too; before its last "@" stand name and password.
_REFERRER = re.compile(
    rb"\s*(?:https?|android-app|ios-app)://(?:[^/?#\\]*@)?"
    rb"(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9_](?:[a-z0-9._-]{0,252}[a-z0-9_])?)\.?)"
    rb"(?::[0-9]*)?(?:[/?#\\]|\s*\Z)",
    re.IGNORECASE,
)


def referrer_host(raw: bytes) -> str:
    """Return the host of a Referer header, in lower case and without "www.".

    Of an app, its package; '' for none, for Gridlink itself and for an invalid address. Never raises.
    """
    host = _host(raw)
    return "" if host and host == _host(settings.LINK_BASE_URL.encode()) else host


@lru_cache(_CACHED)
def _host(raw: bytes) -> str:
    match = _REFERRER.match(raw)
    if match is None:
        return ""
    if match[1]:
        return _ipv6(match[1].decode())
    host = match[2].decode().lower()
    return "" if ".." in host or len(host) > _HOST_LENGTH else _without_www(host)


def _without_www(host: str) -> str:
    rest = host.removeprefix("www.")
    # Of "www.com", nothing would be left that is a site.
    return rest if "." in rest else host


def _ipv6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except ValueError:
        return ""
