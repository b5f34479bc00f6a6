"""The one thing that every format is made of: facts, tables and the charts of these.

A result holds no time at which it was made: the same question about the same data gives an equal one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple, Self, cast

from reports.reporting.results.cells import Cell, CellType, clean_rows, reader, visible, writer

Row = tuple[Cell, ...]


class Column(NamedTuple):
    """`name` is for programs and stays as it is, `title` for people."""

    name: str
    title: str
    type: CellType


class Fact(NamedTuple):
    """A single value that is worth its own line. `before_of` names the fact that had this value in an earlier
    period, `change_of` the one that has changed by this part of it; people read these together."""

    name: str
    title: str
    type: CellType
    value: Cell
    before_of: str = ""
    change_of: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under typed columns. `key` names the columns that tell a row from all others of the table, so that
    two runs can be compared; `note` says what a reader must know of it, as what was left out. Text is made
    `visible` and rows clean; raises what `clean_rows` does."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    key: tuple[str, ...]
    note: str = ""

    def __post_init__(self) -> None:
        _set(
            self,
            title=visible(self.title),
            columns=tuple(each._replace(title=visible(each.title)) for each in self.columns),
            rows=clean_rows(self.rows, [column.type for column in self.columns]),
            note=visible(self.note),
        )

    @classmethod
    def of_many(
        cls,
        name: str,
        title: str,
        columns: tuple[Column, ...],
        rows: Iterable[Row],
        key: tuple[str, ...],
        note: str = "",
    ) -> Self:
        """Of rows that are made one by one, and so are not there twice while they are cleaned."""
        return cls(name, title, columns, cast("Sequence[Row]", rows), key, note)

    def position(self, column: str) -> int:
        """Where in a row the column of this name is. Raises ValueError."""
        return [each.name for each in self.columns].index(column)

    def values(self, column: str) -> list[Any]:
        """The cells of one column, from the first row to the last."""
        place = self.position(column)
        return [row[place] for row in self.rows]


class ChartShape(StrEnum):
    """How a chart is drawn."""

    LINE = "line"
    """Over time; the rows are in its order."""
    COLUMN = "column"
    """Upright bars side by side."""
    BAR = "bar"
    """Bars that lie, for long labels; the first row on top."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of one of the tables: `series` are columns of numbers, `labels` the column that names the rows.
    Only the first `rows` are drawn, and the table below it has all."""

    name: str
    title: str
    shape: ChartShape
    table: str
    labels: str
    series: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Result:
    """`kind` is the name of the report's kind, `zone` the IANA name of the time zone; `subtitle` says in
    words what was asked: the scope and the range. `remarks` are sentences about all of it."""

    kind: str
    title: str
    subtitle: str
    zone: str
    facts: tuple[Fact, ...]
    tables: tuple[Table, ...]
    charts: tuple[Chart, ...]
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _set(
            self,
            title=visible(self.title),
            subtitle=visible(self.subtitle),
            facts=tuple(_clean_fact(fact) for fact in self.facts),
            charts=tuple(replace(chart, title=visible(chart.title)) for chart in self.charts),
            remarks=tuple(visible(remark) for remark in self.remarks),
        )

    def table(self, name: str) -> Table:
        """Raises KeyError."""
        return {table.name: table for table in self.tables}[name]

    def as_json(self) -> dict[str, Any]:
        """All of it, as it is stored."""
        return {
            "kind": self.kind,
            "title": self.title,
            "subtitle": self.subtitle,
            "zone": self.zone,
            "facts": [_fact_json(fact) for fact in self.facts],
            "tables": [_table_json(table) for table in self.tables],
            "charts": [{**asdict(chart), "series": list(chart.series)} for chart in self.charts],
            "remarks": list(self.remarks),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """The result that `as_json` was made of."""
        return cls(
            kind=stored["kind"],
            title=stored["title"],
            subtitle=stored["subtitle"],
            zone=stored["zone"],
            facts=tuple(_fact(fact) for fact in stored["facts"]),
            tables=tuple(_table(table) for table in stored["tables"]),
            charts=tuple(_chart(chart) for chart in stored["charts"]),
            remarks=tuple(stored["remarks"]),
        )


def _set(frozen: Table | Result, **fields: Any) -> None:
    for name, value in fields.items():
        object.__setattr__(frozen, name, value)


def _clean_fact(fact: Fact) -> Fact:
    ((value,),) = clean_rows([(fact.value,)], [fact.type])
    return fact._replace(title=visible(fact.title), value=value)


def _fact_json(fact: Fact) -> dict[str, Any]:
    value = None if fact.value is None else writer(fact.type)(fact.value)
    return {**fact._asdict(), "value": value}


def _fact(stored: dict[str, Any]) -> Fact:
    kind, value = CellType(stored["type"]), stored["value"]
    read = None if value is None else reader(kind)(value)
    # Results that were stored before had no companions.
    companions = stored.get("before_of", ""), stored.get("change_of", "")
    return Fact(stored["name"], stored["title"], kind, read, *companions)


def _table_json(table: Table) -> dict[str, Any]:
    writers = [writer(column.type) for column in table.columns]
    return {
        "name": table.name,
        "title": table.title,
        "columns": [column._asdict() for column in table.columns],
        "rows": [
            [
                None if cell is None else write(cell)
                for write, cell in zip(writers, row, strict=True)
            ]
            for row in table.rows
        ],
        "key": list(table.key),
        "note": table.note,
    }


def _table(stored: dict[str, Any]) -> Table:
    columns = tuple(
        Column(each["name"], each["title"], CellType(each["type"])) for each in stored["columns"]
    )
    readers = [reader(column.type) for column in columns]
    rows = [
        tuple(None if cell is None else read(cell) for read, cell in zip(readers, row, strict=True))
        for row in stored["rows"]
    ]
    return Table(
        stored["name"], stored["title"], columns, rows, tuple(stored["key"]), stored["note"]
    )


def _chart(stored: dict[str, Any]) -> Chart:
    return Chart(
        **{**stored, "shape": ChartShape(stored["shape"]), "series": tuple(stored["series"])}
    )
