"""Check and normalize the addresses of a file, a hundred thousand at a time.

The result is that of `gridlink.lib.weburl`, whose twenty steps are one pattern for nearly all addresses.
"""

from __future__ import annotations

import hashlib
import re

from gridlink.lib.weburl import URL_LENGTH, check_url, url_key

# Of such an address no part has another spelling, but for the order of the query's parts.
_PLAIN = re.compile(
    r"(https?://[a-z0-9]{1,63}(?:\.[a-z][a-z0-9]{0,62}){1,8})"
    r"(/[A-Za-z0-9/._-]*)?"
    r"(?:\?([A-Za-z0-9._-]+=[A-Za-z0-9._-]*(?:&[A-Za-z0-9._-]+=[A-Za-z0-9._-]*)*))?"
)


def url_and_key(url: str) -> tuple[str, str]:
    """Return the address as `check_url` gives it, and its `url_key`. Raises BadUrl."""
    plain = _PLAIN.fullmatch(url)
    if plain is None or len(url) > URL_LENGTH:
        url = check_url(url)
        return url, url_key(url)
    site, path, query = plain.groups()
    normal = f"{site}{path or '/'}"
    if query:
        parts = sorted(part.split("=") for part in query.split("&"))
        normal = f"{normal}?{'&'.join(map('='.join, parts))}"
    return url, hashlib.sha256(normal.encode()).hexdigest()[:32]
