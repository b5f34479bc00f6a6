"""Traffic over time, beside that of an earlier period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, NamedTuple

from reports.analytics.metrics import GroupedMetrics, click_through_rate
from reports.reporting.kinds.base import Asking, Data, Question, ReportKind, range_words
from reports.reporting.kinds.builders import (
    BOTS,
    CLICK_THROUGH,
    CLICKS,
    CLICKS_BEFORE,
    VIEWS,
    VISITORS,
    clicks_of,
    headline,
    table,
)
from reports.reporting.kinds.comparison_period import COMPARISONS, FINEST
from reports.reporting.kinds.parameters import Parameters, about
from reports.reporting.kinds.time_steps import (
    STEP_HELP,
    Step,
    check_step,
    step_of,
    time_cell,
    time_column,
)
from reports.reporting.results.cells import Cell
from reports.reporting.results.result import Chart, ChartShape, Column, Fact, Result, Table


@dataclass(frozen=True, slots=True)
class TrafficParameters(Parameters):
    """How time is cut, and what it is compared to."""

    step: Step = field(default="auto", metadata=about(STEP_HELP))
    compare: Literal["none", "previous", "year"] = field(
        default="previous",
        metadata=about("`previous`: of equal length, just before; `year`: the same a year before."),
    )


class Traffic(ReportKind[TrafficParameters]):
    """A query, one for the earlier period, and one more where an hour is cut."""

    name: ClassVar = "traffic"
    title: ClassVar = "Traffic"
    description: ClassVar = (
        "Clicks, visitors and views over time, beside those of an earlier period."
    )
    reads: ClassVar = frozenset({Data.CLICKS})
    parameters: ClassVar = TrafficParameters

    def check(self) -> None:
        """Refuses more steps than an answer can hold."""
        check_step(self.question, self.params.step)

    def result(self) -> Result:
        """The totals as facts, the steps as a table."""
        asking = Asking(self.question)
        step = step_of(self.question, self.params.step)
        found = over_time(asking, step, self.params.compare)
        return self.made(asking, facts=found.facts, tables=[found.table], charts=[found.chart])


class OverTime(NamedTuple):
    """The totals, and the steps that they are the sums of."""

    facts: list[Fact]
    table: Table
    chart: Chart


def over_time(asking: Asking, step: str, compare: str) -> OverTime:
    """By step, beside the period that one of COMPARISONS gives: two queries at most."""
    question, now = asking.question, asking.read(step)
    columns, note, before = _columns(question, now, step), "", None
    if earlier := COMPARISONS[compare](asking.period):
        reading = asking.read(FINEST.get(step, "day"), period=earlier.period)
        beside = earlier.beside(now.rows, reading.rows, step)
        columns[CLICKS_BEFORE] = [clicks_of(numbers, question) for numbers in beside]
        note, before = f"Before is {range_words(earlier.period)}.", reading.totals
    shown = table("traffic", "Clicks over time", columns, key=("time",), note=note)
    return OverTime(headline(question, now.totals, before), shown, _chart(shown))


def _columns(
    question: Question, reading: GroupedMetrics, step: str
) -> dict[Column, Sequence[Cell]]:
    rows = reading.rows
    numbers = [row.metrics for row in rows]
    columns: dict[Column, Sequence[Cell]] = {
        time_column(step): [time_cell(step, row.label, row.details["start"]) for row in rows],
        CLICKS: [clicks_of(each, question) for each in numbers],
        VISITORS: [each.visitors for each in numbers],
        VIEWS: [each.views for each in numbers],
        CLICK_THROUGH: [click_through_rate(each, each.views) for each in numbers],
    }
    if question.include_bots:
        columns[BOTS] = [each.bots for each in numbers]
    return columns


def _chart(shown: Table) -> Chart:
    """All rows: clicks beside those before or, without these, visitors."""
    beside = CLICKS_BEFORE if CLICKS_BEFORE in shown.columns else VISITORS
    series = (CLICKS.name, beside.name)
    return Chart(
        shown.name, shown.title, ChartShape.LINE, shown.name, "time", series, len(shown.rows)
    )
