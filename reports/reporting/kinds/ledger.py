"""What became of every click that was accepted, and whether it adds up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from reports.analytics.buckets import buckets
from reports.analytics.lookups import LedgerEntry, read_ledger
from reports.reporting.kinds.base import Asking, Data, ReportKind
from reports.reporting.kinds.builders import table
from reports.reporting.kinds.parameters import Parameters, about
from reports.reporting.kinds.time_steps import (
    STEP_HELP,
    Step,
    check_step,
    step_of,
    time_cell,
    time_column,
)
from reports.reporting.results.cells import Cell, CellType
from reports.reporting.results.result import Chart, ChartShape, Column, Fact, Result

# In the order of the fields of LedgerEntry.
_COLUMNS = (
    Column("accepted", "Accepted", CellType.INTEGER),
    Column("humans", "Humans", CellType.INTEGER),
    Column("duplicates", "Duplicates", CellType.INTEGER),
    Column("bots", "Bots", CellType.INTEGER),
    Column("refused", "Refused", CellType.INTEGER),
    Column("balanced", "Balanced", CellType.FLAG),
)
_DRAWN = ("humans", "duplicates", "bots", "refused")
_NOTE = "A UTC hour counts as a whole where it begins."


@dataclass(frozen=True, slots=True)
class LedgerParameters(Parameters):
    """How time is cut."""

    step: Step = field(default="auto", metadata=about(STEP_HELP))


class Ledger(ReportKind[LedgerParameters]):
    """One query."""

    name: ClassVar = "ledger"
    title: ClassVar = "Ledger"
    description: ClassVar = (
        "Every accepted click as human, duplicate, bot or refused, and whether it adds up."
    )
    reads: ClassVar = frozenset({Data.CLICKS})
    parameters: ClassVar = LedgerParameters

    def check(self) -> None:
        """Refuses more steps than an answer can hold."""
        check_step(self.question, self.params.step)

    def result(self) -> Result:
        """The sums as facts, and by step as a table."""
        asking = Asking(self.question)
        step = step_of(self.question, self.params.step)
        steps = buckets(asking.period, group_by=step, week_start=self.question.week_start)
        entries = read_ledger(asking.scope.source, asking.period, steps)
        columns: dict[Column, Sequence[Cell]] = {
            time_column(step): [
                time_cell(step, each.key, asking.period.local(each.start)) for each in steps
            ],
            **dict(zip(_COLUMNS, map(list, zip(*entries, strict=True)), strict=True)),
        }
        shown = table("ledger", "Clicks accepted", columns, key=("time",), note=_NOTE)
        chart = Chart(
            "ledger", shown.title, ChartShape.LINE, "ledger", "time", _DRAWN, len(entries)
        )
        return self.made(asking, facts=_facts(entries), tables=[shown], charts=[chart])


def _facts(entries: Sequence[LedgerEntry]) -> list[Fact]:
    *counts, balanced = zip(*entries, strict=True)
    values = [*map(sum, counts), all(balanced)]
    return [Fact(*column, value) for column, value in zip(_COLUMNS, values, strict=True)]
