"""Read the metrics of every clicked link, by primary key."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from reports.analytics.metrics import Metrics
from reports.analytics.periods import Period
from reports.analytics.queries import QueryBuilder, sum_selects
from reports.analytics.read_plan import RawRetention
from reports.analytics.sources import MetricsSource


class LinkMetrics(NamedTuple):
    """Hold metrics by primary key of a link; for `approximate_before` see GroupedMetrics."""

    links: dict[int, Metrics]
    approximate_before: datetime | None


def read_link_metrics(
    source: MetricsSource, period: Period, retention: RawRetention
) -> LinkMetrics:
    """Read the metrics of the links that have clicks in the period: one query."""
    builder = QueryBuilder.for_hours(source, period, retention)
    sql = sum_selects([*builder.links(), *builder.raw_clicks("reports_click.link_id")])
    return LinkMetrics(dict(builder.fetch(sql)), builder.plan.approximate_before)
