"""Links that came, links that went, and links that nobody clicks any more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from django.db.models import F, QuerySet
from django.db.models.functions import Least

from grids.models import LinkQuerySet
from reports.analytics.lookups import read_link_metrics
from reports.analytics.metrics import ZERO, Metrics
from reports.analytics.periods import Period
from reports.reporting.kinds.base import Asking, Data, ReportKind, range_words
from reports.reporting.kinds.builders import (
    CLICKS,
    CLICKS_BEFORE,
    GRID_TITLE,
    LINK,
    TITLE,
    URL,
    bars,
    clicks_of,
    left_out,
    local,
)
from reports.reporting.kinds.comparison_period import previous
from reports.reporting.kinds.parameters import Parameters, about
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Column, Fact, Result, Row, Table

_NAMES = (LINK, TITLE, URL, GRID_TITLE)
_FIELDS = ("slug", "title", "url", "grid__title")


@dataclass(frozen=True, slots=True)
class ChangesParameters(Parameters):
    """How many are listed; all are counted."""

    limit: int = field(
        default=1_000,
        metadata=about("Of links listed in each table.", minimum=1, maximum=100_000),
    )


class _Clicks(NamedTuple):
    """Of each link by its key, in the earlier period and in this one."""

    before: dict[int, Metrics]
    now: dict[int, Metrics]


class Changes(ReportKind[ChangesParameters]):
    """Seven queries, or eight."""

    name: ClassVar = "changes"
    title: ClassVar = "New and lost links"
    description: ClassVar = (
        "Links that were added, put in the trash, or clicked before and not any more."
    )
    reads: ClassVar = frozenset({Data.CLICKS, Data.LINKS})
    parameters: ClassVar = ChangesParameters

    def result(self) -> Result:
        """How many there are as facts, a table for each."""
        asking = Asking(self.question)
        earlier = previous(asking.period).period
        clicks = _Clicks(_read(asking, earlier), _read(asking, asking.period))
        note = f"Before is {range_words(earlier)}."
        found = [
            self._dated("added", "Links added", added(asking.scope.links, asking.period), clicks),
            self._dated("removed", "Links removed", removed(asking), clicks),
            self._quiet(asking.scope.links, clicks),
        ]
        tables = [each.table(note) for each in found]
        return self.made(
            asking,
            facts=[Fact(each.name, each.title, CellType.INTEGER, each.total) for each in found],
            tables=tables,
            charts=[bars(tables[-1], TITLE, CLICKS_BEFORE)],
        )

    def _dated(self, name: str, title: str, links: QuerySet[Any], clicks: _Clicks) -> _Listed:
        """In the order of `on`: two queries."""
        first = links.order_by("on", "pk").values_list(*_FIELDS, "on", "pk")[: self.params.limit]
        rows: list[Row] = [
            (*names, local(self.question.period, on), *self._counts(clicks, key))
            for *names, on, key in first
        ]
        on = Column(f"{name}_on", title.split()[-1].capitalize(), CellType.MOMENT)
        return _Listed(name, title, (*_NAMES, on, CLICKS_BEFORE, CLICKS), rows, links.count())

    def _quiet(self, links: LinkQuerySet, clicks: _Clicks) -> _Listed:
        """Those most clicked before come first: one query."""
        before = {key: clicks_of(each, self.question) for key, each in clicks.before.items()}
        quiet = [
            key
            for key, count in before.items()
            if count and not clicks_of(clicks.now.get(key, ZERO), self.question)
        ]
        found = links.live().filter(pk__in=quiet).values_list(*_FIELDS, "pk")
        rows: list[Row] = [
            (*names, before[key])
            for *names, key in sorted(found, key=lambda row: (-before[row[-1]], row[-1]))
        ]
        columns = (*_NAMES, CLICKS_BEFORE)
        limit = self.params.limit
        return _Listed("quiet", "Links gone quiet", columns, rows[:limit], len(rows))

    def _counts(self, clicks: _Clicks, key: int) -> list[int]:
        return [clicks_of(each.get(key, ZERO), self.question) for each in clicks]


class _Listed(NamedTuple):
    """The first rows of a table of `total`."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: list[Row]
    total: int

    def table(self, note: str) -> Table:
        """With what was left out in its note."""
        notes = " ".join(filter(None, [note, left_out(len(self.rows), self.total)]))
        return Table(self.name, self.title, self.columns, self.rows, (LINK.name,), notes)


def added(links: LinkQuerySet, period: Period) -> QuerySet[Any]:
    """Links made in the period, in the trash or not, with when as `on`."""
    return _within(links.annotate(on=F("created_on")), period)


def removed(asking: Asking) -> QuerySet[Any]:
    """Links that were put in the trash in the period, themselves or with their grid, with when as `on`; those
    gone for good since cannot be told."""
    gone_on = Least("deleted_on", "grid__deleted_on")
    return _within(asking.scope.links.annotate(on=gone_on), asking.period)


def _within(links: QuerySet[Any], period: Period) -> QuerySet[Any]:
    return links.filter(on__gte=period.start, on__lt=period.until)


def _read(asking: Asking, period: Period) -> dict[int, Metrics]:
    found = read_link_metrics(asking.scope.source, period, asking.retention)
    asking.approximate(found.approximate_before)
    return found.links
