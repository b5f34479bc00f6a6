"""Read metrics by link, by tile and by entry of the ledger, for reports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from reports.analytics.buckets import Bucket
from reports.analytics.metrics import Metrics
from reports.analytics.periods import Period
from reports.analytics.queries import QueryBuilder, sum_selects
from reports.analytics.read_plan import RawRetention
from reports.analytics.sources import MetricsSource
from reports.models import Dimension

_LEDGER = """
SELECT width_bucket(hour, %(bounds)s::timestamptz[]),
    sum(accepted)::bigint, sum(humans)::bigint, sum(duplicates)::bigint, sum(bots)::bigint,
    sum(refused)::bigint, bool_and(accepted = humans + duplicates + bots + refused)
FROM {hours} AND hour >= %(start)s AND hour < %(end)s GROUP BY 1
"""


class LinkMetrics(NamedTuple):
    """Hold metrics by primary key of a link; for `approximate_before` see GroupedMetrics."""

    links: dict[int, Metrics]
    approximate_before: datetime | None


class TileMetrics(NamedTuple):
    """Hold metrics by primary key of a grid and "x,y,width,height" when it was clicked."""

    tiles: dict[tuple[int, str], Metrics]
    # Clicks whose tile is not stored.
    not_kept: Metrics
    # Human views by grid.
    views: dict[int, int]
    approximate_before: datetime | None


class LedgerEntry(NamedTuple):
    """Hold sums of clicks, and whether every single row of the ledger adds up."""

    accepted: int = 0
    humans: int = 0
    duplicates: int = 0
    bots: int = 0
    refused: int = 0
    balanced: bool = True


def read_link_metrics(
    source: MetricsSource, period: Period, retention: RawRetention
) -> LinkMetrics:
    """Read the metrics of the links that have clicks in the period: one query."""
    builder = QueryBuilder.for_hours(source, period, retention)
    return LinkMetrics(dict(builder.fetch(builder.by_link())), builder.plan.approximate_before)


def read_tile_metrics(
    source: MetricsSource, period: Period, retention: RawRetention
) -> TileMetrics:
    """Read the metrics of all tiles in three queries, whatever the number of clicks."""
    values = QueryBuilder.for_values(source, period, retention)
    selects = [
        *values.grid_values("grid_id || ' ' || value"),
        *values.raw_clicks("reports_click.grid_id || ' ' || tile"),
    ]
    tiles = values.fetch(sum_selects(selects), params={"dimension": Dimension.TILE})
    hours = QueryBuilder.for_hours(source, period, retention)
    not_kept = hours.fetch_undetailed()
    views = hours.fetch(sum_selects(hours.grid_views()))
    return TileMetrics(
        tiles={_grid_and_tile(key): metrics for key, metrics in tiles},
        not_kept=not_kept,
        views={grid: metrics.views for grid, metrics in views},
        approximate_before=values.plan.approximate_before or hours.plan.approximate_before,
    )


def read_ledger(
    source: MetricsSource, period: Period, steps: Sequence[Bucket]
) -> list[LedgerEntry]:
    """Return an entry for each bucket, of the UTC hours beginning in it: one query."""
    bounds = [step.start for step in steps]
    params = {"bounds": bounds, "start": period.start, "end": period.end, **source.params}
    # By grid, since an error in one could be offset by another.
    with connection.cursor() as cursor:
        cursor.execute(_LEDGER.format(hours=source.grid_hours), params)
        found = {number: LedgerEntry(*entry) for number, *entry in cursor.fetchall()}
    return [found.get(number, LedgerEntry()) for number in range(1, len(steps) + 1)]


def _grid_and_tile(key: str) -> tuple[int, str]:
    grid, _, tile = key.partition(" ")
    return int(grid), tile
