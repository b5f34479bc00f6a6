"""Group metrics by time, link, grid or value; READERS names every grouping."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from grids.models import Grid, Link
from reports.analytics.buckets import STEPS, buckets
from reports.analytics.metrics import (
    ZERO,
    GroupedMetrics,
    Metrics,
    Row,
    click_through_rate,
)
from reports.analytics.periods import Period
from reports.analytics.queries import CLICK_BUCKET, RANKED, QueryBuilder, by_slug, sum_selects
from reports.analytics.read_plan import RawRetention
from reports.analytics.referrer_sites import site_of
from reports.analytics.sources import MetricsSource
from reports.models import Dimension

OTHER = "other"
NOT_KEPT = "not kept"
_NONE = "none or unknown"
_DELETED = "deleted"
_WITH_USER_AGENT = (
    "reports_click LEFT JOIN reports_user_agent ON reports_user_agent.id = user_agent_id"
)
_TABLES = dict.fromkeys((Dimension.BROWSER, Dimension.OS, Dimension.DEVICE), _WITH_USER_AGENT)
# SQL that makes a group's key of a stored value, for dimensions whose values are grouped further.
_KEYS: dict[Dimension, Callable[[str], str]] = {Dimension.REFERRER: site_of}
_TILE_FIELDS = ("x", "y", "width", "height")


@dataclass(frozen=True, slots=True)
class AnalyticsQuery:
    """Represent a query: whose metrics, of which period, and how they are grouped."""

    source: MetricsSource
    period: Period
    retention: RawRetention
    group_by: str
    include_bots: bool
    week_start: str
    # Of groups that are not times, the largest ones are listed; the others become one row.
    limit: int

    def builder(self) -> QueryBuilder:
        """Return a builder of queries for sums by hour over the whole period."""
        return QueryBuilder.for_hours(self.source, self.period, self.retention)


def by_time(query: AnalyticsQuery) -> GroupedMetrics:
    """Group by bucket of time, also those without a click: one query."""
    period = query.period
    steps = buckets(period, group_by=query.group_by, week_start=query.week_start)
    bounds = [step.start for step in steps]
    builder = QueryBuilder.for_hours(query.source, period, query.retention, [*bounds, period.end])
    sql = sum_selects([*builder.buckets(), *builder.raw_clicks(CLICK_BUCKET)])
    found = dict(builder.fetch(sql, bounds=bounds))
    # Each ends where the next one begins.
    times = pairwise(map(period.local, [*bounds, steps[-1].end]))
    rows = [
        _time_row(step.key, time, found.get(number, ZERO))
        for number, (step, time) in enumerate(zip(steps, times, strict=True), start=1)
    ]
    views = sum(row.metrics.views for row in rows)
    return GroupedMetrics(rows, views, builder.plan.approximate_before)


def by_link(query: AnalyticsQuery) -> GroupedMetrics:
    """Group by link: three queries, for clicks, views and the names of the links."""
    builder = query.builder()
    found = _ranked(query, builder, by_slug(builder.by_link(), Link))
    views = sum(metrics.views for _, metrics in builder.fetch(sum_selects(builder.views())))
    named = Link.objects.only("slug", "title", "url").filter(slug__in=[key for key, _ in found])
    links = {link.slug: link for link in named}
    rows = [_link_row(key, metrics, views, links.get(key or "")) for key, metrics in found]
    return GroupedMetrics(rows, views, builder.plan.approximate_before)


def by_grid(query: AnalyticsQuery) -> GroupedMetrics:
    """Group by grid: two queries, for the metrics and the names of the grids."""
    # Of links, clicks count for the grid they were made on, and views for the grid a link is on now.
    builder = query.builder()
    raw = builder.raw_clicks("reports_click.grid_id")
    sql = sum_selects([*builder.grids(), *builder.grid_views(), *raw])
    found = _ranked(query, builder, by_slug(sql, Grid))
    grids = {grid.slug: grid for grid in Grid.objects.filter(slug__in=[key for key, _ in found])}
    rows = [_grid_row(key, metrics, grids.get(key or "")) for key, metrics in found]
    views = sum(row.metrics.views for row in rows)
    return GroupedMetrics(rows, views, builder.plan.approximate_before)


def by_values(dimensions: Iterable[str], query: AnalyticsQuery) -> dict[str, GroupedMetrics]:
    """Group by each dimension: a query for each, and one for what has no value."""
    hours = query.builder()
    undetailed = hours.fetch_undetailed(*hours.views())
    before = hours.plan.approximate_before
    groups = {name: _by_value(Dimension[name.upper()], query, undetailed) for name in dimensions}
    return {
        name: group._replace(approximate_before=group.approximate_before or before)
        for name, group in groups.items()
    }


def _by_value(dimension: Dimension, query: AnalyticsQuery, undetailed: Metrics) -> GroupedMetrics:
    builder = QueryBuilder.for_values(query.source, query.period, query.retention)
    key = _KEYS.get(dimension, str)
    raw_key = key(f"coalesce({dimension.name.lower()}, '')")
    raw = builder.raw_clicks(raw_key, _TABLES.get(dimension, "reports_click"))
    found = _ranked(query, builder, sum_selects([*builder.values(key("value")), *raw]), dimension)
    views = undetailed.views
    rows = [_value_row(dimension, key, metrics, views) for key, metrics in found]
    if any(without_value := undetailed._replace(views=0)):
        rows.append(Row(None, NOT_KEPT, without_value, {}))
    return GroupedMetrics(rows, views, builder.plan.approximate_before)


def _ranked(
    query: AnalyticsQuery, builder: QueryBuilder, sql: str, dimension: int = 0
) -> list[tuple[str | None, Metrics]]:
    params = {"bots_weight": int(query.include_bots), "limit": query.limit, "dimension": dimension}
    return builder.fetch(RANKED.format(counted=sql), params=params)


def _time_row(key: str, time: tuple[str, str], metrics: Metrics) -> Row:
    start, end = time
    return Row(key, key, metrics, {"start": start, "end": end, **_view_details(metrics)})


def _view_details(metrics: Metrics) -> dict[str, Any]:
    rate = click_through_rate(metrics, metrics.views)
    return {"views": metrics.views, "click_through_rate": rate}


def _grid_row(key: str | None, metrics: Metrics, grid: Grid | None) -> Row:
    if key is None:
        return Row(None, OTHER, metrics, _view_details(metrics))
    names = {name: getattr(grid, name, None) for name in ("slug", "title")}
    return Row(key, grid.title if grid else _DELETED, metrics, names | _view_details(metrics))


def _link_row(key: str | None, metrics: Metrics, views: int, link: Link | None) -> Row:
    if key is None:
        return Row(None, OTHER, metrics, {})
    details = {name: getattr(link, name, None) for name in ("slug", "title", "url")}
    details["click_through_rate"] = click_through_rate(metrics, views)
    return Row(key, link.title if link else _DELETED, metrics, details)


def _value_row(dimension: Dimension, key: str | None, metrics: Metrics, views: int) -> Row:
    if key is None:
        return Row(None, OTHER, metrics, {})
    details = _tile_details(key, metrics, views) if dimension == Dimension.TILE else {}
    return Row(key, key or _NONE, metrics, details)


def _tile_details(key: str, metrics: Metrics, views: int) -> dict[str, Any]:
    # A producer of another version may write something else.
    cells = [int(cell) for cell in key.split(",") if cell.isdecimal()]
    is_tile = len(cells) == len(_TILE_FIELDS)
    place = dict(zip(_TILE_FIELDS, cells, strict=True)) if is_tile else {}
    return {**place, "click_through_rate": click_through_rate(metrics, views)}


def _by_one_dimension(name: str, query: AnalyticsQuery) -> GroupedMetrics:
    return by_values([name], query)[name]


READERS: dict[str, Callable[[AnalyticsQuery], GroupedMetrics]] = {
    **dict.fromkeys(STEPS, by_time),
    "link": by_link,
    "grid": by_grid,
    **{each.name.lower(): partial(_by_one_dimension, each.name.lower()) for each in Dimension},
}
