"""Read the Redis stream of clicks, and delete what is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from redis import Redis

from grids.public import wire

# Entries per read, of up to two thousand events each.
_PAGE = 10
_DELETED_AT_ONCE = 5_000


class Entry(NamedTuple):
    """Represent an entry of the stream as it is stored."""

    id: str
    fields: Mapping[bytes, bytes]


class Stream:
    """Read each entry once, oldest first. Every method raises RedisError when Redis is down."""

    def __init__(self, url: str) -> None:
        self._redis: Any = Redis.from_url(url, socket_connect_timeout=3, socket_timeout=10)
        self._next = "-"

    def read(self, events: int) -> list[Entry]:
        """Return the next entries, with about so many events in all; none at the end."""
        entries: list[Entry] = []
        found = 0
        while found < events:
            page = self._redis.xrange(wire.STREAM, min=self._next, count=_PAGE)
            if not page:
                break
            entries += [Entry(id.decode(), fields) for id, fields in page]
            # An entry counts as one more, so that entries without events do not make the batch endless.
            found += sum(_count(fields) + 1 for _, fields in page)
            self._next = f"({entries[-1].id}"
        return entries

    def delete(self, entries: Sequence[Entry]) -> None:
        """Delete entries that are counted."""
        ids = [entry.id for entry in entries]
        for first in range(0, len(ids), _DELETED_AT_ONCE):
            self._redis.xdel(wire.STREAM, *ids[first : first + _DELETED_AT_ONCE])

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()


def _count(fields: Mapping[bytes, bytes]) -> int:
    count = fields.get(b"c", b"")
    # A broken entry may say anything.
    return int(count) if count.isdigit() and len(count) < 8 else 0
