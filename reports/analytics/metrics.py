"""Hold metrics of clicks and views, and tables of them by group."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple


class Metrics(NamedTuple):
    """Count clicks by outcome, human visitors, and human views of the grid's page."""

    humans: int = 0
    duplicates: int = 0
    bots: int = 0
    refused: int = 0
    visitors: int = 0
    views: int = 0


ZERO = Metrics()


def sum_metrics(metrics: Iterable[Metrics]) -> Metrics:
    """Return the sums, field by field."""
    return Metrics(*map(sum, zip(ZERO, *metrics, strict=True)))


def click_through_rate(metrics: Metrics, views: int) -> float | None:
    """Return human clicks per human view, to four places; None without views."""
    return round(metrics.humans / views, 4) if views else None


class Row(NamedTuple):
    """Represent one group: `key` names it for programs, `label` for people."""

    # None for a group that cannot be named.
    key: str | None
    label: str
    metrics: Metrics
    # Further fields of its JSON.
    details: dict[str, Any]


class GroupedMetrics(NamedTuple):
    """Hold all groups, which add up to the whole, and all views."""

    rows: list[Row]
    # Not every grouping can tell them by group.
    views: int
    # Before that time, hours or days that a boundary cuts are counted as a whole.
    approximate_before: datetime | None

    @property
    def totals(self) -> Metrics:
        """Return the sum of the rows, with the views of the whole."""
        return sum_metrics(row.metrics for row in self.rows)._replace(views=self.views)
