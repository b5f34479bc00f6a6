"""Report clicks by what is known of the visitors: country, device, browser, referrer or campaign."""

from __future__ import annotations

from babel import Locale

from reports.analytics.groupings import NOT_KEPT, OTHER
from reports.analytics.metrics import GroupedMetrics, Row
from reports.reporting.kinds import builders as build
from reports.reporting.kinds.base import DataSource, MetricsReader, ReportKind, ReportQuery
from reports.reporting.kinds.parameters import ChoicesField, Parameters, limit_field
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Column, Result, Table

_TITLES: dict[str, str] = {
    "country": "Country",
    "device": "Device",
    "browser": "Browser",
    "os": "System",
    "referrer": "Referrer",
    "language": "Language",
    "utm_source": "UTM source",
    "utm_medium": "UTM medium",
    "utm_campaign": "UTM campaign",
    "utm_term": "UTM term",
    "utm_content": "UTM content",
}
_ENGLISH = Locale("en")
# Of codes, by dimension: what Babel calls them.
_NAMES = {"country": "territories", "language": "languages"}
_VALUE = Column("value", "Value", CellType.TEXT)
NOTES = {
    OTHER: f"“{OTHER}” is the sum of all other values.",
    NOT_KEPT: f"“{NOT_KEPT}” is clicks without details: refused, or no longer stored individually.",
}


class BreakdownParameters(Parameters):
    """Validate the dimensions, and how many values of each are listed."""

    dimensions = ChoicesField(
        tuple(_TITLES),
        default=["country", "device", "browser", "os", "referrer"],
        help_text="The dimensions by which clicks are broken down, each in a table of its own.",
    )
    limit = limit_field(100, "The most values in each table; all others are one row.")


class Breakdown(ReportKind):
    """Report a breakdown in a query for each dimension and two more."""

    name = "breakdown"
    title = "Breakdown"
    description = "Clicks by country, device, browser, system, referrer, language or campaign."
    reads = frozenset({DataSource.CLICKS})
    parameters = BreakdownParameters

    def result(self) -> Result:
        """Return the totals as facts, a table for each dimension."""
        reader, dimensions = MetricsReader(self.query), self.params["dimensions"]
        groups = reader.read_values(dimensions, limit=self.params["limit"])
        tables = [values_table(self.query, *each) for each in groups.items()]
        # Each of them adds up to the whole.
        totals = groups[dimensions[0]].totals
        return self.build_result(
            reader,
            facts=build.total_facts(self.query, totals),
            tables=tables,
            charts=[build.bar_chart(each, each.columns[0]) for each in tables],
        )


def values_table(query: ReportQuery, dimension: str, grouped: GroupedMetrics) -> Table:
    """Return the table of a dimension: `label` is for people, `value` as stored."""
    title = _TITLES[dimension]
    columns: build.Columns = {
        Column("label", title, CellType.TEXT): [_label(dimension, row) for row in grouped.rows],
        _VALUE: [row.key for row in grouped.rows],
        **build.click_columns(query, grouped.rows),
    }
    # The sum of all others and clicks without details have no value.
    note = " ".join(NOTES[row.label] for row in grouped.rows if row.key is None)
    within = title if title.startswith("UTM") else title.lower()
    return build.table(dimension, f"Clicks by {within}", columns, key=("value", "label"), note=note)


def _label(dimension: str, row: Row) -> str:
    names = getattr(_ENGLISH, _NAMES[dimension]) if dimension in _NAMES else {}
    return str(names.get(row.key, row.label))
