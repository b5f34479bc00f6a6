"""The links and grids that are clicked most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from grids.models import Link
from reports.analytics.groupings import OTHER
from reports.analytics.metrics import GroupedMetrics, Row, click_through_rate, sum_metrics
from reports.reporting.kinds.base import Asking, Data, Question, ReportKind
from reports.reporting.kinds.builders import (
    CLICK_THROUGH,
    CLICKS,
    GRID,
    GRID_TITLE,
    LINK,
    SHARE,
    TITLE,
    URL,
    VIEWS,
    VISITORS,
    bars,
    clicks_of,
    headline,
    shares,
    table,
)
from reports.reporting.kinds.parameters import Parameters, about
from reports.reporting.results.cells import Cell
from reports.reporting.results.result import Column, Result, Table

LIMIT_MAX = 100_000
_NOTE = (
    "“other” is all that is not among them, and “deleted” what is gone for good. Click-through is human"
    " clicks per view of the grid that a link is on now."
)


@dataclass(frozen=True, slots=True)
class TopParameters(Parameters):
    """How many."""

    limit: int = field(
        default=100,
        metadata=about(
            "Of links and of grids; the others are one row.", minimum=1, maximum=LIMIT_MAX
        ),
    )


class Top(ReportKind[TopParameters]):
    """Six queries: three of links, two of grids, and on which of these the links are."""

    name: ClassVar = "top"
    title: ClassVar = "Top links and grids"
    description: ClassVar = (
        "What is clicked most, with its share of all clicks and its click-through."
    )
    reads: ClassVar = frozenset({Data.CLICKS, Data.LINKS})
    parameters: ClassVar = TopParameters

    def result(self) -> Result:
        """The totals as facts, links and grids as tables."""
        asking, limit = Asking(self.question), self.params.limit
        grids = asking.read("grid", limit=LIMIT_MAX)
        tables = [
            links_table(self.question, asking.read("link", limit=limit), grids),
            grids_table(self.question, grids, limit),
        ]
        return self.made(
            asking,
            facts=headline(self.question, grids.totals),
            tables=tables,
            charts=[bars(each, TITLE) for each in tables],
        )


class _Place(NamedTuple):
    """On which grid a link is."""

    grid: str
    title: str


def links_table(question: Question, links: GroupedMetrics, grids: GroupedMetrics) -> Table:
    """The links of a reading, of which `grids` tells the views. One query."""
    rows, views = links.rows, {row.key: row.metrics.views for row in grids.rows}
    places = _places(rows)
    found = [places.get(row.key or "") for row in rows]
    seen = [views.get(place.grid, 0) if place else 0 for place in found]
    columns: dict[Column, Sequence[Cell]] = {
        LINK: [row.key for row in rows],
        TITLE: [row.label for row in rows],
        URL: [row.details.get("url") for row in rows],
        GRID_TITLE: [place.title if place else None for place in found],
        **_counts(question, rows),
        CLICK_THROUGH: [
            click_through_rate(row.metrics, each) for row, each in zip(rows, seen, strict=True)
        ],
    }
    return table("links", "Top links", columns, key=("link",), note=_NOTE)


def grids_table(question: Question, grids: GroupedMetrics, limit: int) -> Table:
    """The first grids of a reading, and all others as one."""
    rows = _cut(grids.rows, limit)
    columns: dict[Column, Sequence[Cell]] = {
        GRID: [row.key for row in rows],
        TITLE: [row.label for row in rows],
        **_counts(question, rows),
        VIEWS: [row.metrics.views for row in rows],
        CLICK_THROUGH: [click_through_rate(row.metrics, row.metrics.views) for row in rows],
    }
    return table("grids", "Top grids", columns, key=("grid",), note=_NOTE)


def _places(rows: Sequence[Row]) -> dict[str, _Place]:
    slugs = [row.key for row in rows if row.key]
    found = Link.objects.filter(slug__in=slugs).values_list("slug", "grid__slug", "grid__title")
    return {slug: _Place(*place) for slug, *place in found}


def _counts(question: Question, rows: Sequence[Row]) -> dict[Column, Sequence[Cell]]:
    """The rows are all there are, so that their shares add up."""
    clicks = [clicks_of(row.metrics, question) for row in rows]
    return {
        CLICKS: clicks,
        VISITORS: [row.metrics.visitors for row in rows],
        SHARE: shares(clicks),
    }


def _cut(rows: list[Row], limit: int) -> list[Row]:
    others = rows[limit:]
    if not others:
        return rows
    return [*rows[:limit], Row(None, OTHER, sum_metrics(row.metrics for row in others), {})]
