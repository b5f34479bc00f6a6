"""Make events, read their stream, and send requests to the public tier."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http.client import HTTPConnection
from typing import Any, NamedTuple

from redis import Redis

from grids.public import wire
from grids.public.wire import Event, Group, Kind, Target

HOUR = 1_800_000_000


def event(number: int = 0, *, link: int = 3, at: int = HOUR * 1000) -> Event:
    """A click that `number` tells from others."""
    target = Target(Kind.CLICK, 1, 2, link, "0,0,1,1")
    return Event(target, at, "192.0.2.1", b"agent", b"", b"", b"n=%d" % number, 0)


def group(number: int, *events: Event, producer: str = "p" * 16) -> Group:
    """A producer's group of a number."""
    return Group(producer, number, number * len(events), list(events), {})


def numbers(events: Iterable[Event]) -> list[int]:
    """What `event` was given."""
    return [int(one.query.removeprefix(b"n=")) for one in events]


def arrived(client: Redis) -> list[Group]:
    """All groups of the stream, in its order."""
    entries: Any = client.xrange(wire.STREAM)
    return [wire.decode(fields) for _, fields in entries]


def once(groups: Sequence[Group]) -> list[Group]:
    """As a reader counts them: of those with one identity the first."""
    found: dict[tuple[str, int], Group] = {}
    for one in groups:
        found.setdefault((one.producer, one.number), one)
    return list(found.values())


class Response(NamedTuple):
    """A response as it came."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(port: int, path: str, method: str = "GET", **headers: str) -> Response:
    """What the public tier answers; header names are written with underscores."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        response = connection.getresponse()
        return Response(response.status, dict(response.getheaders()), response.read())
    finally:
        connection.close()
