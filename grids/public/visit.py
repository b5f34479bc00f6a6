"""From a request to the event that is kept of it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from grids.public.wire import MAX_TEXT, Event, Flag, Target

_TEXTS = (b"user-agent", b"referer", b"accept-language")
_FORWARDED = b"x-forwarded-for"
_PREFETCHES = (b"sec-purpose", b"purpose", b"x-moz", b"x-purpose")
_REFUSALS = (b"dnt", b"sec-gpc")
_WISHES = frozenset((*_PREFETCHES, *_REFUSALS))
_WANTED = frozenset((*_TEXTS, *_WISHES))


@dataclass(frozen=True, slots=True)
class Visitors:
    """How visitors are read: how many proxies in front may speak for them, and whether a wish not to be
    tracked is honoured."""

    trusted_proxies: int
    honour_do_not_track: bool

    def event(self, target: Target, now: float, scope: dict[str, Any]) -> Event:
        """The visit of `target` at `now`, in seconds since 1970, by an ASGI request."""
        headers = {}
        for name, value in scope["headers"]:
            if name in _WANTED:
                headers[name] = value
        flags = Flag.HEAD if scope["method"] == "HEAD" else 0
        # Most visitors wish for nothing.
        if not _WISHES.isdisjoint(headers):
            flags |= self._wishes(headers)
        text = headers.get
        if flags & Flag.DO_NOT_TRACK:
            address, referrer, language = "", b"", b""
        else:
            address = self._address(scope)
            referrer = text(b"referer", b"")[:MAX_TEXT]
            language = text(b"accept-language", b"")[:MAX_TEXT]
        return Event(
            target,
            int(now * 1000),
            address,
            text(b"user-agent", b"")[:MAX_TEXT],
            referrer,
            language,
            scope["query_string"][:MAX_TEXT],
            int(flags),
        )

    def _wishes(self, headers: dict[bytes, bytes]) -> int:
        flags = 0
        for name in _PREFETCHES:
            if b"pre" in headers.get(name, b"").lower():
                flags |= Flag.PREFETCH
        if self.honour_do_not_track:
            for name in _REFUSALS:
                if headers.get(name) == b"1":
                    flags |= Flag.DO_NOT_TRACK
        return flags

    def _address(self, scope: dict[str, Any]) -> str:
        """The visitor's address; of X-Forwarded-For only what the trusted hops appended counts."""
        client = scope["client"]
        peer = client[0] if client else ""
        if not self.trusted_proxies:
            return str(peer)
        # A hop may append a line of its own instead of continuing the last.
        lines = [value for name, value in scope["headers"] if name == _FORWARDED]
        hops = b",".join(lines).split(b",")
        if len(hops) < self.trusted_proxies:
            return str(peer)
        return _valid(hops[-self.trusted_proxies].strip()) or str(peer)


def _valid(address: bytes) -> str:
    try:
        # The zone of a link-local address could be any text.
        return str(ip_address(address.decode("ascii").partition("%")[0]))
    except ValueError:
        return ""
