"""The account, or a part of it, on one page: a month in review."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from reports.analytics.groupings import NOT_KEPT
from reports.reporting.kinds import verdict_counts as health
from reports.reporting.kinds.base import Asking, Data, ReportKind
from reports.reporting.kinds.breakdown import NOTES, values_table
from reports.reporting.kinds.builders import (
    CLICKS,
    GRID,
    LINK,
    NUMBER,
    SHARE,
    TITLE,
    first_of,
    left_out,
    only,
)
from reports.reporting.kinds.link_changes import added
from reports.reporting.kinds.parameters import Parameters, about
from reports.reporting.kinds.top import LIMIT_MAX, grids_table, links_table
from reports.reporting.kinds.traffic import over_time
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Column, Fact, Result, Table

_NEW = (NUMBER, TITLE, Column("added_on", "Added", CellType.DAY))
_OF_A_DAY = ("time", "clicks", "clicks_before", "visitors", "views", "bots")
_SHARE = SHARE._replace(title="Share")


@dataclass(frozen=True, slots=True)
class SummaryParameters(Parameters):
    """How much of each."""

    top: int = field(
        default=5,
        metadata=about("How many links, grids, countries and devices.", minimum=1, maximum=50),
    )


class Summary(ReportKind[SummaryParameters]):
    """Fifteen queries, or sixteen."""

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
        found = {verdict: count for verdict, count in checks.items() if count}
        new, total = self._new(asking)
        facts = [
            *days.facts,
            Fact("new_links", "New links", CellType.INTEGER, total),
            Fact("links", "Links", CellType.INTEGER, sum(checks.values())),
        ]
        tables = [
            only(days.table, *_OF_A_DAY, key=("time",)),
            only(health.counts_table(found), "label", "links", "share", key=("label",)),
            *self._tops(asking),
            new,
        ]
        return self.made(asking, facts=facts, tables=tables, charts=[days.chart])

    def _tops(self, asking: Asking) -> Iterator[Table]:
        question, top = self.question, self.params.top
        grids = asking.read("grid", limit=LIMIT_MAX)
        links = links_table(question, asking.read("link", limit=top), grids)
        yield first_of(links, LINK.name, TITLE, CLICKS, _SHARE)
        yield first_of(grids_table(question, grids, top), GRID.name, TITLE, CLICKS, _SHARE)
        for dimension, found in asking.read_values(("country", "device"), limit=top).items():
            values = values_table(question, dimension, found)
            label = values.columns[0]
            note = NOTES[NOT_KEPT] if NOT_KEPT in values.values(label.name) else ""
            yield first_of(values, "value", label, CLICKS, _SHARE, note=note)

    def _new(self, asking: Asking) -> tuple[Table, int]:
        """The newest links, and how many are new."""
        links = added(asking.scope.links, asking.period)
        newest = links.order_by("-on", "-pk").values_list("title", "on")[: self.params.top]
        rows = [
            (number, title, on.astimezone(asking.period.zone).date())
            for number, (title, on) in enumerate(newest, start=1)
        ]
        total = links.count()
        note = left_out(len(rows), total)
        return Table("new_links", "New links", _NEW, rows, (NUMBER.name, TITLE.name), note), total
