"""Report what became of every accepted click, and whether the counts add up."""

from __future__ import annotations

from collections.abc import Sequence

from reports.analytics.lookups import LedgerEntry, read_ledger
from reports.reporting.kinds import builders as build
from reports.reporting.kinds.base import DataSource, MetricsReader
from reports.reporting.kinds.time_steps import (
    StepParameters,
    SteppedKind,
    time_cell,
    time_column,
)
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Column, Fact, Result

# In the order of the fields of LedgerEntry.
_COLUMNS = (
    Column("accepted", "Accepted", CellType.INTEGER),
    Column("humans", "Humans", CellType.INTEGER),
    Column("duplicates", "Duplicates", CellType.INTEGER),
    Column("bots", "Bots", CellType.INTEGER),
    Column("refused", "Refused", CellType.INTEGER),
    Column("balanced", "Balanced", CellType.FLAG),
)
_CHARTED = ("humans", "duplicates", "bots", "refused")
_NOTE = "Each UTC hour counts as a whole in the row in which it begins."


class Ledger(SteppedKind):
    """Report accepted clicks by outcome and step of time, in one query."""

    name = "ledger"
    title = "Ledger"
    description = (
        "Every accepted click as human, duplicate, bot or refused, and whether the counts add up."
    )
    reads = frozenset({DataSource.CLICKS})
    parameters = StepParameters

    def result(self) -> Result:
        """Return the sums as facts, the steps as a table."""
        reader, step, steps = MetricsReader(self.query), self.step, self.buckets()
        entries = read_ledger(reader.scope.source, reader.period, steps)
        columns: build.Columns = {
            time_column(step): [
                time_cell(step, each.key, reader.period.local(each.start)) for each in steps
            ],
            **dict(zip(_COLUMNS, map(list, zip(*entries, strict=True)), strict=True)),
        }
        shown = build.table("ledger", "Clicks accepted", columns, key=("time",), note=_NOTE)
        chart = build.line_chart(shown, "time", *_CHARTED)
        return self.build_result(reader, facts=_facts(entries), tables=[shown], charts=[chart])


def _facts(entries: Sequence[LedgerEntry]) -> list[Fact]:
    *counts, balanced = zip(*entries, strict=True)
    values = [*map(sum, counts), all(balanced)]
    return [Fact(*column, value) for column, value in zip(_COLUMNS, values, strict=True)]
