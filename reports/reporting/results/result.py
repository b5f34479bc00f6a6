"""Hold a report's content: facts, tables and charts, from which every format is rendered.

A result holds no time at which it was made: the same query of the same data gives an equal result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple, Self

from reports.reporting.results.cells import (
    CLEANERS,
    PARSERS,
    Cell,
    CellType,
    convert_cell,
    convert_rows,
    replace_unprintable,
)

Row = tuple[Cell, ...]


class Column(NamedTuple):
    """Describe a column: `name` is stable and for programs, `title` for people."""

    name: str
    title: str
    type: CellType


class Fact(NamedTuple):
    """Hold a single named value.

    `before_of` and `change_of` name the fact whose earlier value or relative change this is.
    """

    name: str
    title: str
    type: CellType
    value: Cell
    before_of: str = ""
    change_of: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Hold rows under typed columns; text and rows are cleaned, as by `convert_rows`.

    `key` names the columns that identify a row; `note` says what a reader must know.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    key: tuple[str, ...]
    note: str = ""

    def __post_init__(self) -> None:
        columns = (each._replace(title=replace_unprintable(each.title)) for each in self.columns)
        rows = convert_rows(self.rows, [column.type for column in self.columns], CLEANERS)
        object.__setattr__(self, "columns", tuple(columns))
        object.__setattr__(self, "rows", rows)
        _clean_text(self, "title", "note")

    def position(self, column: str) -> int:
        """Return the index of the named column; raises ValueError if there is none."""
        return [each.name for each in self.columns].index(column)

    def values(self, column: str) -> list[Any]:
        """Return the cells of the named column, from the first row to the last."""
        place = self.position(column)
        return [row[place] for row in self.rows]


class ChartShape(StrEnum):
    """Name how a chart is drawn."""

    LINE = "line"
    """Over time; the rows are in order of time."""
    BAR = "bar"
    """Horizontal bars, for long labels; the first row on top."""


@dataclass(frozen=True, slots=True)
class Chart:
    """Describe a chart of some columns of numbers in a table's first rows."""

    name: str
    title: str
    shape: ChartShape
    table: str
    labels: str
    series: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Result:
    """Hold all content of a report with cleaned text, and its time zone."""

    kind: str
    title: str
    subtitle: str
    zone: str
    facts: tuple[Fact, ...]
    tables: tuple[Table, ...]
    charts: tuple[Chart, ...]
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        charts = (replace(each, title=replace_unprintable(each.title)) for each in self.charts)
        object.__setattr__(self, "facts", tuple(map(_clean_fact, self.facts)))
        object.__setattr__(self, "charts", tuple(charts))
        object.__setattr__(self, "remarks", tuple(map(replace_unprintable, self.remarks)))
        _clean_text(self, "title", "subtitle")

    def table(self, name: str) -> Table:
        """Return the named table; raises KeyError."""
        return {table.name: table for table in self.tables}[name]

    def sections(self) -> Iterator[tuple[Table, list[Chart]]]:
        """Yield each table with its charts, in order."""
        for table in self.tables:
            yield table, [chart for chart in self.charts if chart.table == table.name]

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """Return the result that `json_stream.json_lines` serialized."""
        return cls(
            kind=stored["kind"],
            title=stored["title"],
            subtitle=stored["subtitle"],
            zone=stored["zone"],
            facts=tuple(_parse_fact(fact) for fact in stored["facts"]),
            tables=tuple(_parse_table(table) for table in stored["tables"]),
            charts=tuple(_parse_chart(chart) for chart in stored["charts"]),
            remarks=tuple(stored["remarks"]),
        )


def _clean_text(frozen: Table | Result, *names: str) -> None:
    for name in names:
        object.__setattr__(frozen, name, replace_unprintable(getattr(frozen, name)))


def _clean_fact(fact: Fact) -> Fact:
    value = convert_cell(fact.value, fact.type, CLEANERS)
    return fact._replace(title=replace_unprintable(fact.title), value=value)


def _parse_fact(stored: dict[str, Any]) -> Fact:
    kind = CellType(stored["type"])
    # Results stored before they existed lack `before_of` and `change_of`.
    return Fact(**{**stored, "type": kind, "value": convert_cell(stored["value"], kind, PARSERS)})


def _parse_table(stored: dict[str, Any]) -> Table:
    columns = tuple(
        Column(each["name"], each["title"], CellType(each["type"])) for each in stored["columns"]
    )
    rows = convert_rows(stored["rows"], [column.type for column in columns], PARSERS)
    return Table(**{**stored, "columns": columns, "rows": rows, "key": tuple(stored["key"])})


def _parse_chart(stored: dict[str, Any]) -> Chart:
    shape, series = ChartShape(stored["shape"]), tuple(stored["series"])
    return Chart(**{**stored, "shape": shape, "series": series})
