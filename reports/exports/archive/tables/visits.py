"""Archive clicks and views as they were recorded, in the order of their time."""

from __future__ import annotations

from collections.abc import Mapping
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
from reports.exports.archive.values import nullable
from reports.models import Click, View, Visit

# What an instance concludes from a visit, and may conclude differently later.
_CONCLUDED = ("verdict", "bot_reason", "bot_rules", "is_first_on_grid", "is_first_on_link")
_AGENT = Field("agent", "agent.digest", nullable(digest()), "user_agent_id")
_NAMES = (
    "grid", "visitor", "verdict", "is_first_on_grid", "bot_reason", "bot_rules", "flags", "agent",
    "country", "referrer", "language", "utm_source", "utm_medium", "utm_campaign", "utm_term",
    "utm_content",
)  # fmt: skip

_KEPT = """
SELECT EXISTS (SELECT FROM reports_grid_hour WHERE hour < %(oldest)s),
    (date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => %(months)s))::date"""


def _fields(model: type[Visit], *own: str) -> tuple[Field, ...]:
    overrides = {**names.fields("visit"), "agent": _AGENT}
    return model_fields(model, "visit", (*own, *_NAMES), overrides=overrides)


class VisitsTable(Table):
    """Restore rows that only their content identifies: two equal rows are two visits."""

    moment: ClassVar[str]
    joins = "LEFT JOIN archive_agents AS agent ON agent.digest = row.agent"
    inserted_as: ClassVar[Mapping[str, str]] = {
        **Table.inserted_as,
        "user_agent_id": "coalesce(agent.key, 0)",
    }

    def conflicts(self) -> list[tuple[str, str]]:
        """Return rows of a time later than clocks may differ."""
        rows = f"SELECT line FROM {self.staging} WHERE {self.moment} > now() + interval '1 day'"
        return [(rows, "is of a time to come")]

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
        """Insert the new rows, once there are partitions for them."""
        self._make_partitions(cursor)
        super().insert(cursor, scope)

    def _existing(self, within: str) -> str:
        """Return SQL that marks the rows that exist here, each as often as it does."""
        values = self.staged_values()
        compared = [field for field in self.fields if field.name not in _CONCLUDED]
        staged = ", ".join(values[field.column] for field in compared)
        stored = ", ".join(
            "agent.digest" if field is _AGENT else f"visit.{field.column}" for field in compared
        )
        return f"""
        WITH staged AS (
            SELECT line, what, row_number() OVER (PARTITION BY what ORDER BY line) AS nth FROM (
                SELECT row.line, md5(row({staged})::text) AS what
                {self.staged_rows()}
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


class ClicksTable(VisitsTable):
    """Restore clicks of links."""

    name = "clicks"
    moment = "clicked_on"
    model = Click
    fields = _fields(Click, "clicked_on", "link", "tile", "is_first_on_link")
    source = f"""
    FROM (SELECT * FROM reports_click
        WHERE user_id = %(user)s AND clicked_on >= %(raw_from)s) AS visit
    {names.joins("gr", "visit.grid_id")} {names.joins("li", "visit.link_id")}{AGENT_JOIN}"""
    order = "visit.clicked_on, visit.id"

    def insert(self, cursor: Any, scope: Scope) -> None:
        """Insert the new rows, and let exports that start from now on include them."""
        super().insert(cursor, scope)
        watermark.advance(cursor)


class ViewsTable(VisitsTable):
    """Restore views of grids."""

    name = "views"
    moment = "viewed_on"
    model = View
    fields = _fields(View, "viewed_on")
    source = f"""
    FROM (SELECT * FROM reports_view
        WHERE user_id = %(user)s AND viewed_on >= %(raw_from)s) AS visit
    {names.joins("gr", "visit.grid_id")}{AGENT_JOIN}"""
    order = "visit.viewed_on, visit.id"


def _kept_from(cursor: Any) -> date:
    """Return the first day whose rows can be restored.

    Older ones would be deleted at once. Where there are rollups of days whose rows are deleted, it is the
    oldest day with rows: an earlier partition would look as if all its rows were there.
    """
    oldest = oldest_day()
    cursor.execute(_KEPT, {"oldest": oldest, "months": settings.CLICK_KEEP_MONTHS})
    has_older, kept = cursor.fetchone()
    return oldest if oldest and has_older else kept
