"""The rows of an export of clicks: every one that was recorded, as it was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from grids.models import Grid, Link
from reports.clicks.rollups import watermark
from reports.clicks.storage.partitions import oldest_day
from reports.exports.base import ExportQuery
from reports.exports.columns import Column, Kind
from reports.exports.sources.base import ExportSource, Piece, Plan, instant
from reports.models import Click, Verdict

VERDICTS = {verdict.name.lower(): verdict for verdict in Verdict}
# The sums of each verdict.
_SUMS = {Verdict.HUMAN: "humans", Verdict.BOT: "bots", Verdict.DUPLICATE: "duplicates"}
_HOUR = timedelta(hours=1)
_NAMES = " ".join(f"WHEN {verdict} THEN '{name}'" for name, verdict in VERDICTS.items())

COLUMNS = (
    Column("clicked_on", "click.clicked_on", Kind.MOMENT),
    Column("grid", "grid.slug"),
    Column("link", "link.slug"),
    Column("tile", "click.tile"),
    Column("verdict", f"CASE click.verdict {_NAMES} END"),
    Column("bot_reason", "click.bot_reason"),
    # Sixteen hexadecimal digits, the same for one day only.
    Column("visitor", "lpad(to_hex(click.visitor), 16, '0')"),
    Column("is_first_on_grid", "click.is_first_on_grid", Kind.FLAG),
    Column("is_first_on_link", "click.is_first_on_link", Kind.FLAG),
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

# Whatever became of the link and the grid, and whichever the click was on then.
_JOINS = """
FROM reports_click AS click
LEFT JOIN grids_grid AS grid ON grid.id = click.grid_id
LEFT JOIN grids_link AS link ON link.id = click.link_id
LEFT JOIN reports_user_agent AS agent ON agent.id = click.user_agent_id
"""
_ORDER = "click.clicked_on, click.id"


class ClicksSource(ExportSource):
    """A user's clicks, of some grids, links, verdicts and times, or simply all of them.

    Up to the last click that was stored when the export began, by the key: whatever is stored later, also of
    an earlier time, is not in it. The sums say how many there are.
    """

    kind = "clicks"
    model = Click
    columns = COLUMNS
    filters = frozenset({"grids", "links", "verdicts", "from", "to"})

    def plan(self) -> Plan:
        """As of the last click that is stored."""
        mark = watermark.read()
        start, end, remarks = self._range()
        now = datetime.now(UTC).isoformat()
        as_of = {"time": now, "last_click": mark.click, "judged_again": mark.reclassified}
        pieces = tuple(self._pieces(start, end, mark.click))
        return Plan(as_of, pieces or (Piece(0, now, now),), remarks)

    def select(self, plan: Plan, piece: Piece) -> ExportQuery:
        """The clicks from the start of the piece to before its end."""
        return self._query(plan.as_of["last_click"], instant(piece.start), instant(piece.end))

    def is_current(self, plan: Plan) -> bool:
        """Unless clicks were judged again, or removed as too old."""
        kept_from = _kept_from()
        is_kept = kept_from is None or instant(plan.pieces[0].start) >= kept_from
        return is_kept and watermark.read().reclassified == plan.as_of["judged_again"]

    def _range(self) -> tuple[datetime | None, datetime | None, tuple[str, ...]]:
        """From when to when, where there is a limit, and what is to be said of it."""
        filters, kept_from = self.wish.filters, _kept_from()
        start = instant(filters["from"]) if "from" in filters else None
        end = instant(filters["to"]) if "to" in filters else None
        if kept_from is None or (start and start >= kept_from):
            return start, end, ()
        gone = sum(count for _, count in self._hours(start, kept_from))
        remark = f"{gone} clicks of before {kept_from.isoformat()} are kept no longer."
        return kept_from, end, (remark,) if gone else ()

    def _query(self, last: int, start: datetime, end: datetime) -> ExportQuery:
        where = [
            "click.user_id = %s",
            "click.clicked_on >= %s",
            "click.clicked_on < %s",
            "click.id <= %s",
        ]
        params: list[Any] = [self.wish.user_id, start, end, last]
        for condition, values in self._narrowings("click."):
            where.append(condition)
            params.append(values)
        if "verdicts" in self.wish.filters:
            where.append("click.verdict = ANY(%s)")
            params.append([int(verdict) for verdict in self._verdicts()])
        source = f"{_JOINS} WHERE {' AND '.join(where)}"
        return ExportQuery(self.chosen, source, tuple(params), _ORDER)

    def _narrowings(self, table: str) -> Iterator[tuple[str, list[int]]]:
        """To the keys of some grids and of some links, thrown away or not."""
        for name, model in (("grids", Grid), ("links", Link)):
            if slugs := self.wish.filters.get(name):
                keys = model.objects.filter(user_id=self.wish.user_id, slug__in=slugs)
                yield f"{table}{name[:-1]}_id = ANY(%s)", list(keys.values_list("pk", flat=True))

    def _verdicts(self) -> list[Verdict]:
        return [VERDICTS[name] for name in self.wish.filters.get("verdicts", VERDICTS)]

    def _pieces(self, start: datetime | None, end: datetime | None, last: int) -> Iterator[Piece]:
        rows, begin, stop = 0, start, start
        for hour, count in self._hours(start, end):
            begin = begin or hour
            # What lies before the start, or after the end, in its hour is in the sum as well.
            stop = min(hour + _HOUR, end) if end else hour + _HOUR
            first = max(begin, hour)
            is_cut = first > hour or stop < hour + _HOUR
            rows += self._query(last, first, stop).count() if is_cut else count
            if rows >= settings.EXPORT_PIECE_ROWS:
                yield Piece(rows, begin.isoformat(), stop.isoformat())
                rows, begin = 0, stop
        if rows and begin and stop:
            yield Piece(rows, begin.isoformat(), stop.isoformat())

    def _hours(
        self, start: datetime | None, end: datetime | None
    ) -> Iterable[tuple[datetime, int]]:
        """How many clicks are recorded of each hour that has some of the range in it."""
        table = "reports_link_hour" if self.wish.filters.get("links") else "reports_grid_hour"
        where, params = ["user_id = %s"], [self.wish.user_id]
        values: list[Any] = list(params)
        for condition, keys in self._narrowings(""):
            where.append(condition)
            values.append(keys)
        for condition, moment in (("hour > %s", start and start - _HOUR), ("hour < %s", end)):
            if moment:
                where.append(condition)
                values.append(moment)
        counted = " + ".join(_SUMS[verdict] for verdict in self._verdicts())
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT hour, sum({counted})::bigint FROM {table} WHERE {' AND '.join(where)}"
                f" GROUP BY hour HAVING sum({counted}) > 0 ORDER BY hour",
                values,
            )
            found: list[tuple[datetime, int]] = cursor.fetchall()
        return found


def _kept_from() -> datetime | None:
    day = oldest_day()
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None
