"""Report clicks, visitors and views over time, beside those of an earlier period."""

from __future__ import annotations

from typing import NamedTuple

from rest_framework.serializers import ChoiceField

from reports.analytics.metrics import GroupedMetrics, click_through_rate
from reports.reporting.kinds import builders as build
from reports.reporting.kinds.base import DataSource, MetricsReader, ReportQuery, describe_range
from reports.reporting.kinds.comparison_period import COMPARISONS
from reports.reporting.kinds.time_steps import (
    StepParameters,
    SteppedKind,
    time_cell,
    time_column,
)
from reports.reporting.results.result import Chart, Fact, Result, Table


class TrafficParameters(StepParameters):
    """Validate how time is divided, and what it is compared to."""

    compare = ChoiceField(
        list(COMPARISONS),
        default="previous",
        help_text="`previous`: the period of equal length just before; `year`: the same dates a year before.",
    )


class Traffic(SteppedKind):
    """Report traffic in one to three queries: also the earlier period, and divided hours."""

    name = "traffic"
    title = "Traffic"
    description = "Clicks, visitors and views over time, beside those of an earlier period."
    reads = frozenset({DataSource.CLICKS})
    parameters = TrafficParameters

    def result(self) -> Result:
        """Return the totals as facts, the steps as a table."""
        reader = MetricsReader(self.query)
        traffic = read_traffic(reader, self.step, self.params["compare"])
        return self.build_result(
            reader, facts=traffic.facts, tables=[traffic.table], charts=[traffic.chart]
        )


class TrafficParts(NamedTuple):
    """Hold the totals, and the steps that they are the sums of."""

    facts: list[Fact]
    table: Table
    chart: Chart


def read_traffic(reader: MetricsReader, step: str, compare: str) -> TrafficParts:
    """Read traffic by step, beside a period of COMPARISONS: two queries at most."""
    query, now = reader.query, reader.read(step)
    columns, note, before = _columns(query, now, step), "", None
    if earlier := COMPARISONS[compare](reader.period):
        grouped = reader.read("hour" if step == "hour" else "day", period=earlier.period)
        aligned = earlier.align(now.rows, grouped.rows, step)
        columns[build.CLICKS_BEFORE] = [build.clicks_of(metrics, query) for metrics in aligned]
        note, before = f"Before is {describe_range(earlier.period)}.", grouped.totals
    shown = build.table("traffic", "Clicks over time", columns, key=("time",), note=note)
    beside = build.CLICKS_BEFORE if earlier else build.VISITORS
    chart = build.line_chart(shown, "time", build.CLICKS.name, beside.name)
    return TrafficParts(build.total_facts(query, now.totals, before), shown, chart)


def _columns(query: ReportQuery, grouped: GroupedMetrics, step: str) -> build.Columns:
    metrics = [row.metrics for row in grouped.rows]
    columns: build.Columns = {
        time_column(step): [
            time_cell(step, row.label, row.details["start"]) for row in grouped.rows
        ],
        build.CLICKS: [build.clicks_of(each, query) for each in metrics],
        build.VISITORS: [each.visitors for each in metrics],
        build.VIEWS: [each.views for each in metrics],
        build.CLICK_THROUGH: [click_through_rate(each, each.views) for each in metrics],
    }
    if query.include_bots:
        columns[build.BOTS] = [each.bots for each in metrics]
    return columns
