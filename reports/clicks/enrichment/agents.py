"""The User-Agent headers that clicks name by a key: each is stored once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from reports.clicks.enrichment import bots, useragents
from reports.clicks.storage.cache import Memo
from reports.clicks.storage.copy_format import text
from reports.models import UserAgent

_CACHED = 16_384


# Told apart by what it is, not by what it says: that is faster by far.
@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """A User-Agent header and what it says. `parts` are device, browser and OS as fields of COPY."""

    sent: bytes
    reason: str
    parts: tuple[bytes, bytes, bytes]


def _header(sent: bytes) -> Header:
    if type(sent) is not bytes:
        raise TypeError(f"The user agent is {type(sent).__name__}")
    shown = _shown(sent)
    agent = useragents.describe(shown)
    parts = (text(agent.device, 16), text(agent.browser, 64), text(agent.os, 64))
    return Header(sent, bots.agent_reason(shown), _PARTS.setdefault(parts, parts))


# By the header as it was sent. Raises TypeError for what is none.
HEADERS = Memo(_header, _CACHED)
# There are few, so that all who say the same share one.
_PARTS: dict[tuple[bytes, bytes, bytes], tuple[bytes, bytes, bytes]] = {}


class Keys:
    """The keys of headers; what was found is remembered for as long as this lives."""

    def __init__(self) -> None:
        self._known: dict[bytes, int] = {}

    def find(self, headers: Iterable[Header]) -> dict[bytes, int]:
        """By the header as it was sent. New ones are stored: not in a transaction, which may be undone."""
        wanted = {header.sent: header for header in headers}
        unknown = {sha256(sent).digest(): sent for sent in wanted.keys() - self._known.keys()}
        found = self._stored(unknown)
        new = [_row(digest, wanted[unknown[digest]]) for digest in unknown.keys() - found.keys()]
        if new:
            UserAgent.objects.bulk_create(new, ignore_conflicts=True)
            found |= self._stored(unknown.keys() - found.keys())
        keys = {sent: found[digest] for digest, sent in unknown.items()}
        keys |= {sent: self._known[sent] for sent in wanted.keys() - keys.keys()}
        self._remember(keys)
        return keys

    def _remember(self, keys: dict[bytes, int]) -> None:
        if len(self._known) + len(keys) > _CACHED:
            self._known.clear()
        self._known.update(keys)

    def _stored(self, digests: Iterable[bytes]) -> dict[bytes, int]:
        wanted = list(digests)
        if not wanted:
            return {}
        rows = UserAgent.objects.filter(digest__in=wanted).values_list("digest", "pk")
        return {bytes(digest): key for digest, key in rows}


def _row(digest: bytes, header: Header) -> UserAgent:
    shown = _shown(header.sent)
    agent = useragents.describe(shown)
    return UserAgent(
        digest=digest,
        text=shown,
        browser=agent.browser,
        os=agent.os,
        device=agent.device,
        bot_reason=header.reason,
        bot_rules=bots.RULES_VERSION,
    )


def _shown(sent: bytes) -> str:
    return sent.decode(errors="replace").replace("\0", "")
