"""Build and run the SQL that sums clicks and views by a key.

The methods of QueryBuilder that are named after a key return SELECTs of that key and the columns of Metrics;
`sum_selects` adds several up by key. Their parameters are those of MetricsSource, Period and ReadPlan, and
the lower bounds of the buckets as `bounds`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from grids.models import Grid, Link
from reports.analytics.metrics import Metrics, sum_metrics
from reports.analytics.periods import Period
from reports.analytics.read_plan import RawRetention, ReadPlan, plan_days, plan_hours, plan_raw
from reports.analytics.sources import MetricsSource
from reports.models import Verdict

_IN_RANGE = "hour >= %(start)s AND hour < %(end)s"
_DAYS = "day >= (%(first_day)s AT TIME ZONE 'UTC')::date AND day < (%(last_day)s AT TIME ZONE 'UTC')::date"
_CUT = "hour = ANY(%(cut)s::timestamptz[])"
_INTERVALS = "unnest(%(since)s::timestamptz[], %(until)s::timestamptz[]) AS piece(since, until)"
_SUMS = ", ".join(f"sum({name})::bigint AS {name}" for name in Metrics._fields)
_HOUR_BUCKET, CLICK_BUCKET, _VIEW_BUCKET = (
    f"width_bucket({column}, %(bounds)s::timestamptz[])"
    for column in ("hour", "clicked_on", "viewed_on")
)
_COUNTS = {name: name for name in ("humans", "duplicates", "bots")}
_RAW_COUNTS = {
    name: f"count(*) FILTER (WHERE verdict = {verdict})"
    for name, verdict in zip(_COUNTS, (Verdict.HUMAN, Verdict.DUPLICATE, Verdict.BOT), strict=True)
}
_CLICKS = "humans + bots * %(bots_weight)s"
# The `limit` groups with most clicks, then the others under NULL.
RANKED = f"""
WITH ranked AS (
    SELECT counted.*, row_number() OVER (ORDER BY {_CLICKS} DESC, key COLLATE "C") AS place
    FROM ({{counted}}) AS counted
)
SELECT CASE WHEN place <= %(limit)s THEN key END, {_SUMS}
FROM ranked GROUP BY 1, place <= %(limit)s ORDER BY min(place)
"""
# Deleted objects have metrics, and no slug.
_BY_SLUG = f"""
SELECT coalesce(slug, '') AS key, {_SUMS} FROM ({{counted}}) AS by_id
LEFT JOIN {{table}} AS named ON named.id = by_id.key GROUP BY 1
"""


def sum_selects(selects: Sequence[str]) -> str:
    """Return SQL for the sums by key over all the SELECTs."""
    union = " UNION ALL ".join(f"({select})" for select in selects)
    return f"SELECT key, {_SUMS} FROM ({union}) AS part GROUP BY key"


def by_slug(summed: str, model: type[Grid | Link]) -> str:
    """Return SQL that groups sums by slug instead of primary key; '' for deleted objects."""
    return _BY_SLUG.format(counted=summed, table=model._meta.db_table)


@dataclass(frozen=True, slots=True)
class QueryBuilder:
    """Build and run the queries for one source and period, according to a plan."""

    source: MetricsSource
    period: Period
    retention: RawRetention
    plan: ReadPlan

    @classmethod
    def for_hours(
        cls,
        source: MetricsSource,
        period: Period,
        retention: RawRetention,
        bounds: Sequence[datetime] = (),
    ) -> QueryBuilder:
        """Return a builder for sums by hour, cut at the bounds or the period's ends."""
        plan = plan_hours(period, bounds or (period.start, period.end), retention)
        return cls(source, period, retention, plan)

    @classmethod
    def for_values(
        cls, source: MetricsSource, period: Period, retention: RawRetention
    ) -> QueryBuilder:
        """Return a builder for sums by value, which for links are in raw rows only."""
        plan = (plan_days if source.values else plan_raw)(period, retention)
        return cls(source, period, retention, plan)

    def buckets(self) -> list[str]:
        """Select clicks and views by bucket; a table that has both is read once."""
        if self.source.views != self.source.hours:
            return [*self._hours(_HOUR_BUCKET, self.source.hours), *self.views()]
        both = self._hours(_HOUR_BUCKET, self.source.hours, views="views")
        return [*both, *self._raw_views(_VIEW_BUCKET)]

    def grids(self) -> list[str]:
        """Select clicks by grid, from hours."""
        return self._hours("grid_id", self.source.grid_hours)

    def by_link(self) -> str:
        """Return SQL for clicks by link, from days, hours and raw rows."""
        days = f"reports_link_day WHERE {self.source.condition} AND {_DAYS}"
        ends = (
            f"reports_link_hour WHERE {self.source.condition} AND {_IN_RANGE}"
            " AND (hour < %(first_day)s OR hour >= %(last_day)s)"
        )
        return sum_selects(
            [
                _select("link_id", days, **self._counts()),
                _select("link_id", f"{ends}{self._uncut()}", **self._counts()),
                *self._if_cut("link_id", f"{ends} AND refused > 0"),
                *self.raw_clicks("reports_click.link_id"),
            ]
        )

    def values(self, key: str) -> list[str]:
        """Select clicks by a key of `value`, from days; of links nothing.

        The values are those of the parameter `dimension`.
        """
        return _by_value(key, self.source.values) if self.source.values else []

    def grid_values(self, key: str) -> list[str]:
        """Select the same by a key made of `grid_id` and `value`."""
        table = f"reports_grid_day_value WHERE grid_id = ANY({self.source.grids})"
        return _by_value(key, table) if self.source.values else []

    def views(self) -> list[str]:
        """Select views by bucket."""
        table = f"{self.source.views} AND {_IN_RANGE}{self._uncut()}"
        return [_select(_HOUR_BUCKET, table, views="views"), *self._raw_views(_VIEW_BUCKET)]

    def grid_views(self) -> list[str]:
        """Select views by grid."""
        table = f"reports_grid_hour WHERE grid_id = ANY({self.source.grids}) AND {_IN_RANGE}"
        whole = _select("grid_id", f"{table}{self._uncut()}", views="views")
        return [whole, *self._raw_views("grid_id")]

    def raw_clicks(self, key: str, table: str = "reports_click") -> list[str]:
        """Select clicks by any key from raw rows: one index range per interval and target."""
        if not self.plan.raw_intervals:
            return []
        counted = _select(
            key,
            f"{table} WHERE {self.source.clicks}"
            " AND clicked_on >= piece.since AND clicked_on < piece.until GROUP BY 1",
            **_RAW_COUNTS,
            visitors=f"count(*) FILTER (WHERE {self.source.is_first})",
        )
        return [
            f"SELECT raw.* FROM {_INTERVALS} CROSS JOIN LATERAL ({self.source.targets}) AS target"
            f" CROSS JOIN LATERAL ({counted}) AS raw"
        ]

    def fetch(
        self,
        sql: str,
        *,
        bounds: Sequence[datetime] = (),
        params: Mapping[str, Any] | None = None,
    ) -> list[tuple[Any, Metrics]]:
        """Run one query of keys and the columns of Metrics."""
        values = {
            "start": self.period.start,
            "end": self.period.end,
            "bounds": _array(bounds or [self.period.start]),
            **self.source.params,
            **self.plan.params,
            **(params or {}),
        }
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return [(key, Metrics(*metrics)) for key, *metrics in cursor.fetchall()]

    def fetch_undetailed(self, *selects: str) -> Metrics:
        """Return the sum of the SELECTs and of clicks without known values."""
        # Those are the refused clicks and, of links, the clicks whose raw rows are no longer stored.
        mine = f"{self.source.hours} AND {_IN_RANGE}"
        lost = f"{mine} AND hour < %(lost_until)s"
        counts = _COUNTS | {"visitors": self.source.visitors}
        sql = sum_selects(
            [_select("1", mine, refused="refused"), _select("1", lost, **counts), *selects]
        )
        until = self.period.start if self.source.values else self.retention.since
        found = self.fetch(sql, params={"lost_until": until})
        return sum_metrics(metrics for _, metrics in found)

    def _hours(self, key: str, hours: str, *, views: str = "0") -> list[str]:
        """Select by key from hours; refused clicks, without raw rows, where their hour begins."""
        mine = f"{hours} AND {_IN_RANGE}"
        whole = _select(key, f"{mine}{self._uncut()}", **self._counts(), views=views)
        return [whole, *self._if_cut(key, mine)]

    def _raw_views(self, key: str) -> list[str]:
        if not self.plan.raw_intervals:
            return []
        table = (
            f"{_INTERVALS} JOIN reports_view ON grid_id = ANY({self.source.grids})"
            " AND viewed_on >= piece.since AND viewed_on < piece.until GROUP BY 1"
        )
        return [_select(key, table, views=_RAW_COUNTS["humans"])]

    def _counts(self) -> dict[str, str]:
        return _COUNTS | {"refused": "refused", "visitors": self.source.visitors}

    def _if_cut(self, key: str, hours: str) -> list[str]:
        # Without cut hours this SELECT would read all hours, and find nothing.
        cut = _select(key, f"{hours} AND {_CUT}", refused="refused")
        return [cut] if self.plan.cut_hours else []

    def _uncut(self) -> str:
        return f" AND NOT {_CUT}" if self.plan.cut_hours else ""


def _select(key: str, table: str, **columns: str) -> str:
    metrics = ", ".join(f"{columns.get(name, '0')} AS {name}" for name in Metrics._fields)
    return f"SELECT {key} AS key, {metrics} FROM {table}"


def _by_value(key: str, table: str) -> list[str]:
    condition = f"dimension = %(dimension)s AND {_DAYS}"
    return [_select(key, f"{table} AND {condition}", **_COUNTS, visitors="visitors")]


def _array(moments: Sequence[datetime]) -> str:
    """Return an array literal; for a list, the driver writes an expression slow to parse."""
    return f"{{{','.join(moment.isoformat() for moment in moments)}}}"
