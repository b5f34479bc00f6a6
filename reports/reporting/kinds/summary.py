"""Report the account, or a part of it, on one page: a month in review."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analytics.groupings import NOT_KEPT
from reports.reporting.kinds import builders as build
from reports.reporting.kinds.base import DataSource, MetricsReader, ReportKind
from reports.reporting.kinds.breakdown import NOTES, values_table
from reports.reporting.kinds.link_changes import added_links
from reports.reporting.kinds.link_health import count_verdicts, verdicts_table
from reports.reporting.kinds.parameters import LIMIT_MAX, Parameters, limit_field
from reports.reporting.kinds.top import grids_table, links_table
from reports.reporting.kinds.traffic import read_traffic
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Column, Fact, Result, Table

_NEW_LINKS = (build.NUMBER, build.TITLE, Column("added_on", "Added", CellType.DAY))
_VERDICTS = ("label", "links", "share")
_TRAFFIC = ("time", "clicks", "clicks_before", "visitors", "views", "bots")
_SHARE = build.SHARE._replace(title="Share")


class SummaryParameters(Parameters):
    """Validate how many rows of each table are listed."""

    top = limit_field(5, "How many links, grids, countries and devices.", maximum=50)


class Summary(ReportKind):
    """Report a summary in fifteen or sixteen queries."""

    name = "summary"
    title = "Summary"
    description = (
        "A month in review, or any other range: clicks, their origin, new links and broken links."
    )
    reads = frozenset(DataSource)
    parameters = SummaryParameters

    def result(self) -> Result:
        """Return the totals beside the previous period, and the first rows of other kinds."""
        reader = MetricsReader(self.query)
        days = read_traffic(reader, "day", "previous")
        verdicts = count_verdicts(reader.scope.links)
        found = {verdict: count for verdict, count in verdicts.items() if count}
        new_links, total = self._new_links(reader)
        return self.build_result(
            reader,
            facts=[
                *days.facts,
                Fact("new_links", "New links", CellType.INTEGER, total),
                Fact("links", "Links", CellType.INTEGER, sum(verdicts.values())),
            ],
            tables=[
                build.select_columns(days.table, *_TRAFFIC, key=("time",)),
                build.select_columns(verdicts_table(found), *_VERDICTS, key=("label",)),
                *self._tops(reader),
                new_links,
            ],
            charts=[days.chart],
        )

    def _tops(self, reader: MetricsReader) -> Iterator[Table]:
        query, top = self.query, self.params["top"]
        grids = reader.read("grid", limit=LIMIT_MAX)
        links = links_table(query, reader.read("link", limit=top), grids)
        columns = (build.TITLE, build.CLICKS, _SHARE)
        yield build.numbered(links, "link", *columns)
        yield build.numbered(grids_table(query, grids, top), "grid", *columns)
        for dimension, found in reader.read_values(("country", "device"), limit=top).items():
            values = values_table(query, dimension, found)
            label = values.columns[0]
            note = NOTES[NOT_KEPT] if NOT_KEPT in values.values(label.name) else ""
            yield build.numbered(values, "value", label, build.CLICKS, _SHARE, note=note)

    def _new_links(self, reader: MetricsReader) -> tuple[Table, int]:
        """Return the newest links, and how many are new."""
        links = added_links(reader.scope.links, reader.period)
        newest = links.order_by("-on", "-pk").values_list("title", "on")[: self.params["top"]]
        rows = [
            (number, title, on.astimezone(reader.period.zone).date())
            for number, (title, on) in enumerate(newest, start=1)
        ]
        total, key = links.count(), (build.NUMBER.name, build.TITLE.name)
        note = build.limit_note(len(rows), total)
        return Table("new_links", "New links", _NEW_LINKS, rows, key, note), total
