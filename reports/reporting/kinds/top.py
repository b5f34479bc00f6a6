"""Report the links and grids with the most clicks."""

from __future__ import annotations

from grids.models import Link
from reports.analytics.groupings import OTHER
from reports.analytics.metrics import GroupedMetrics, Row, click_through_rate, sum_metrics
from reports.reporting.kinds import builders as build
from reports.reporting.kinds.base import DataSource, MetricsReader, ReportKind, ReportQuery
from reports.reporting.kinds.parameters import LIMIT_MAX, Parameters, limit_field
from reports.reporting.results.result import Result, Table

_NOTE = (
    "“other” is the sum of all others, and “deleted” what no longer exists. Click-through is human clicks per"
    " view of the grid that a link is on now."
)


class TopParameters(Parameters):
    """Validate how many links and grids are listed."""

    limit = limit_field(100, "The most links, and the most grids; all others are one row.")


class Top(ReportKind):
    """Report top links and grids in six queries."""

    name = "top"
    title = "Top links and grids"
    description = "What is clicked most, with its share of all clicks and its click-through."
    reads = frozenset({DataSource.CLICKS, DataSource.LINKS})
    parameters = TopParameters

    def result(self) -> Result:
        """Return the totals as facts, links and grids as tables."""
        reader, limit = MetricsReader(self.query), self.params["limit"]
        grids = reader.read("grid", limit=LIMIT_MAX)
        tables = [
            links_table(self.query, reader.read("link", limit=limit), grids),
            grids_table(self.query, grids, limit),
        ]
        return self.build_result(
            reader,
            facts=build.total_facts(self.query, grids.totals),
            tables=tables,
            charts=[build.bar_chart(each, build.TITLE) for each in tables],
        )


def links_table(query: ReportQuery, links: GroupedMetrics, grids: GroupedMetrics) -> Table:
    """Return the table of links, with views from their grids: one query."""
    rows, views = links.rows, {row.key: row.metrics.views for row in grids.rows}
    slugs = [row.key for row in rows if row.key]
    fields = ("slug", "grid__slug", "grid__title")
    found = Link.objects.filter(slug__in=slugs).values_list(*fields)
    grid_of = {slug: grid for slug, *grid in found}
    placed = [grid_of.get(row.key, ("", None)) for row in rows]
    columns: build.Columns = {
        build.LINK: [row.key for row in rows],
        build.TITLE: [row.label for row in rows],
        build.URL: [row.details.get("url") for row in rows],
        build.GRID_TITLE: [title for _, title in placed],
        **build.click_columns(query, rows),
        build.CLICK_THROUGH: [
            click_through_rate(row.metrics, views.get(grid, 0))
            for row, (grid, _) in zip(rows, placed, strict=True)
        ],
    }
    return build.table("links", "Top links", columns, key=("link",), note=_NOTE)


def grids_table(query: ReportQuery, grids: GroupedMetrics, limit: int) -> Table:
    """Return the table of the first grids, with all others as one row."""
    rows, others = grids.rows[:limit], grids.rows[limit:]
    if others:
        rows.append(Row(None, OTHER, sum_metrics(row.metrics for row in others), {}))
    columns: build.Columns = {
        build.GRID: [row.key for row in rows],
        build.TITLE: [row.label for row in rows],
        **build.click_columns(query, rows),
        build.VIEWS: [row.metrics.views for row in rows],
        build.CLICK_THROUGH: [click_through_rate(row.metrics, row.metrics.views) for row in rows],
    }
    return build.table("grids", "Top grids", columns, key=("grid",), note=_NOTE)
