"""Check that every accepted event is counted or waiting, and every sum correct.

Redis says how much each producer has accepted, and what waits in the stream; PostgreSQL says how much is
counted. The counters are read first, then the stream, then the database: an event that moves on meanwhile is
found further along, and never looks lost. Events in a spool on disk are no part of the counters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgpack
from django.conf import settings
from django.db import connection
from django.db.models import Sum
from redis import Redis

from gridlink.lib.database import snapshot
from grids.public import spool, wire
from reports.clicks.audit.expected import COUNTS, ROLLUPS, ExpectedRollup, bounds, days_between
from reports.clicks.rollups.tables import GRID_HOUR, LINK_DAY, LINK_HOUR, USER_HOUR
from reports.models import GridHour, LinkHour, Producer, SetAside

_PAGE = 100
# Differences per table that are listed one by one.
_LISTED = 20
_CLICKS = ("accepted", "humans + duplicates + bots + refused")
_VIEWS = ("views_accepted", "views + views_duplicates + views_bots + views_refused")
_LEDGERS = {table.name: _CLICKS for table in (LINK_HOUR, LINK_DAY, GRID_HOUR, USER_HOUR)} | {
    f"{table.name}, views": _VIEWS for table in (GRID_HOUR, USER_HOUR)
}
_SUMS = ", ".join(f"coalesce(sum({name}), 0)::bigint AS {name}" for name in COUNTS)
_OF_LINKS, _OF_GRIDS = (
    ", ".join(f"coalesce({side}.{name}, 0)" for name in COUNTS) for side in ("links", "grids")
)
_BY_HOUR = f"""
SELECT grid_id, hour, {_SUMS} FROM {{table}}
WHERE hour >= %(start)s AND hour < %(end)s GROUP BY grid_id, hour"""
_GRIDS_UNLIKE_LINKS = f"""
SELECT grid_id, hour, ({_OF_LINKS}), ({_OF_GRIDS})
FROM ({_BY_HOUR.format(table="reports_link_hour")}) AS links
FULL JOIN ({_BY_HOUR.format(table="reports_grid_hour")}) AS grids USING (grid_id, hour)
WHERE ({_OF_LINKS}) <> ({_OF_GRIDS}) ORDER BY hour, grid_id
"""


@dataclass(frozen=True, slots=True)
class RedisState:
    """Hold each producer's counter, and the events of its groups in the stream by number."""

    counters: Mapping[str, int]
    waiting: Mapping[str, Mapping[int, int]]


@dataclass(slots=True)
class ProducerEvents:
    """Count one producer's events. `accepted` is its counter in Redis, None for a lost one."""

    producer: str
    accepted: int | None = None
    counted: int = 0
    missing: int = 0
    stream: int = 0
    spool: int = 0

    @property
    def lost(self) -> int:
        """Return how many accepted events are nowhere."""
        # A counter that is behind shows no loss: Redis may have been restored to an earlier state.
        return max(0, (self.accepted or 0) - self.counted - self.stream)


@dataclass(slots=True)
class Reconciliation:
    """Hold what was found. `differences` are sentences; without any, everything adds up."""

    producers: list[ProducerEvents] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    ledger: int = 0
    set_aside: int = 0


def read_redis() -> RedisState:
    """Read the counters, then the stream. Raises RedisError."""
    redis: Any = Redis.from_url(
        settings.CLICKS_REDIS_URL, socket_connect_timeout=3, socket_timeout=10
    )
    with closing(redis):
        counters = {_name(k): int(v) for k, v in redis.hgetall(wire.COUNTERS).items()}
        waiting: dict[str, dict[int, int]] = defaultdict(dict)
        for fields in _entries(redis):
            producer, number, events = _parse(fields)
            waiting[producer][number] = events
    return RedisState(counters, waiting)


def reconcile(*, redis: RedisState | None, days: tuple[date, date] | None) -> Reconciliation:
    """Compare everything; the sums for the UTC days from the first to the last.

    Read `redis` before; without it, its part is left out. Call outside of a transaction.
    """
    found = Reconciliation()
    with snapshot(), connection.cursor() as cursor:
        found.producers = _producers(redis or RedisState({}, {}))
        found.differences += _losses(found.producers)
        found.differences += _totals(found)
        found.differences += _unbalanced(cursor)
        for day in days_between(*days) if days else ():
            found.differences += _sums(cursor, day)
    return found


def _entries(redis: Any) -> Iterator[dict[bytes, bytes]]:
    after = "-"
    while page := redis.xrange(wire.STREAM, min=after, count=_PAGE):
        yield from (fields for _, fields in page)
        after = f"({page[-1][0].decode()}"


def _parse(fields: Mapping[bytes, bytes]) -> tuple[str, int, int]:
    """Return producer, number and events of an entry; no producer when it cannot be read."""
    try:
        unkept = msgpack.unpackb(fields.get(b"u", b"\x90"))
        events = int(fields[b"c"]) + sum(count for *_, count in unkept)
        return _name(fields[b"p"]), int(fields[b"n"]), events
    except Exception:
        # Whatever a broken entry makes the decoder raise, the ingest will set it aside.
        return "", 0, 0


def _name(raw: bytes) -> str:
    return raw.decode(errors="replace")


def _producers(redis: RedisState) -> list[ProducerEvents]:
    producers: dict[str, ProducerEvents] = {}
    numbers = {}
    for row in Producer.objects.all():
        numbers[row.name] = row.number
        producers[row.name] = ProducerEvents(row.name, None, row.accepted, row.missing)
    for name, accepted in redis.counters.items():
        producers.setdefault(name, ProducerEvents(name)).accepted = accepted
    for name, groups in redis.waiting.items():
        late = sum(events for number, events in groups.items() if number > numbers.get(name, 0))
        producers.setdefault(name, ProducerEvents(name)).stream = late
    for name, (_, events) in spool.pending(settings.CLICK_SPOOL).items():
        producers.setdefault(name, ProducerEvents(name)).spool = events
    return [producers[name] for name in sorted(producers) if name]


def _losses(producers: list[ProducerEvents]) -> Iterator[str]:
    for each in producers:
        if each.missing:
            yield f"{each.producer}: {each.missing} events never arrived"
        if each.lost:
            yield f"{each.producer}: {each.lost} accepted events are neither counted nor waiting"


def _totals(found: Reconciliation) -> Iterator[str]:
    """Compare what arrived with the ledger, where events of an unknown target may be missing."""
    clicks = LinkHour.objects.aggregate(n=Sum("accepted"))["n"] or 0
    views = GridHour.objects.aggregate(n=Sum("views_accepted"))["n"] or 0
    found.ledger = clicks + views
    found.set_aside = SetAside.objects.aggregate(n=Sum("events"))["n"] or 0
    arrived = sum(each.counted - each.missing for each in found.producers)
    if not found.ledger <= arrived <= found.ledger + found.set_aside:
        yield (
            f"{arrived} events arrived, but the ledger has {found.ledger}"
            f" and {found.set_aside} are set aside"
        )


def _unbalanced(cursor: Any) -> Iterator[str]:
    for name, (accepted, parts) in _LEDGERS.items():
        table = name.split(",")[0]
        cursor.execute(f"SELECT count(*) FROM {table} WHERE {accepted} <> {parts}")
        (rows,) = cursor.fetchone()
        if rows:
            yield f"{name}: {rows} rows where {accepted} is not {parts}"


def _sums(cursor: Any, day: date) -> Iterator[str]:
    values = bounds(day)
    for rollup in ROLLUPS:
        cursor.execute(rollup.differences(), values)
        for row in cursor.fetchmany(_LISTED):
            yield _difference(
                rollup, dict(zip([c.name for c in cursor.description], row, strict=True))
            )
        if cursor.rowcount > _LISTED:
            yield f"{rollup.table.name} on {day}: {cursor.rowcount - _LISTED} rows more"
    cursor.execute(_GRIDS_UNLIKE_LINKS, values)
    for grid, hour, links, whole in cursor.fetchall():
        where = f"grid {grid}, hour {hour:%Y-%m-%d %H:%M}"
        yield f"{where}: its links have {links}, it has {whole} ({', '.join(COUNTS)})"


def _difference(rollup: ExpectedRollup, row: dict[str, Any]) -> str:
    key = " ".join(f"{name}={row[name]}" for name in rollup.table.key)
    counts = [
        f"{name} {row[f'kept_{name}']} instead of {row[name]}"
        for name in rollup.table.counts
        if row[f"kept_{name}"] != row[name]
    ]
    return f"{rollup.table.name} {key}: {', '.join(counts) or 'a row of nothing'}"
