"""Read where a response redirects to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from urllib.parse import urljoin

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from gridlink.lib.outbound.errors import InvalidResponse
from gridlink.lib.text import CONTROL
from gridlink.lib.weburl import URL_LENGTH

HOPS_MAX = 5
PERMANENT = frozenset({301, 308})
_REDIRECTS = PERMANENT | {302, 303, 307}


def redirect_of(status: int, headers: Mapping[str, str], url: str) -> str | None:
    """Return the absolute target of a response from `url`, or None; raise InvalidResponse.

    The caller must check whether the target may be requested.
    """
    location = headers.get("Location", "").strip()
    if status not in _REDIRECTS or not location:
        return None
    try:
        target = parse_url(urljoin(url, _unicode(location))).url
    except (ValueError, LocationParseError) as error:
        raise InvalidResponse("The redirect's address cannot be read.") from error
    if len(target) > URL_LENGTH or CONTROL.search(target):
        raise InvalidResponse("The redirect's address is too long, or holds control characters.")
    return target


def leaves_https(addresses: Sequence[str]) -> bool:
    """Check whether a chain of URLs goes from https to http."""
    secure = [address.lower().startswith("https:") for address in addresses]
    return (True, False) in pairwise(secure)


def _unicode(location: str) -> str:
    # Header bytes come as Latin-1; browsers read them as UTF-8.
    try:
        return location.encode("latin-1").decode()
    except UnicodeError:
        return location
