"""Read metrics by the place and size of tiles when they were clicked."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from reports.analytics.metrics import Metrics
from reports.analytics.periods import Period
from reports.analytics.queries import QueryBuilder, sum_selects
from reports.analytics.read_plan import RawRetention
from reports.analytics.sources import MetricsSource
from reports.models import Dimension


class TileMetrics(NamedTuple):
    """Hold metrics by primary key of a grid and "x,y,width,height", and human views by grid.

    `not_kept` are the clicks whose tile is not stored. For `approximate_before` see GroupedMetrics.
    """

    tiles: dict[tuple[int, str], Metrics]
    not_kept: Metrics
    views: dict[int, int]
    approximate_before: datetime | None


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
        tiles={_split(key): metrics for key, metrics in tiles},
        not_kept=not_kept,
        views={grid: metrics.views for grid, metrics in views},
        approximate_before=values.plan.approximate_before or hours.plan.approximate_before,
    )


def _split(key: str) -> tuple[int, str]:
    grid, _, tile = key.partition(" ")
    return int(grid), tile
