"""The account, or a part of it, on one page: a month in review."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from reports.kinds import health
from reports.kinds.asking import Asking
from reports.kinds.base import Data, ReportKind
from reports.kinds.breakdown import values_table
from reports.kinds.changes import added
from reports.kinds.figures import GRID_TITLE, LINK, TITLE, URL, bars, left_out, local
from reports.kinds.parameters import Parameters, about
from reports.kinds.top import LIMIT_MAX, grids_table, links_table
from reports.kinds.traffic import over_time
from reports.results.cells import CellType
from reports.results.result import Chart, Column, Fact, Result, Table

_NEW = (LINK, TITLE, URL, GRID_TITLE, Column("added_on", "Added", CellType.MOMENT))


@dataclass(frozen=True, slots=True)
class SummaryParameters(Parameters):
    """How much of each."""

    top: int = field(
        default=5,
        metadata=about("How many links, grids, countries and devices.", minimum=1, maximum=50),
    )


class Summary(ReportKind[SummaryParameters]):
    """Seventeen queries."""

    name: ClassVar = "summary"
    title: ClassVar = "Summary"
    description: ClassVar = (
        "A month in review, or any other time: clicks, where from, what is new and what is broken."
    )
    reads: ClassVar = frozenset(Data)
    parameters: ClassVar = SummaryParameters

    def result(self) -> Result:
        """The totals beside those of the previous period as facts, and the first rows of other kinds."""
        asking = Asking(self.question)
        days = over_time(asking, "day", "previous")
        checks = health.counts(asking.scope.links)
        new, total = self._new(asking)
        facts = [
            *days.facts,
            Fact("new_links", "New links", CellType.INTEGER, total),
            Fact("links", "Links", CellType.INTEGER, sum(checks.values())),
        ]
        checked = health.counts_table(checks)
        drawn = [(days.table, days.chart), *self._tops(asking), (checked, health.chart(checked))]
        tables, charts = zip(*drawn, strict=True)
        return self.made(asking, facts=facts, tables=[*tables, new], charts=charts)

    def _tops(self, asking: Asking) -> Iterator[tuple[Table, Chart]]:
        question, top = self.question, self.params.top
        grids = asking.read("grid", limit=LIMIT_MAX)
        links = asking.read("link", limit=top)
        for found in (links_table(question, links, grids), grids_table(question, grids, top)):
            yield found, bars(found, TITLE)
        for dimension in ("country", "device"):
            values = values_table(question, dimension, asking.read(dimension, limit=top))
            yield values, bars(values, values.columns[0])

    def _new(self, asking: Asking) -> tuple[Table, int]:
        """The newest links, and how many are new."""
        links = added(asking.scope.links, asking.period)
        names = ("slug", "title", "url", "grid__title", "on")
        newest = links.order_by("-on", "-pk").values_list(*names)[: self.params.top]
        rows = [(*cells, local(asking.period, on)) for *cells, on in newest]
        total = links.count()
        note = left_out(len(rows), total)
        return Table("new_links", "New links", _NEW, rows, (LINK.name,), note), total
