"""Encode events for their way to the ingest: groups in a Redis stream.

A group is one entry of the stream, written by one producer (a `public` process) under the next number of its
own sequence. The two identify the group for good: what is sent twice, because a response was lost or a spool
was replayed, is recognised by the reader and counted once; a missing number shows a loss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Any, NamedTuple

import msgpack

STREAM = "gridlink:clicks"
# A hash with the number of accepted events per producer, written together with each group, and compared
# with what arrived by `manage.py reconcile_clicks`.
COUNTERS = "gridlink:clicks:accepted"


class Kind(IntEnum):
    """Name what was visited."""

    CLICK = 0
    VIEW = 1


class Flag(IntFlag):
    """Flag what the request itself says of the visit."""

    HEAD = 1
    PREFETCH = 2
    DO_NOT_TRACK = 4


class Target(NamedTuple):
    """Identify what was visited, by integer keys.

    `tile` is "x,y,width,height" in cells; a view has neither link nor tile.
    """

    kind: int
    user: int
    grid: int
    link: int = 0
    tile: str = ""


class Event(NamedTuple):
    """Represent one visit.

    `at` is in milliseconds since 1970 on the producer's clock; texts are as they were sent, cut to MAX_TEXT
    bytes; with DO_NOT_TRACK, `address`, `language` and `referrer` are empty.
    """

    target: Target
    at: int
    address: str
    user_agent: bytes
    referrer: bytes
    language: bytes
    query: bytes
    flags: int


# Bytes of each text that a visitor sends; longer ones are cut here and nowhere else.
MAX_TEXT = 1024


@dataclass(frozen=True, slots=True)
class Group:
    """Represent events that were accepted together.

    `accepted` counts all of the producer's events up to and with this group; `unkept` those, per (user,
    grid, link, hour as seconds since 1970), that it redirected but could not store.
    """

    producer: str
    number: int
    accepted: int
    events: Sequence[Event]
    unkept: Mapping[tuple[int, int, int, int], int]


class BadGroup(ValueError):
    """Signal that an entry is no group; the message says why."""


def encode(group: Group) -> dict[Any, Any]:
    """Return the fields of the stream's entry."""
    fields: dict[Any, Any] = {
        b"p": group.producer,
        b"n": group.number,
        b"a": group.accepted,
        b"c": len(group.events),
        b"d": msgpack.packb(group.events),
    }
    if group.unkept:
        fields[b"u"] = msgpack.packb([[*key, count] for key, count in group.unkept.items()])
    return fields


def decode(fields: Mapping[bytes, bytes]) -> Group:
    """Return the group as it was encoded. Raises BadGroup."""
    try:
        rows = msgpack.unpackb(fields[b"d"], use_list=False)
        unkept = msgpack.unpackb(fields.get(b"u", b"\x90"), use_list=False)
        group = Group(
            producer=fields[b"p"].decode("ascii"),
            number=int(fields[b"n"]),
            accepted=int(fields[b"a"]),
            events=[_event(row) for row in rows],
            unkept={(user, grid, link, hour): count for user, grid, link, hour, count in unkept},
        )
        count = int(fields[b"c"])
    except Exception as error:
        # A broken entry can make the decoder raise anything.
        raise BadGroup(repr(error)) from error
    if len(group.events) != count:
        raise BadGroup(f"{len(group.events)} events instead of {count}")
    return group


def _event(row: Any) -> Event:
    target, at, address, user_agent, referrer, language, query, flags = row
    # Half the time of Event(...), which is a function in Python.
    return _new(Event, (Target(*target), at, address, user_agent, referrer, language, query, flags))


_new = tuple.__new__
