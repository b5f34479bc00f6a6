"""Report links that were added, moved to the trash, or are no longer clicked."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db.models import F, QuerySet
from django.db.models.functions import Least

from grids.models import LinkQuerySet
from reports.analytics.lookups import read_link_metrics
from reports.analytics.periods import Period
from reports.reporting.kinds import builders as build
from reports.reporting.kinds.base import DataSource, MetricsReader, ReportKind, describe_range
from reports.reporting.kinds.comparison_period import previous
from reports.reporting.kinds.parameters import Parameters, limit_field
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Column, Fact, Result, Row, Table

_LINK_COLUMNS = (build.LINK, build.TITLE, build.URL, build.GRID_TITLE)
_FIELDS = ("slug", "title", "url", "grid__title")


class LinkChangesParameters(Parameters):
    """Validate how many links are listed; all are counted."""

    limit = limit_field(1_000, "The most links listed in each table.")


class _Clicks(NamedTuple):
    """Hold clicks by primary key of a link, in both periods."""

    before: dict[int, int]
    now: dict[int, int]


class LinkChanges(ReportKind):
    """Report changes of links in seven or eight queries."""

    name = "changes"
    title = "New and lost links"
    description = "Links that were added, moved to the trash, or are no longer clicked."
    reads = frozenset({DataSource.CLICKS, DataSource.LINKS})
    parameters = LinkChangesParameters

    def result(self) -> Result:
        """Return the number of links as facts, a table for each change."""
        reader = MetricsReader(self.query)
        links, period = reader.scope.links, reader.period
        earlier = previous(period).period
        clicks = _Clicks(self._read(reader, earlier), self._read(reader, period))
        lists = [
            self._dated("added", "Links added", added_links(links, period), clicks),
            self._dated("removed", "Links removed", _removed_links(links, period), clicks),
            self._unclicked(links, clicks),
        ]
        tables = [each.table(f"Before is {describe_range(earlier)}.") for each in lists]
        return self.build_result(
            reader,
            facts=[Fact(each.name, each.title, CellType.INTEGER, each.total) for each in lists],
            tables=tables,
            charts=[build.bar_chart(tables[-1], build.TITLE, build.CLICKS_BEFORE)],
        )

    def _read(self, reader: MetricsReader, period: Period) -> dict[int, int]:
        found = read_link_metrics(reader.scope.source, period, reader.retention)
        reader.note_approximate(found.approximate_before)
        return {key: build.clicks_of(metrics, self.query) for key, metrics in found.links.items()}

    def _dated(self, name: str, title: str, links: QuerySet[Any], clicks: _Clicks) -> _LinkList:
        """Return links in the order of their annotation `on`: two queries."""
        first = links.order_by("on", "pk").values_list(*_FIELDS, "on", "pk")[: self.params["limit"]]
        rows: list[Row] = [
            (
                *names,
                build.local(self.query.period, on),
                clicks.before.get(key, 0),
                clicks.now.get(key, 0),
            )
            for *names, on, key in first
        ]
        on = Column(f"{name}_on", name.capitalize(), CellType.MOMENT)
        columns = (*_LINK_COLUMNS, on, build.CLICKS_BEFORE, build.CLICKS)
        return _LinkList(name, title, columns, rows, links.count())

    def _unclicked(self, links: LinkQuerySet, clicks: _Clicks) -> _LinkList:
        """Return links clicked before and not now, most clicked first: one query."""
        before = clicks.before
        keys = [key for key, count in before.items() if count and not clicks.now.get(key)]
        found = links.live().filter(pk__in=keys).values_list(*_FIELDS, "pk")
        rows: list[Row] = [
            (*names, before[key])
            for *names, key in sorted(found, key=lambda row: (-before[row[-1]], row[-1]))
        ]
        columns, shown = (*_LINK_COLUMNS, build.CLICKS_BEFORE), rows[: self.params["limit"]]
        return _LinkList("quiet", "Links no longer clicked", columns, shown, len(rows))


class _LinkList(NamedTuple):
    """Hold the first rows of a table of `total`."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: list[Row]
    total: int

    def table(self, note: str) -> Table:
        """Return the table; the note tells how many rows were left out."""
        notes = " ".join(filter(None, [note, build.limit_note(len(self.rows), self.total)]))
        return Table(self.name, self.title, self.columns, self.rows, (build.LINK.name,), notes)


def added_links(links: LinkQuerySet, period: Period) -> QuerySet[Any]:
    """Filter links created in the period, those in the trash included; `on` is when."""
    return _within(links.annotate(on=F("created_on")), period)


def _removed_links(links: LinkQuerySet, period: Period) -> QuerySet[Any]:
    """Filter links moved to the trash in the period, also with their grid."""
    return _within(links.annotate(on=Least("deleted_on", "grid__deleted_on")), period)


def _within(links: QuerySet[Any], period: Period) -> QuerySet[Any]:
    return links.filter(on__gte=period.start, on__lt=period.until)
