"""Build the responses of the redirect tier, each once for many requests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from math import inf
from typing import Any

from django.utils.encoding import iri_to_uri

from gridlink.lib.slugs import ALIAS_PATTERN, SlugConverter
from gridlink.lib.weburl import ascii_authority
from grids.public.forwarding import forwarded
from grids.public.wire import Target

Message = dict[str, Any]

# No response may be cached: a visit that a cache answers is not counted.
_NO_CACHE = [
    (b"cache-control", b"private, no-store, max-age=0"),
    (b"x-robots-tag", b"noindex"),
    (b"x-content-type-options", b"nosniff"),
]
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{font:1.1rem/1.6 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem;
color-scheme:light dark}}</style>
<h1>{title}</h1><p>{text}</p></html>
"""


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """Hold a whole response as ASGI messages.

    With a `target` it is a visit to count, and is valid from `since` until `until`, in seconds since 1970.
    `grid` is the key of the grid whose changes invalidate it; 0 when nothing was found. `location` is where
    a redirect leads that appends the query it is called with.
    """

    start: Message
    body: Message
    target: Target | None = None
    grid: int = 0
    since: float = -inf
    until: float = inf
    location: bytes = b""

    def at(self, seconds: float) -> Response:
        """Return this response, or the one for a time before or after its window."""
        if seconds < self.since:
            return EARLY
        return self if seconds < self.until else GONE

    def with_query(self, query: bytes) -> Response:
        """Return this redirect with the query appended, if its link forwards queries."""
        if not query or not self.location:
            return self
        return _respond(302, b"", (b"location", forwarded(self.location, query)))


def _respond(status: int, body: bytes, *headers: tuple[bytes, bytes], **visit: Any) -> Response:
    length = [] if status == 204 else [(b"content-length", b"%d" % len(body))]
    return Response(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, *_NO_CACHE, *length],
        },
        {"type": "http.response.body", "body": body},
        **visit,
    )


def redirect(url: str, *, forward_query: bool = False, **visit: Any) -> Response:
    """Return a 302 to a link's URL."""
    to = location(url)
    return _respond(302, b"", (b"location", to), location=to if forward_query else b"", **visit)


def gone(grid: int) -> Response:
    """Return a 410 for a link in the trash, from which it may be restored."""
    return Response(GONE.start, GONE.body, grid=grid)


def viewed(**visit: Any) -> Response:
    """Return a 204 that confirms a counted view of a grid's page."""
    return _respond(204, b"", (b"access-control-allow-origin", b"*"), **visit)


def page(status: int, title: str, text: str, *headers: tuple[bytes, bytes]) -> Response:
    """Return a small HTML page for people."""
    body = _PAGE.format(title=escape(title), text=escape(text)).encode()
    policy = b"default-src 'none'; style-src 'unsafe-inline'"
    return _respond(
        status,
        body,
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", policy),
        *headers,
    )


def plain(status: int, text: str, *headers: tuple[bytes, bytes]) -> Response:
    """Return plain text for programs."""
    return _respond(
        status, text.encode(), (b"content-type", b"text/plain; charset=utf-8"), *headers
    )


NO_BODY: Message = {"type": "http.response.body", "body": b""}
# Whoever shows a card of a link must be able to fetch it; `noindex` above keeps it out of indexes.
ROBOTS = plain(200, "User-agent: *\nDisallow:\n")
# Keys that can be a slug or an alias; others need no query.
KEY = re.compile(rf"{SlugConverter.regex}|{ALIAS_PATTERN}")
MISSING = page(404, "There is nothing here", "This link does not exist, or is not public.")
EARLY = page(404, "Not yet", "This link is not open yet.")
GONE = page(410, "This link is gone", "It was removed, or its time has ended.")
TRY_AGAIN = page(
    503,
    "Please try again",
    "This link cannot be looked up now. Try again in a few seconds.",
    (b"retry-after", b"2"),
)


def not_allowed(methods: str) -> Response:
    """Return a 405 that names the allowed methods."""
    return plain(405, "This method is not allowed here.\n", (b"allow", methods.encode()))


def location(url: str) -> bytes:
    """Return a link's URL for a header: ASCII only, an international host in IDNA form.

    The URL has passed `check_url`, so it holds no space and no control character; whatever else is not ASCII
    is percent-encoded as UTF-8 (RFC 3987, section 3.1).
    """
    return iri_to_uri(ascii_authority(url)).encode("ascii")
