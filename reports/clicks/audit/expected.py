"""Compare the roll-ups of a UTC day with its raw clicks and views.

Refused events have no rows: `refused` is taken from the ledger as it is, for links from LinkHour and for
grids from GridHour. Users' sums are compared with those of their grids, which come first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from reports.clicks.rollups import tables
from reports.clicks.rollups.tables import RollupTable, sums
from reports.models import Dimension, Verdict

COUNTS = ("accepted", "humans", "duplicates", "bots", "refused", "visitors")
_VERDICTS = f"""
count(*) FILTER (WHERE verdict = {Verdict.HUMAN}) AS humans,
count(*) FILTER (WHERE verdict = {Verdict.DUPLICATE}) AS duplicates,
count(*) FILTER (WHERE verdict = {Verdict.BOT}) AS bots"""
_FIRST_ON_GRID = "count(*) FILTER (WHERE is_first_on_grid) AS visitors"
_FIRST_ON_LINK = "count(*) FILTER (WHERE is_first_on_link) AS link_visitors"
_WITHIN = "{0} >= %(start)s AND {0} < %(end)s"
_CLICKS_WITHIN, _VIEWS_WITHIN = _WITHIN.format("clicked_on"), _WITHIN.format("viewed_on")
_HOURS_WITHIN = _WITHIN.format("hour")
_DAYS_WITHIN = (
    "day >= (%(start)s AT TIME ZONE 'UTC')::date AND day < (%(end)s AT TIME ZONE 'UTC')::date"
)
# Sums that were restored may be older than the raw rows that were restored with them.
_GRIDS = """(%(grid)s::bigint IS NULL OR grid_id = %(grid)s) AND grid_id NOT IN (
    SELECT restored.grid_id FROM reports_raw_from AS restored WHERE restored.day > %(day)s::date)"""
_USERS = "(%(users)s::bigint[] IS NULL OR user_id = ANY(%(users)s::bigint[]))"
_GRID_HOURS = f"reports_grid_hour WHERE {_HOURS_WITHIN} AND {_USERS}"
_HOUR_OF = "date_trunc('hour', {}, 'UTC') AS hour"

_LINK_HOURS = f"""
SELECT link_id, hour, grid_id, min(user_id) AS user_id, {sums(tables.LINK_HOUR.counts)}
FROM (
    SELECT link_id, {_HOUR_OF.format("clicked_on")}, grid_id, min(user_id) AS user_id,
        count(*) AS accepted, {_VERDICTS}, 0 AS refused, {_FIRST_ON_GRID}, {_FIRST_ON_LINK}
    FROM reports_click WHERE {_CLICKS_WITHIN} AND {_GRIDS} GROUP BY 1, 2, 3
    UNION ALL
    SELECT link_id, hour, grid_id, user_id, refused, 0, 0, 0, refused, 0, 0
    FROM reports_link_hour WHERE {_HOURS_WITHIN} AND refused > 0 AND {_GRIDS}
) AS parts GROUP BY 1, 2, 3"""
_NO_CLICKS = ", ".join("0" for _ in COUNTS)
_NO_VIEWS = ", ".join(f"0 AS views_{name}" for name in COUNTS).replace("views_humans", "views")
_GRID_HOURS_OF_ROWS = f"""
SELECT grid_id, hour, min(user_id) AS user_id, {sums(tables.GRID_HOUR.counts)}
FROM (
    SELECT grid_id, {_HOUR_OF.format("clicked_on")}, min(user_id) AS user_id, count(*) AS accepted,
        {_VERDICTS}, 0 AS refused, {_FIRST_ON_GRID}, {_NO_VIEWS}
    FROM reports_click WHERE {_CLICKS_WITHIN} AND {_GRIDS} GROUP BY 1, 2
    UNION ALL
    SELECT grid_id, {_HOUR_OF.format("viewed_on")}, min(user_id), {_NO_CLICKS},
        count(*), {_VERDICTS}, 0, {_FIRST_ON_GRID}
    FROM reports_view WHERE {_VIEWS_WITHIN} AND {_GRIDS} GROUP BY 1, 2
    UNION ALL
    SELECT grid_id, hour, user_id, refused, 0, 0, 0, refused, 0, views_refused, 0, 0, 0, views_refused, 0
    FROM reports_grid_hour WHERE {_HOURS_WITHIN} AND (refused > 0 OR views_refused > 0) AND {_GRIDS}
) AS parts GROUP BY 1, 2"""
_OF_AGENT = (Dimension.DEVICE, Dimension.BROWSER, Dimension.OS)
_VALUES = ", ".join(
    f"({each.value}::smallint, "
    + (f"coalesce(agent.{each.name}, ''))" if each in _OF_AGENT else f"click.{each.name})")
    for each in Dimension
)
_GRID_VALUES = f"""
SELECT grid_id, %(day)s::date AS day, dimension, value, {_VERDICTS}, {_FIRST_ON_GRID}
FROM reports_click AS click
LEFT JOIN reports_user_agent AS agent ON agent.id = click.user_agent_id
CROSS JOIN LATERAL (VALUES {_VALUES}) AS parts (dimension, value)
WHERE {_CLICKS_WITHIN} AND {_GRIDS}
GROUP BY grid_id, dimension, value"""


@dataclass(frozen=True, slots=True)
class ExpectedRollup:
    """Hold a roll-up, SQL for its expected rows, and the condition on its rows."""

    table: RollupTable
    expected: str
    scope: str = _GRIDS

    def differences(self) -> str:
        """Return SQL for the rows that are not as expected; its parameters are `bounds`."""
        # Columns: key, owner, expected counts (all 0 where no row must be) and, as `kept_...`, stored ones.
        table, key = self.table, ", ".join(self.table.key)
        within = _HOURS_WITHIN if "hour" in table.key else _DAYS_WITHIN
        # A stored row keeps its owner.
        owner = "".join(f", coalesce(kept.{x}, expected.{x}) AS {x}" for x in table.owner)
        counts = "".join(f", coalesce(expected.{x}, 0) AS {x}" for x in table.counts)
        stored = "".join(f", coalesce(kept.{x}, 0) AS kept_{x}" for x in table.counts)
        wanted, found = (
            ", ".join(f"{side}.{x}" for x in table.counts) for side in ("expected", "kept")
        )
        return f"""
        SELECT {key}{owner}{counts}{stored}
        FROM ({self.expected}) AS expected
        FULL JOIN (SELECT * FROM {table.name} WHERE {within} AND {self.scope}) AS kept USING ({key})
        WHERE ({wanted}) IS DISTINCT FROM ({found})"""


OF_USERS = (
    ExpectedRollup(tables.USER_HOUR, tables.user_hours(_GRID_HOURS), _USERS),
    ExpectedRollup(
        tables.USER_DAY_VALUE,
        tables.user_values(f"reports_grid_day_value WHERE {_DAYS_WITHIN}", _GRID_HOURS),
        _USERS,
    ),
)
# Each after those that it is made of.
ROLLUPS = (
    ExpectedRollup(tables.LINK_HOUR, _LINK_HOURS),
    ExpectedRollup(tables.LINK_DAY, tables.link_days(f"({_LINK_HOURS}) AS hours")),
    ExpectedRollup(tables.GRID_HOUR, _GRID_HOURS_OF_ROWS),
    ExpectedRollup(tables.GRID_DAY_VALUE, _GRID_VALUES),
    *OF_USERS,
)


def bounds(
    day: date, grid_id: int | None = None, user_ids: list[int] | None = None
) -> dict[str, Any]:
    """Return the parameters of the queries; None stands for all grids or users."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = start + timedelta(days=1)
    return {"day": day, "start": start, "end": end, "grid": grid_id, "users": user_ids}


def days_between(first: date, last: date) -> Iterator[date]:
    """Yield the days from the first to the last, both included."""
    return (first + timedelta(days=count) for count in range((last - first).days + 1))
