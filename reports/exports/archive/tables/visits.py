"""Clicks and views as they were recorded, in the order of their time."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.conf import settings

from reports.clicks.rollups import watermark
from reports.clicks.storage import partitions
from reports.clicks.storage.partitions import oldest_day
from reports.exports.archive import names
from reports.exports.archive.table import Field, Scope, Table
from reports.exports.archive.tables.agents import AGENT_JOIN, DIGEST
from reports.exports.archive.values import BIGGEST, Flag, Integer, Matched, Maybe, Moment, Ref, Text
from reports.models import Verdict

_SMALL = (1 << 15) - 1
_TEXTS = {
    "country": 2, "referrer": 255, "language": 16, "utm_source": 255, "utm_medium": 255,
    "utm_campaign": 255, "utm_term": 255, "utm_content": 255,
}  # fmt: skip
# What an instance makes of a visit, and may come to think otherwise of.
_JUDGED = ("verdict", "bot_reason", "bot_rules", "is_first_on_grid", "is_first_on_link")
_REFS = {"grid": "grid_id", "link": "link_id", "agent": "user_agent_id"}

_KEPT = """
SELECT EXISTS (SELECT FROM reports_grid_hour WHERE hour < %(oldest)s),
    (date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => %(months)s))::date"""


def _fields(*more: Field) -> tuple[Field, ...]:
    return (
        *more,
        Field("grid", names.name("gr", "visit.grid_id"), Ref("gr")),
        Field("visitor", "visit.visitor", Maybe(Integer(-BIGGEST - 1))),
        Field("verdict", "visit.verdict", Integer(0, max(Verdict.values))),
        Field("is_first_on_grid", "visit.is_first_on_grid", Flag()),
        Field("bot_reason", "visit.bot_reason", Text(64)),
        Field("bot_rules", "visit.bot_rules", Integer(0, _SMALL)),
        Field("flags", "visit.flags", Integer(0, _SMALL)),
        Field("agent", "agent.digest", Maybe(Matched(DIGEST, "SHA-256"))),
        *(Field(name, f"visit.{name}", Text(length)) for name, length in _TEXTS.items()),
    )


def _of_the_future(staging: str, moment: str) -> tuple[str, str]:
    """A fault: later than clocks may differ."""
    rows = f"SELECT line FROM {staging} WHERE {moment} > now() + interval '1 day'"
    return rows, "is of a time to come"


class VisitsTable(Table):
    """Rows that nothing tells apart but all they say: the same one twice is two."""

    model_table: ClassVar[str]
    moment: ClassVar[str]
    joined: ClassVar[str]
    """The names of what it refers to, for a staged `row`."""

    def decide(self, cursor: Any, scope: Scope) -> None:
        """Those that are here stay, and those that this instance keeps no longer stay away."""
        cursor.execute(f"UPDATE {self.staging} SET fate = 'create' WHERE fate <> 'create'")
        cursor.execute(f"SELECT min({self.moment}), max({self.moment}) FROM {self.staging}")
        first, last = cursor.fetchone()
        if first is None:
            return
        bounds = scope.params | {"first": first, "last": last, "kept": _kept_from(cursor)}
        cursor.execute(
            f"UPDATE {self.staging} SET fate = 'skip' WHERE {self.moment} < %(kept)s", bounds
        )
        within = f"user_id = %(user)s AND {self.moment} BETWEEN %(first)s AND %(last)s"
        cursor.execute(f"SELECT EXISTS (SELECT FROM {self.model_table} WHERE {within})", bounds)
        if cursor.fetchone()[0]:
            cursor.execute(self._repeats(within), bounds)

    def put(self, cursor: Any, scope: Scope) -> None:
        """New ones, in the order of the archive."""
        self._make_months(cursor)
        own = [field.name for field in self.fields if field.name not in _REFS]
        refs = [name for name in _REFS if name in self._names()]
        columns = ", ".join([*own, *(_REFS[name] for name in refs)])
        values = ", ".join([*(f"row.{name}" for name in own), *(f"{n}.key" for n in refs[:-1])])
        cursor.execute(
            f"""
            INSERT INTO {self.model_table} (user_id, {columns})
            SELECT %(user)s, {values}, coalesce(agent.key, 0)
            FROM {self.staging} AS row {self.joined}
            WHERE row.fate = 'create' ORDER BY row.line""",
            scope.params,
        )

    def _names(self) -> set[str]:
        return {field.name for field in self.fields}

    def _repeats(self, within: str) -> str:
        """Marks the rows that are here, each as often as it is."""
        told = [f.name for f in self.fields if f.name not in (*_JUDGED, *_REFS)]
        places = [name for name in ("grid", "link") if name in self._names()]
        staged = ", ".join(
            [*(f"row.{n}" for n in told), *(f"{n}.key" for n in places), "row.agent"]
        )
        stored = ", ".join(
            [*(f"visit.{n}" for n in told), *(f"visit.{_REFS[n]}" for n in places), "agent.digest"]
        )
        return f"""
        WITH staged AS (
            SELECT line, what, row_number() OVER (PARTITION BY what ORDER BY line) AS nth FROM (
                SELECT row.line, md5(row({staged})::text) AS what
                FROM {self.staging} AS row {self.joined}
                WHERE row.fate = 'create') AS rows
        ), stored AS (
            SELECT what, row_number() OVER (PARTITION BY what) AS nth FROM (
                SELECT md5(row({stored})::text) AS what
                FROM (SELECT * FROM {self.model_table} WHERE {within}) AS visit
                {AGENT_JOIN}) AS rows
        )
        UPDATE {self.staging} AS row SET fate = 'unchanged'
        FROM staged JOIN stored USING (what, nth) WHERE staged.line = row.line"""

    def _make_months(self, cursor: Any) -> None:
        cursor.execute(
            f"SELECT DISTINCT date_trunc('month', {self.moment}, 'UTC')::date FROM {self.staging}"
            " WHERE fate = 'create'"
        )
        months: list[date] = [month for (month,) in cursor.fetchall()]
        # Both for the same months, as the ingest makes them.
        for table in partitions.TABLES:
            partitions.ensure(table, months)
        # Which was meant for that alone, and would stay to the end of the transaction.
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")


class ClicksTable(VisitsTable):
    """Clicks of links."""

    name = "clicks"
    moment = "clicked_on"
    model_table = "reports_click"
    fields = _fields(
        Field("clicked_on", "visit.clicked_on", Moment()),
        Field("link", names.name("li", "visit.link_id"), Ref("li")),
        Field("tile", "visit.tile", Text(32)),
        Field("is_first_on_link", "visit.is_first_on_link", Flag()),
    )
    source = f"""
    FROM (SELECT * FROM reports_click
        WHERE user_id = %(user)s AND clicked_on >= %(raw_from)s) AS visit
    {names.joins("gr", "visit.grid_id")} {names.joins("li", "visit.link_id")}{AGENT_JOIN}"""
    order = "visit.clicked_on, visit.id"
    faults = (_of_the_future("archive_clicks", "clicked_on"),)
    joined = """
    JOIN archive_gr AS grid ON grid.name = row.grid JOIN archive_li AS link ON link.name = row.link
    LEFT JOIN archive_agents AS agent ON agent.digest = row.agent"""

    def put(self, cursor: Any, scope: Scope) -> None:
        """New ones; and exports that begin from now on have them."""
        super().put(cursor, scope)
        watermark.advance(cursor)


class ViewsTable(VisitsTable):
    """Views of grids."""

    name = "views"
    moment = "viewed_on"
    model_table = "reports_view"
    fields = _fields(Field("viewed_on", "visit.viewed_on", Moment()))
    source = f"""
    FROM (SELECT * FROM reports_view
        WHERE user_id = %(user)s AND viewed_on >= %(raw_from)s) AS visit
    {names.joins("gr", "visit.grid_id")}{AGENT_JOIN}"""
    order = "visit.viewed_on, visit.id"
    faults = (_of_the_future("archive_views", "viewed_on"),)
    joined = """
    JOIN archive_gr AS grid ON grid.name = row.grid
    LEFT JOIN archive_agents AS agent ON agent.digest = row.agent"""


def _kept_from(cursor: Any) -> date:
    """From when raw rows can be restored: all that would not be dropped at once, unless there are sums of
    days whose rows are gone here. A partition of that time would make it look as if all rows were there."""
    oldest = oldest_day()
    cursor.execute(_KEPT, {"oldest": oldest, "months": settings.CLICK_KEEP_MONTHS})
    has_older, kept = cursor.fetchone()
    return oldest if oldest and has_older else kept
