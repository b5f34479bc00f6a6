"""Clicks by what is known of the visitors: where from, with which device, by which campaign."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import ClassVar, Literal

from babel import Locale

from reports.analytics.groupings import NOT_KEPT, OTHER
from reports.analytics.metrics import GroupedMetrics, Row
from reports.reporting.kinds.base import Asking, Data, Question, ReportKind
from reports.reporting.kinds.builders import (
    CLICKS,
    SHARE,
    VISITORS,
    bars,
    clicks_of,
    headline,
    shares,
    table,
)
from reports.reporting.kinds.parameters import Parameters, about
from reports.reporting.results.cells import Cell, CellType
from reports.reporting.results.result import Column, Result, Table

Dimension = Literal[
    "country",
    "device",
    "browser",
    "os",
    "referrer",
    "language",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
]
TITLES: dict[str, str] = {
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
_VALUE = Column("value", "Value", CellType.TEXT)
NOTES = {
    OTHER: f"“{OTHER}” is all values that are not among them.",
    NOT_KEPT: f"“{NOT_KEPT}” is clicks without details: refused, or stored no longer.",
}


@dataclass(frozen=True, slots=True)
class BreakdownParameters(Parameters):
    """By what, and how many of each."""

    dimensions: tuple[Dimension, ...] = field(
        default=("country", "device", "browser", "os", "referrer"),
        metadata=about("By what clicks are broken down, each in a table of its own."),
    )
    limit: int = field(
        default=100,
        metadata=about("Of each; the other values are one row.", minimum=1, maximum=100_000),
    )


class Breakdown(ReportKind[BreakdownParameters]):
    """A query for each dimension, and two more."""

    name: ClassVar = "breakdown"
    title: ClassVar = "Breakdown"
    description: ClassVar = (
        "Clicks by country, device, browser, system, referrer, language or campaign."
    )
    reads: ClassVar = frozenset({Data.CLICKS})
    parameters: ClassVar = BreakdownParameters

    def result(self) -> Result:
        """The totals as facts, a table for each dimension."""
        asking = Asking(self.question)
        readings = asking.read_values(self.params.dimensions, limit=self.params.limit)
        tables = [values_table(self.question, *each) for each in readings.items()]
        # Each of them adds up to the whole.
        totals = readings[self.params.dimensions[0]].totals
        return self.made(
            asking,
            facts=headline(self.question, totals),
            tables=tables,
            charts=[bars(each, each.columns[0]) for each in tables],
        )


def values_table(question: Question, dimension: str, reading: GroupedMetrics) -> Table:
    """The values of a reading: `label` is for people, `value` as it was kept, '' where there was none."""
    rows = reading.rows
    clicks = [clicks_of(row.metrics, question) for row in rows]
    columns: dict[Column, Sequence[Cell]] = {
        Column("label", TITLES[dimension], CellType.TEXT): [label(dimension, row) for row in rows],
        _VALUE: [row.key for row in rows],
        CLICKS: clicks,
        VISITORS: [row.metrics.visitors for row in rows],
        SHARE: shares(clicks),
    }
    # Neither has a value.
    note = " ".join(NOTES[row.label] for row in rows if row.key is None)
    title = f"Clicks by {_within(TITLES[dimension])}"
    return table(dimension, title, columns, key=("value", "label"), note=note)


def label(dimension: str, row: Row) -> str:
    """What people call the value; countries and languages have names beside their codes."""
    named = _NAMES.get(dimension)
    return named(row.key, row.label) if named and row.key else row.label


def _within(title: str) -> str:
    return title if title.startswith("UTM") else title.lower()


@cache
def _english() -> Locale:
    return Locale.parse("en")


def _country(code: str, other: str) -> str:
    return str(_english().territories.get(code, other))


def _language(code: str, other: str) -> str:
    return str(_english().languages.get(code, other))


_NAMES: dict[str, Callable[[str, str], str]] = {"country": _country, "language": _language}
