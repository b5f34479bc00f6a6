"""Traffic over time, beside that of an earlier period."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from reports.analytics.groupings import rate
from reports.analytics.numbers import Reading
from reports.kinds.asking import Asking, range_words
from reports.kinds.base import Data, ReportKind
from reports.kinds.earlier import COMPARISONS, FINEST
from reports.kinds.figures import (
    BOTS,
    CLICK_THROUGH,
    CLICKS,
    VIEWS,
    VISITORS,
    clicks_of,
    headline,
    table,
)
from reports.kinds.parameters import Parameters, about
from reports.kinds.steps import STEP_HELP, Step, step_of, time_cell, time_column
from reports.results.cells import Cell, CellType
from reports.results.result import Chart, ChartShape, Column, Result, Table

BEFORE = Column("clicks_before", "Clicks before", CellType.INTEGER)


@dataclass(frozen=True, slots=True)
class TrafficParameters(Parameters):
    """How time is cut, and what it is compared to."""

    step: Step = field(default="auto", metadata=about(STEP_HELP))
    compare: Literal["none", "previous", "year"] = field(
        default="previous",
        metadata=about("`previous`: of equal length, just before; `year`: the same a year before."),
    )


class Traffic(ReportKind[TrafficParameters]):
    """Two queries, and one more for the earlier period."""

    name: ClassVar = "traffic"
    title: ClassVar = "Traffic"
    description: ClassVar = (
        "Clicks, visitors and views over time, beside those of an earlier period."
    )
    reads: ClassVar = frozenset({Data.CLICKS})
    parameters: ClassVar = TrafficParameters

    def check(self) -> None:
        """Refuses more steps than an answer can hold."""
        step_of(self.question, self.params.step)

    def result(self) -> Result:
        """The totals as facts, the steps as a table."""
        asking = Asking(self.question)
        step = step_of(self.question, self.params.step)
        now = asking.read(step)
        earlier = COMPARISONS[self.params.compare](self.question.period)
        before = earlier and asking.read(FINEST.get(step, "day"), period=earlier.period)
        columns = self._columns(now, step)
        note = ""
        if earlier and before:
            beside = earlier.beside(now.rows, before.rows, step)
            columns[BEFORE] = [clicks_of(numbers, self.question) for numbers in beside]
            note = f"Before is {range_words(earlier.period)}."
        facts = headline(self.question, now.totals, before.totals if before else None)
        shown = table("traffic", "Clicks over time", columns, key=("time",), note=note)
        return self.made(asking, facts=facts, tables=[shown], charts=[over_time(shown)])

    def _columns(self, reading: Reading, step: str) -> dict[Column, list[Cell]]:
        numbers = [row.numbers for row in reading.rows]
        columns: dict[Column, list[Cell]] = {
            time_column(step): [time_cell(step, row) for row in reading.rows],
            CLICKS: [clicks_of(each, self.question) for each in numbers],
            VISITORS: [each.visitors for each in numbers],
            VIEWS: [each.views for each in numbers],
            CLICK_THROUGH: [rate(each, each.views) for each in numbers],
        }
        if self.question.include_bots:
            columns[BOTS] = [each.bots for each in numbers]
        return columns


def over_time(shown: Table) -> Chart:
    """All rows of a table by `time`: clicks beside those before or, without these, visitors."""
    names = [column.name for column in shown.columns]
    beside = BEFORE.name if BEFORE.name in names else VISITORS.name
    series = (CLICKS.name, beside)
    return Chart(
        shown.name, shown.title, ChartShape.LINE, shown.name, "time", series, len(shown.rows)
    )
