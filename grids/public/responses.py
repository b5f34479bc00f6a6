"""Build the responses of the public tier, each once for many requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """Hold a whole response as ASGI messages.

    With a `target` it is a visit to count, and is valid from `since` until `until`, in seconds since 1970.
    `depends_on` are the notices of changes that invalidate it, as `changes` describes them; nothing that
    was found is without any. After `fresh_until` it must be made again.
    """

    start: Message
    body: Message
    target: Target | None = None
    depends_on: tuple[str, ...] = ()
    since: float = -inf
    until: float = inf
    fresh_until: float = inf

    @property
    def size(self) -> int:
        """Return the bytes that it takes in a cache, roughly."""
        return 1_000 + sum(len(value) for _, value in self.start["headers"])

    def negotiate(self, scope: Mapping[str, Any]) -> Response:
        """Return the response to a request, which is an ASGI scope: this one."""
        return self


@dataclass(frozen=True, slots=True, eq=False)
class ForwardingRedirect(Response):
    """Hold a redirect to `location` that appends the query it is called with."""

    location: bytes = b""

    def negotiate(self, scope: Mapping[str, Any]) -> Response:
        """Return this redirect, with the query of the request if it has one."""
        query = scope["query_string"]
        if not query:
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
    answer = _respond(302, b"", (b"location", to), **visit)
    if not forward_query:
        return answer
    return ForwardingRedirect(answer.start, answer.body, location=to, **visit)


def viewed(**visit: Any) -> Response:
    """Return a 204 that confirms a counted view of a grid's page."""
    return _respond(204, b"", (b"access-control-allow-origin", b"*"), **visit)


def plain(status: int, text: str, *headers: tuple[bytes, bytes]) -> Response:
    """Return plain text for programs."""
    return _respond(
        status, text.encode(), (b"content-type", b"text/plain; charset=utf-8"), *headers
    )


NO_BODY: Message = {"type": "http.response.body", "body": b""}
# Keys that can be a slug or an alias; others need no query.
KEY = re.compile(rf"{SlugConverter.regex}|{ALIAS_PATTERN}")


def not_allowed(methods: str) -> Response:
    """Return a 405 that names the allowed methods."""
    return plain(405, "This method is not allowed here.\n", (b"allow", methods.encode()))


def location(url: str) -> bytes:
    """Return a link's URL for a header: ASCII only, an international host in IDNA form.

    The URL has passed `check_url`, so it holds no space and no control character; whatever else is not ASCII
    is percent-encoded as UTF-8 (RFC 3987, section 3.1).
    """
    return iri_to_uri(ascii_authority(url)).encode("ascii")
