"""Turn a request into the event that is stored of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gridlink.lib.client_address import canonical, client_address
from grids.public.wire import MAX_TEXT, Event, Flag, Target

_FORWARDED_HEADER = b"x-forwarded-for"
_PREFETCH_HEADERS = (b"sec-purpose", b"purpose", b"x-moz", b"x-purpose")
_PRIVACY_HEADERS = (b"dnt", b"sec-gpc")
_FLAG_HEADERS = frozenset((*_PREFETCH_HEADERS, *_PRIVACY_HEADERS))
# As an integer: the operators of a Flag take as long as all else that is read of a request.
_DO_NOT_TRACK = int(Flag.DO_NOT_TRACK)


@dataclass(frozen=True, slots=True)
class EventFactory:
    """Make events of requests.

    `trusted_proxies` is the number of proxies in front that may name the visitor's address;
    `honour_do_not_track` says whether DNT and Sec-GPC are respected.
    """

    trusted_proxies: int
    honour_do_not_track: bool

    def event(self, target: Target, now: float, scope: dict[str, Any]) -> Event:
        """Return the event of an ASGI request to `target` at `now`, in seconds since 1970."""
        # Of a header that is sent twice, the last counts.
        headers = dict(scope["headers"])
        flags = int(Flag.HEAD) if scope["method"] == "HEAD" else 0
        # Most requests have none of these headers.
        if not _FLAG_HEADERS.isdisjoint(headers):
            flags |= self._header_flags(headers)
        text = headers.get
        if flags & _DO_NOT_TRACK:
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
            flags,
        )

    def _header_flags(self, headers: dict[bytes, bytes]) -> int:
        flags = 0
        for name in _PREFETCH_HEADERS:
            if b"pre" in headers.get(name, b"").lower():
                flags |= int(Flag.PREFETCH)
        if self.honour_do_not_track:
            for name in _PRIVACY_HEADERS:
                if headers.get(name) == b"1":
                    flags |= _DO_NOT_TRACK
        return flags

    def _address(self, scope: dict[str, Any]) -> str:
        """Return the visitor's address; in X-Forwarded-For only entries of trusted proxies count."""
        peer = scope["client"][0] if scope["client"] else ""
        if not self.trusted_proxies:
            return canonical(peer)
        # A hop may append a line of its own instead of continuing the last.
        lines = [value for name, value in scope["headers"] if name == _FORWARDED_HEADER]
        forwarded = b",".join(lines).decode("latin-1")
        return client_address(peer=peer, forwarded=forwarded, proxies=self.trusted_proxies)
