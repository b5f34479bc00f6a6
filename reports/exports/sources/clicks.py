"""Export every recorded click of a user, as it was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from grids.models import Grid, Link
from reports.clicks.rollups import watermark
from reports.clicks.storage.partitions import oldest_day
from reports.exports.base import ExportQuery
from reports.exports.columns import Column, Kind
from reports.exports.sources.base import Chunk, ExportSource, Plan
from reports.models import Click, Verdict

VERDICTS = {verdict.name.lower(): verdict for verdict in Verdict}
# The column that counts each verdict.
_COUNTS = {Verdict.HUMAN: "humans", Verdict.BOT: "bots", Verdict.DUPLICATE: "duplicates"}
_HOUR = timedelta(hours=1)
_NAMES = " ".join(f"WHEN {verdict} THEN '{name}'" for name, verdict in VERDICTS.items())

COLUMNS = (
    Column("clicked_on", "click.clicked_on", Kind.TIMESTAMP),
    Column("grid", "grid.slug"),
    Column("link", "link.slug"),
    Column("tile", "click.tile"),
    Column("verdict", f"CASE click.verdict {_NAMES} END"),
    Column("bot_reason", "click.bot_reason"),
    # Sixteen hexadecimal digits, which a visitor keeps for one day only.
    Column("visitor", "lpad(to_hex(click.visitor), 16, '0')"),
    Column("is_first_on_grid", "click.is_first_on_grid", Kind.BOOLEAN),
    Column("is_first_on_link", "click.is_first_on_link", Kind.BOOLEAN),
    Column("country", "click.country"),
    Column("language", "click.language"),
    Column("device", "agent.device"),
    Column("browser", "agent.browser"),
    Column("os", "agent.os"),
    Column("referrer", "click.referrer", Kind.TEXT),
    Column("utm_source", "click.utm_source", Kind.TEXT),
    Column("utm_medium", "click.utm_medium", Kind.TEXT),
    Column("utm_campaign", "click.utm_campaign", Kind.TEXT),
    Column("utm_term", "click.utm_term", Kind.TEXT),
    Column("utm_content", "click.utm_content", Kind.TEXT),
    Column("user_agent", "agent.text", Kind.TEXT),
)

# Clicks of deleted links and grids too, and on the grid where the link was at the time.
_JOINS = """
FROM reports_click AS click
LEFT JOIN grids_grid AS grid ON grid.id = click.grid_id
LEFT JOIN grids_link AS link ON link.id = click.link_id
LEFT JOIN reports_user_agent AS agent ON agent.id = click.user_agent_id
"""
_ORDER = "click.clicked_on, click.id"


class ClicksSource(ExportSource):
    """Provide a user's clicks, filtered by grids, links, verdicts and time.

    It ends with the last click stored when the export began, by its key: clicks stored later, also of an
    earlier time, are not in it. The rollups say how many rows there are.
    """

    kind = "clicks"
    model = Click
    columns = COLUMNS
    filters = frozenset({"grids", "links", "verdicts", "from", "to"})

    def plan(self, using: str) -> Plan:
        """Return the clicks up to the last one stored."""
        as_of = clicks_as_of(using)
        start, end, remarks = self._range(using)
        chunks = tuple(self._chunks(start, end, as_of["last_click"], using))
        return Plan(as_of, chunks or (Chunk(0, as_of["time"], as_of["time"]),), remarks)

    def select(self, plan: Plan, chunk: Chunk, using: str) -> ExportQuery:
        """Return the query of the clicks from the chunk's start to before its end."""
        start, end = map(datetime.fromisoformat, (chunk.start, chunk.end))
        return self._query(plan.as_of["last_click"], start, end, using)

    def is_current(self, plan: Plan) -> bool:
        """Return False once clicks were reclassified, or deleted as too old."""
        kept_from = _kept_from(DEFAULT_DB_ALIAS)
        start = datetime.fromisoformat(plan.chunks[0].start)
        is_kept = kept_from is None or start >= kept_from
        return is_kept and watermark.read().reclassified == plan.as_of["judged_again"]

    def _range(self, using: str) -> tuple[datetime | None, datetime | None, tuple[str, ...]]:
        """Return the limits, if any, and a remark if clicks are missing."""
        filters, kept_from = self.spec.filters, _kept_from(using)
        start = datetime.fromisoformat(filters["from"]) if "from" in filters else None
        end = datetime.fromisoformat(filters["to"]) if "to" in filters else None
        if kept_from is None or (start and start >= kept_from):
            return start, end, ()
        deleted = sum(count for _, count in self._hours(start, kept_from, using))
        remark = (
            f"{deleted} clicks from before {kept_from.isoformat()} are missing: they were deleted"
            " as too old."
        )
        return kept_from, end, (remark,) if deleted else ()

    def _query(self, last: int, start: datetime, end: datetime, using: str) -> ExportQuery:
        where = [
            "click.user_id = %s",
            "click.clicked_on >= %s",
            "click.clicked_on < %s",
            "click.id <= %s",
        ]
        params: list[Any] = [self.spec.user_id, start, end, last]
        for column, keys in self._key_filters(using):
            where.append(f"click.{column} = ANY(%s)")
            params.append(keys)
        if "verdicts" in self.spec.filters:
            where.append("click.verdict = ANY(%s)")
            params.append([int(verdict) for verdict in self._verdicts()])
        source = f"{_JOINS} WHERE {' AND '.join(where)}"
        return ExportQuery(self.columns_selected, source, tuple(params), _ORDER, using)

    def _key_filters(self, using: str) -> Iterator[tuple[str, list[int]]]:
        """Yield columns with the keys of the grids and links asked for, deleted or not."""
        for name, model in (("grids", Grid), ("links", Link)):
            if slugs := self.spec.filters.get(name):
                rows = model._base_manager.using(using)
                keys = rows.filter(user_id=self.spec.user_id, slug__in=slugs)
                yield f"{name[:-1]}_id", list(keys.values_list("pk", flat=True))

    def _verdicts(self) -> list[Verdict]:
        return [VERDICTS[name] for name in self.spec.filters.get("verdicts", VERDICTS)]

    def _chunks(
        self, start: datetime | None, end: datetime | None, last: int, using: str
    ) -> Iterator[Chunk]:
        rows, begin, stop = 0, start, start
        for hour, count in self._hours(start, end, using):
            begin = begin or hour
            # The sum of the first and the last hour includes clicks outside of the range.
            stop = min(hour + _HOUR, end) if end else hour + _HOUR
            first = max(begin, hour)
            is_partial = first > hour or stop < hour + _HOUR
            rows += self._query(last, first, stop, using).count() if is_partial else count
            if rows >= settings.EXPORT_PIECE_ROWS:
                yield Chunk(rows, begin.isoformat(), stop.isoformat())
                rows, begin = 0, stop
        if rows and begin and stop:
            yield Chunk(rows, begin.isoformat(), stop.isoformat())

    def _hours(
        self, start: datetime | None, end: datetime | None, using: str
    ) -> Iterable[tuple[datetime, int]]:
        """Return the number of clicks in each hour that overlaps the range."""
        table = "reports_link_hour" if self.spec.filters.get("links") else "reports_grid_hour"
        where, params = ["user_id = %s"], list[Any]([self.spec.user_id])
        for column, keys in self._key_filters(using):
            where.append(f"{column} = ANY(%s)")
            params.append(keys)
        for condition, moment in (("hour > %s", start and start - _HOUR), ("hour < %s", end)):
            if moment:
                where.append(condition)
                params.append(moment)
        clicks = " + ".join(_COUNTS[verdict] for verdict in self._verdicts())
        with connections[using].cursor() as cursor:
            cursor.execute(
                f"SELECT hour, sum({clicks})::bigint FROM {table} WHERE {' AND '.join(where)}"
                f" GROUP BY hour HAVING sum({clicks}) > 0 ORDER BY hour",
                params,
            )
            found: list[tuple[datetime, int]] = cursor.fetchall()
        return found


def clicks_as_of(using: str) -> dict[str, Any]:
    """Return until when clicks are read, as manifests say it."""
    mark = watermark.read(using)
    now = datetime.now(UTC).isoformat()
    return {"time": now, "last_click": mark.click, "judged_again": mark.reclassified}


def _kept_from(using: str) -> datetime | None:
    day = oldest_day(using)
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None
