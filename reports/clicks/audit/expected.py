"""What the roll-ups of a UTC day must be by its raw clicks and views, and where they are not.

There are no rows of what was refused: `refused` is taken from the ledger as it is, for links from LinkHour
and for grids from GridHour. Users' sums are held against those of their grids, which come first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import models

from reports.clicks.rollups import users
from reports.models import (
    Dimension,
    GridDayValue,
    GridHour,
    LinkDay,
    LinkHour,
    UserDayValue,
    UserHour,
    Verdict,
)

_CLICKS = ("accepted", "humans", "duplicates", "bots", "refused", "visitors")
_VIEWS = (
    "views_accepted",
    "views",
    "views_duplicates",
    "views_bots",
    "views_refused",
    "views_visitors",
)
_PARTS = f"""
count(*) FILTER (WHERE verdict = {Verdict.HUMAN}) AS humans,
count(*) FILTER (WHERE verdict = {Verdict.DUPLICATE}) AS duplicates,
count(*) FILTER (WHERE verdict = {Verdict.BOT}) AS bots"""
_FIRST_ON_GRID = "count(*) FILTER (WHERE is_first_on_grid) AS visitors"
_FIRST_ON_LINK = "count(*) FILTER (WHERE is_first_on_link) AS link_visitors"
_DAY = "{0} >= %(start)s AND {0} < %(end)s"
# Sums that were restored may be older than the raw rows that were restored with them.
_SCOPE = """(%(grid)s::bigint IS NULL OR grid_id = %(grid)s) AND grid_id NOT IN (
    SELECT restored.grid_id FROM reports_raw_from AS restored WHERE restored.day > %(day)s::date)"""

_USERS = "(%(users)s::bigint[] IS NULL OR user_id = ANY(%(users)s::bigint[]))"
_HOURS_WITHIN = _DAY.format("hour")
_DAYS_WITHIN = (
    "day >= (%(start)s AT TIME ZONE 'UTC')::date AND day < (%(end)s AT TIME ZONE 'UTC')::date"
)
_HOURS_OF_USERS = f"reports_grid_hour WHERE {_HOURS_WITHIN} AND {_USERS}"


def _link_rows(key: str, raw: str, kept: str) -> str:
    """By link, grid and `key`, which is `raw` of a click's row and `kept` of the ledger's."""
    return f"""
    SELECT link_id, {key}, grid_id, min(user_id) AS user_id, {_sums(*_CLICKS, "link_visitors")}
    FROM (
        SELECT link_id, {raw} AS {key}, grid_id, min(user_id) AS user_id,
            count(*) AS accepted, {_PARTS}, 0 AS refused, {_FIRST_ON_GRID}, {_FIRST_ON_LINK}
        FROM reports_click WHERE {_DAY.format("clicked_on")} AND {_SCOPE} GROUP BY 1, 2, 3
        UNION ALL
        SELECT link_id, {kept}, grid_id, user_id, refused, 0, 0, 0, refused, 0, 0
        FROM reports_link_hour
        WHERE {_DAY.format("hour")} AND refused > 0 AND {_SCOPE}
    ) AS parts GROUP BY 1, 2, 3"""


def _grid_rows() -> str:
    """By grid and hour."""
    hour = "date_trunc('hour', {}, 'UTC') AS hour"
    none = ", ".join("0" for _ in _CLICKS)
    return f"""
    SELECT grid_id, hour, min(user_id) AS user_id, {_sums(*_CLICKS, *_VIEWS)}
    FROM (
        SELECT grid_id, {hour.format("clicked_on")}, min(user_id) AS user_id, count(*) AS accepted,
            {_PARTS}, 0 AS refused, {_FIRST_ON_GRID}, {", ".join(f"0 AS {name}" for name in _VIEWS)}
        FROM reports_click WHERE {_DAY.format("clicked_on")} AND {_SCOPE} GROUP BY 1, 2
        UNION ALL
        SELECT grid_id, {hour.format("viewed_on")}, min(user_id), {none},
            count(*), {_PARTS}, 0, {_FIRST_ON_GRID}
        FROM reports_view WHERE {_DAY.format("viewed_on")} AND {_SCOPE} GROUP BY 1, 2
        UNION ALL
        SELECT grid_id, hour, user_id, refused, 0, 0, 0, refused, 0,
            views_refused, 0, 0, 0, views_refused, 0
        FROM reports_grid_hour
        WHERE {_DAY.format("hour")} AND (refused > 0 OR views_refused > 0)
            AND {_SCOPE}
    ) AS parts GROUP BY 1, 2"""


def _values() -> str:
    """By grid, dimension and value. What a header says is looked up."""
    of_agent = (Dimension.DEVICE, Dimension.BROWSER, Dimension.OS)
    pairs = ", ".join(
        f"({each.value}::smallint, "
        + (f"coalesce(agent.{each.name}, ''))" if each in of_agent else f"click.{each.name})")
        for each in Dimension
    )
    return f"""
    SELECT grid_id, %(day)s::date AS day, dimension, value, {_PARTS}, {_FIRST_ON_GRID}
    FROM reports_click AS click
    LEFT JOIN reports_user_agent AS agent ON agent.id = click.user_agent_id
    CROSS JOIN LATERAL (VALUES {pairs}) AS parts (dimension, value)
    WHERE {_DAY.format("clicked_on")} AND {_SCOPE}
    GROUP BY grid_id, dimension, value"""


def _sums(*names: str) -> str:
    return ", ".join(f"sum({name})::bigint AS {name}" for name in names)


@dataclass(frozen=True, slots=True)
class Rollup:
    """A table of sums: `expected` selects its rows of a day, `key` and `owner` say whose."""

    model: type[models.Model]
    expected: str
    owner: tuple[str, ...]
    counts: tuple[str, ...]
    scope: str = _SCOPE

    @property
    def table(self) -> str:
        """Its name."""
        return self.model._meta.db_table

    @property
    def key(self) -> list[str]:
        """The columns of its primary key."""
        return [column.name for column in self.model._meta.pk_fields]

    def differences(self) -> str:
        """Selects the rows that are not as expected: key, owner, expected counts (all 0: to be no row) and,
        as `kept_...`, the counts there are. Takes the values of `bounds`."""
        key = self.key
        within = _HOURS_WITHIN if "hour" in key else _DAYS_WITHIN
        # A row has one owner: the first, whoever came later.
        owner = "".join(f", coalesce(kept.{x}, expected.{x}) AS {x}" for x in self.owner)
        counts = "".join(f", coalesce(expected.{x}, 0) AS {x}" for x in self.counts)
        before = "".join(f", coalesce(kept.{x}, 0) AS kept_{x}" for x in self.counts)
        wanted, found = (
            ", ".join(f"{side}.{x}" for x in self.counts) for side in ("expected", "kept")
        )
        return f"""
        SELECT {", ".join(key)}{owner}{counts}{before}
        FROM ({self.expected}) AS expected
        FULL JOIN (SELECT * FROM {self.table} WHERE {within} AND {self.scope}) AS kept
            USING ({", ".join(key)})
        WHERE ({wanted}) IS DISTINCT FROM ({found})"""


OF_ROWS = (
    Rollup(
        LinkHour,
        _link_rows("hour", "date_trunc('hour', clicked_on, 'UTC')", "hour"),
        ("user_id",),
        (*_CLICKS, "link_visitors"),
    ),
    Rollup(
        LinkDay,
        _link_rows("day", "%(day)s::date", "%(day)s::date"),
        ("user_id",),
        (*_CLICKS, "link_visitors"),
    ),
    Rollup(GridHour, _grid_rows(), ("user_id",), (*_CLICKS, *_VIEWS)),
    Rollup(GridDayValue, _values(), (), ("humans", "duplicates", "bots", "visitors")),
)
OF_USERS = (
    Rollup(UserHour, users.hours(_HOURS_OF_USERS), (), users.HOUR_COUNTS, _USERS),
    Rollup(
        UserDayValue,
        users.values(f"reports_grid_day_value WHERE {_DAYS_WITHIN}", _HOURS_OF_USERS),
        (),
        users.VALUE_COUNTS,
        _USERS,
    ),
)
ROLLUPS = (*OF_ROWS, *OF_USERS)
"""Each after those that it is made of."""


def bounds(
    day: date, grid_id: int | None = None, user_ids: list[int] | None = None
) -> dict[str, Any]:
    """What the queries are asked with: a UTC day, one grid or all, some users or all."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = start + timedelta(days=1)
    return {"day": day, "start": start, "end": end, "grid": grid_id, "users": user_ids}


def days_between(first: date, last: date) -> Iterator[date]:
    """Both included."""
    return (first + timedelta(days=count) for count in range((last - first).days + 1))
