"""Store each User-Agent header once, and look up its id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from reports.clicks.enrichment import bots, useragents
from reports.clicks.storage.cache import Cache
from reports.clicks.storage.copy_format import text_field
from reports.models import UserAgent

_CACHED = 16_384


# Compared by identity, not by value: that is faster by far.
@dataclass(frozen=True, slots=True, eq=False)
class AgentHeader:
    """Represent a User-Agent header; `fields` are its device, browser and OS as fields of COPY."""

    raw: bytes
    agent: useragents.Agent
    bot_reason: str
    fields: tuple[bytes, bytes, bytes]


def _parse(raw: bytes) -> AgentHeader:
    if type(raw) is not bytes:
        raise TypeError(f"The user agent is {type(raw).__name__}")
    decoded = _decode(raw)
    agent = useragents.describe(decoded)
    fields = (
        text_field(agent.device, 16),
        text_field(agent.browser, 64),
        text_field(agent.os, 64),
    )
    return AgentHeader(
        raw, agent, bots.agent_reason(decoded), _SHARED_FIELDS.setdefault(fields, fields)
    )


# By the header as it was sent. Raises TypeError for anything but bytes.
USER_AGENTS = Cache(_parse, _CACHED)
# There are few different ones, so that all headers with the same values share one tuple.
_SHARED_FIELDS: dict[tuple[bytes, bytes, bytes], tuple[bytes, bytes, bytes]] = {}


class UserAgentIds:
    """Look up the ids of stored headers, and remember them."""

    def __init__(self) -> None:
        self._known: dict[bytes, int] = {}

    def resolve(self, headers: Iterable[AgentHeader]) -> dict[bytes, int]:
        """Return the ids by raw header, and store new headers; call outside of a transaction."""
        wanted = {header.raw: header for header in headers}
        unknown = {sha256(raw).digest(): raw for raw in wanted.keys() - self._known.keys()}
        found = _stored_ids(unknown)
        new = [_row(digest, wanted[unknown[digest]]) for digest in unknown.keys() - found.keys()]
        if new:
            UserAgent.objects.bulk_create(new, ignore_conflicts=True)
            found |= _stored_ids(unknown.keys() - found.keys())
        ids = {raw: found[digest] for digest, raw in unknown.items()}
        ids |= {raw: self._known[raw] for raw in wanted.keys() - ids.keys()}
        if len(self._known) + len(ids) > _CACHED:
            self._known.clear()
        self._known.update(ids)
        return ids


def _stored_ids(digests: Iterable[bytes]) -> dict[bytes, int]:
    # Without a digest, Django answers by itself.
    rows = UserAgent.objects.filter(digest__in=list(digests)).values_list("digest", "pk")
    return {bytes(digest): key for digest, key in rows}


def _row(digest: bytes, header: AgentHeader) -> UserAgent:
    return UserAgent(
        **header.agent._asdict(),
        digest=digest,
        text=_decode(header.raw),
        bot_reason=header.bot_reason,
        bot_rules=bots.RULES_VERSION,
    )


def _decode(raw: bytes) -> str:
    return raw.decode(errors="replace").replace("\0", "")
