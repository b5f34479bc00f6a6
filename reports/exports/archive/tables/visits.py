"""Archive clicks and views as they were recorded, in the order of their time."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.conf import settings

from reports.clicks.rollups import watermark
from reports.clicks.storage import partitions
from reports.clicks.storage.partitions import oldest_day
from reports.exports.archive import names
from reports.exports.archive.fields import Field, model_fields
from reports.exports.archive.table import Scope, Table
from reports.exports.archive.tables.agents import AGENT_JOIN, digest
from reports.exports.archive.values import nullable, reference
from reports.models import Click, View, Visit

# What an instance concludes from a visit, and may conclude differently later.
_CONCLUDED = ("verdict", "bot_reason", "bot_rules", "is_first_on_grid", "is_first_on_link")
_GRID = Field("grid", names.name("gr", "visit.grid_id"), reference("gr"), "grid_id")
_LINK = Field("link", names.name("li", "visit.link_id"), reference("li"), "link_id")
_AGENT = Field("agent", "agent.digest", nullable(digest()), "user_agent_id")
_BEFORE_AGENT = (
    "visitor", "verdict", "is_first_on_grid", "bot_reason", "bot_rules", "flags",
)  # fmt: skip
_AFTER_AGENT = (
    "country", "referrer", "language", "utm_source", "utm_medium", "utm_campaign", "utm_term",
    "utm_content",
)  # fmt: skip

_KEPT = """
SELECT EXISTS (SELECT FROM reports_grid_hour WHERE hour < %(oldest)s),
    (date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => %(months)s))::date"""


def _fields(model: type[Visit]) -> tuple[Field, ...]:
    return (
        _GRID,
        *model_fields(model, "visit", _BEFORE_AGENT),
        _AGENT,
        *model_fields(model, "visit", _AFTER_AGENT),
    )


def _in_future(staging: str, moment: str) -> tuple[str, str]:
    """Return the conflict of a time later than clocks may differ."""
    rows = f"SELECT line FROM {staging} WHERE {moment} > now() + interval '1 day'"
    return rows, "is of a time to come"


class VisitsTable(Table):
    """Restore rows that only their content identifies: two equal rows are two visits."""

    moment: ClassVar[str]
    joins: ClassVar[str]
    """Joins of what a staged `row` refers to."""

    def decide(self, cursor: Any, scope: Scope) -> None:
        """Create rows, except those that exist here or are too old for this instance."""
        cursor.execute(f"UPDATE {self.staging} SET outcome = 'create' WHERE outcome <> 'create'")
        cursor.execute(f"SELECT min({self.moment}), max({self.moment}) FROM {self.staging}")
        first, last = cursor.fetchone()
        if first is None:
            return
        params = scope.params | {"first": first, "last": last, "kept": _kept_from(cursor)}
        cursor.execute(
            f"UPDATE {self.staging} SET outcome = 'skip' WHERE {self.moment} < %(kept)s", params
        )
        within = f"user_id = %(user)s AND {self.moment} BETWEEN %(first)s AND %(last)s"
        cursor.execute(f"SELECT EXISTS (SELECT FROM {self.db_table} WHERE {within})", params)
        if cursor.fetchone()[0]:
            cursor.execute(self._existing(within), params)

    def insert(self, cursor: Any, scope: Scope) -> None:
        """Insert the new rows in the order of the archive."""
        self._make_partitions(cursor)
        values = {field.column: _key(field) or f"row.{field.name}" for field in self.fields}
        cursor.execute(
            f"""
            INSERT INTO {self.db_table} (user_id, {", ".join(values)})
            SELECT %(user)s, {", ".join(values.values())}
            FROM {self.staging} AS row {self.joins}
            WHERE row.outcome = 'create' ORDER BY row.line""",
            scope.params,
        )

    def _existing(self, within: str) -> str:
        """Return SQL that marks the rows that exist here, each as often as it does."""
        compared = [field for field in self.fields if field.name not in _CONCLUDED]
        staged = ", ".join(
            f"{field.name}.key" if field.value.ref else f"row.{field.name}" for field in compared
        )
        stored = ", ".join(
            "agent.digest" if field is _AGENT else f"visit.{field.column}" for field in compared
        )
        return f"""
        WITH staged AS (
            SELECT line, what, row_number() OVER (PARTITION BY what ORDER BY line) AS nth FROM (
                SELECT row.line, md5(row({staged})::text) AS what
                FROM {self.staging} AS row {self.joins}
                WHERE row.outcome = 'create') AS rows
        ), stored AS (
            SELECT what, row_number() OVER (PARTITION BY what) AS nth FROM (
                SELECT md5(row({stored})::text) AS what
                FROM (SELECT * FROM {self.db_table} WHERE {within}) AS visit
                {AGENT_JOIN}) AS rows
        )
        UPDATE {self.staging} AS row SET outcome = 'unchanged'
        FROM staged JOIN stored USING (what, nth) WHERE staged.line = row.line"""

    def _make_partitions(self, cursor: Any) -> None:
        cursor.execute(
            f"SELECT DISTINCT date_trunc('month', {self.moment}, 'UTC')::date FROM {self.staging}"
            " WHERE outcome = 'create'"
        )
        months: list[date] = [month for (month,) in cursor.fetchall()]
        # Both tables get the same months, as from the ingest.
        for table in partitions.TABLES:
            partitions.ensure(table, months)
        # `ensure` sets it for itself, and it would last to the end of the transaction.
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")


def _key(field: Field) -> str:
    """Return the SQL of the key for a staged name; empty for other fields."""
    return (
        "coalesce(agent.key, 0)" if field is _AGENT else f"{field.name}.key" * bool(field.value.ref)
    )


class ClicksTable(VisitsTable):
    """Restore clicks of links."""

    name = "clicks"
    moment = "clicked_on"
    model = Click
    fields = (
        *model_fields(Click, "visit", ("clicked_on",)),
        _LINK,
        *model_fields(Click, "visit", ("tile", "is_first_on_link")),
        *_fields(Click),
    )
    source = f"""
    FROM (SELECT * FROM reports_click
        WHERE user_id = %(user)s AND clicked_on >= %(raw_from)s) AS visit
    {names.joins("gr", "visit.grid_id")} {names.joins("li", "visit.link_id")}{AGENT_JOIN}"""
    order = "visit.clicked_on, visit.id"
    conflicts = (_in_future("archive_clicks", "clicked_on"),)
    joins = """
    JOIN archive_gr AS grid ON grid.name = row.grid JOIN archive_li AS link ON link.name = row.link
    LEFT JOIN archive_agents AS agent ON agent.digest = row.agent"""

    def insert(self, cursor: Any, scope: Scope) -> None:
        """Insert the new rows, and let exports that start from now on include them."""
        super().insert(cursor, scope)
        watermark.advance(cursor)


class ViewsTable(VisitsTable):
    """Restore views of grids."""

    name = "views"
    moment = "viewed_on"
    model = View
    fields = (*model_fields(View, "visit", ("viewed_on",)), *_fields(View))
    source = f"""
    FROM (SELECT * FROM reports_view
        WHERE user_id = %(user)s AND viewed_on >= %(raw_from)s) AS visit
    {names.joins("gr", "visit.grid_id")}{AGENT_JOIN}"""
    order = "visit.viewed_on, visit.id"
    conflicts = (_in_future("archive_views", "viewed_on"),)
    joins = """
    JOIN archive_gr AS grid ON grid.name = row.grid
    LEFT JOIN archive_agents AS agent ON agent.digest = row.agent"""


def _kept_from(cursor: Any) -> date:
    """Return the first day whose rows can be restored.

    Older ones would be deleted at once. Where there are rollups of days whose rows are deleted, it is the
    oldest day with rows: an earlier partition would look as if all its rows were there.
    """
    oldest = oldest_day()
    cursor.execute(_KEPT, {"oldest": oldest, "months": settings.CLICK_KEEP_MONTHS})
    has_older, kept = cursor.fetchone()
    return oldest if oldest and has_older else kept
