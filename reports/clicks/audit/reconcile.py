"""Whether all that redirect processes accepted is where it belongs, and every sum is what its rows say.

Redis says how much each producer has accepted, and what waits in the stream; PostgreSQL says how much is
counted. The counters are read first, then the stream, then the database: what moves on meanwhile is found
further along, and never looks lost. What still waits on a disk is no part of the counters.
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
from reports.clicks.audit.expected import ROLLUPS, Rollup, bounds, days_between
from reports.models import GridHour, LinkHour, Producer, SetAside

_PAGE = 100
# Of each table, that many are told in full.
_TOLD = 20
_CLICKS = ("accepted", "humans + duplicates + bots + refused")
_VIEWS = ("views_accepted", "views + views_duplicates + views_bots + views_refused")
_LEDGERS = {
    "reports_link_hour": _CLICKS,
    "reports_link_day": _CLICKS,
    "reports_grid_hour": _CLICKS,
    "reports_grid_hour, views": _VIEWS,
    "reports_user_hour": _CLICKS,
    "reports_user_hour, views": _VIEWS,
}
_COUNTS = ("accepted", "humans", "duplicates", "bots", "refused", "visitors")
_SUMS = ", ".join(f"coalesce(sum({name}), 0)::bigint AS {name}" for name in _COUNTS)
_HOURS = f"""
SELECT grid_id, hour, ({", ".join(f"coalesce(links.{x}, 0)" for x in _COUNTS)}),
    ({", ".join(f"coalesce(grids.{x}, 0)" for x in _COUNTS)})
FROM (SELECT grid_id, hour, {_SUMS} FROM reports_link_hour
    WHERE hour >= %(start)s AND hour < %(end)s GROUP BY 1, 2) AS links
FULL JOIN (SELECT grid_id, hour, {_SUMS} FROM reports_grid_hour
    WHERE hour >= %(start)s AND hour < %(end)s GROUP BY 1, 2) AS grids USING (grid_id, hour)
WHERE ({", ".join(f"coalesce(links.{x}, 0)" for x in _COUNTS)})
    <> ({", ".join(f"coalesce(grids.{x}, 0)" for x in _COUNTS)})
ORDER BY hour, grid_id
"""


@dataclass(frozen=True, slots=True)
class InRedis:
    """By producer: the counter, and what waits in the stream as number and events of each group."""

    counters: Mapping[str, int]
    waiting: Mapping[str, Mapping[int, int]]


@dataclass(slots=True)
class Line:
    """One producer in events. `accepted` is what its counter in Redis says, None for a lost counter."""

    producer: str
    accepted: int | None = None
    counted: int = 0
    missing: int = 0
    stream: int = 0
    spool: int = 0

    @property
    def lost(self) -> int:
        """How many were accepted and are nowhere. A counter that is behind shows no loss: Redis may have been
        put back to an earlier state."""
        return max(0, (self.accepted or 0) - self.counted - self.stream)


@dataclass(slots=True)
class Report:
    """What was found. `differences` are sentences; none means that everything adds up."""

    lines: list[Line] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    ledger: int = 0
    set_aside: int = 0


def read_redis() -> InRedis:
    """What Redis says now. Raises RedisError."""
    redis: Any = Redis.from_url(
        settings.CLICKS_REDIS_URL, socket_connect_timeout=3, socket_timeout=10
    )
    with closing(redis):
        counters = {_name(k): int(v) for k, v in redis.hgetall(wire.COUNTERS).items()}
        waiting: dict[str, dict[int, int]] = defaultdict(dict)
        for fields in _entries(redis):
            producer, number, events = _read(fields)
            waiting[producer][number] = events
    return InRedis(counters, waiting)


def reconcile(*, redis: InRedis | None, days: tuple[date, date] | None) -> Report:
    """Compare everything, the sums for the UTC days `days`, both included. `redis` is to be read before;
    without it, its part is left out. To be called outside of a transaction."""
    report = Report()
    with snapshot(), connection.cursor() as cursor:
        report.lines = _lines(redis or InRedis({}, {}))
        report.differences += _losses(report.lines)
        report.differences += _totals(report)
        report.differences += _unbalanced(cursor)
        for day in days_between(*days) if days else ():
            report.differences += _sums(cursor, day)
    return report


def _entries(redis: Any) -> Iterator[dict[bytes, bytes]]:
    after = "-"
    while page := redis.xrange(wire.STREAM, min=after, count=_PAGE):
        yield from (fields for _, fields in page)
        after = f"({page[-1][0].decode()}"


def _read(fields: Mapping[bytes, bytes]) -> tuple[str, int, int]:
    """Producer, number and events of an entry; one that cannot be read is nobody's."""
    try:
        unkept = msgpack.unpackb(fields.get(b"u", b"\x90"))
        events = int(fields[b"c"]) + sum(count for *_, count in unkept)
        return _name(fields[b"p"]), int(fields[b"n"]), events
    except Exception:
        # Whatever a broken entry makes the decoder raise, the ingest will set it aside.
        return "", 0, 0


def _name(raw: bytes) -> str:
    return raw.decode(errors="replace")


def _lines(redis: InRedis) -> list[Line]:
    lines: dict[str, Line] = {}
    numbers = {}
    for row in Producer.objects.all():
        numbers[row.name] = row.number
        lines[row.name] = Line(row.name, None, row.accepted, row.missing)
    for name, accepted in redis.counters.items():
        lines.setdefault(name, Line(name)).accepted = accepted
    for name, groups in redis.waiting.items():
        late = sum(events for number, events in groups.items() if number > numbers.get(name, 0))
        lines.setdefault(name, Line(name)).stream = late
    for name, (_, events) in spool.pending(settings.CLICK_SPOOL).items():
        lines.setdefault(name, Line(name)).spool = events
    return [lines[name] for name in sorted(lines) if name]


def _losses(lines: list[Line]) -> Iterator[str]:
    for line in lines:
        if line.missing:
            yield f"{line.producer}: {line.missing} events never arrived"
        if line.lost:
            yield f"{line.producer}: {line.lost} accepted events are neither counted nor waiting"


def _totals(report: Report) -> Iterator[str]:
    """What arrived is in the ledger, but for what could not be read so far as to know where it belongs."""
    clicks = LinkHour.objects.aggregate(n=Sum("accepted"))["n"] or 0
    views = GridHour.objects.aggregate(n=Sum("views_accepted"))["n"] or 0
    report.ledger = clicks + views
    report.set_aside = SetAside.objects.aggregate(n=Sum("events"))["n"] or 0
    arrived = sum(line.counted - line.missing for line in report.lines)
    if not report.ledger <= arrived <= report.ledger + report.set_aside:
        yield (
            f"{arrived} events arrived, but the ledger has {report.ledger}"
            f" and {report.set_aside} are set aside"
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
        for row in cursor.fetchmany(_TOLD):
            yield _told(rollup, dict(zip([c.name for c in cursor.description], row, strict=True)))
        if cursor.rowcount > _TOLD:
            yield f"{rollup.table} on {day}: {cursor.rowcount - _TOLD} rows more"
    cursor.execute(_HOURS, values)
    for grid, hour, links, whole in cursor.fetchall():
        where = f"grid {grid}, hour {hour:%Y-%m-%d %H:%M}"
        yield f"{where}: its links have {links}, it has {whole} ({', '.join(_COUNTS)})"


def _told(rollup: Rollup, row: dict[str, Any]) -> str:
    key = " ".join(f"{name}={row[name]}" for name in rollup.key)
    counts = [
        f"{name} {row[f'kept_{name}']} instead of {row[name]}"
        for name in rollup.counts
        if row[f"kept_{name}"] != row[name]
    ]
    return f"{rollup.table} {key}: {', '.join(counts) or 'a row of nothing'}"
