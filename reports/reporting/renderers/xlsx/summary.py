"""The first sheet: what the report is, and what the others hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from xlsxwriter import Workbook

from reports.reporting.renderers.base import About
from reports.reporting.renderers.text.labels import Phrases
from reports.reporting.renderers.xlsx.cells import EMPTY_ROW, Cells, Writer, row, style, text
from reports.reporting.renderers.xlsx.sheets import RowsSheet
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Fact, Result, Table

_WIDTHS = (36, 28, 12, 80)
_WHERE = "Summary"


class Placed(NamedTuple):
    """A table, and the name of the sheet where it begins."""

    table: Table
    sheet: str


def fill_summary(
    sheet: RowsSheet,
    book: Workbook,
    cells: Cells,
    result: Result,
    about: About,
    phrases: Phrases,
    placed: list[Placed],
) -> None:
    """Write it: title, facts, remarks, how it was made, and the list of tables with their notes."""
    strong = text(_WHERE, cells.strong)
    rows = [
        row([text(_WHERE, style(book, bold=True, font_size=16))], [result.title]),
        row([text(_WHERE)], [result.subtitle]),
        EMPTY_ROW,
        *_facts(cells, result.facts),
        EMPTY_ROW,
        *(row([text(_WHERE)], [remark]) for remark in result.remarks),
        EMPTY_ROW,
        *_facts(cells, _made(result, about, phrases)),
        EMPTY_ROW,
        row([strong] * len(phrases.listed), phrases.listed),
        *_listed(cells, placed),
    ]
    sheet.fill(rows, len(rows), len(_WIDTHS))
    for place, width in enumerate(_WIDTHS):
        sheet.set_column(place, place, width)


def _made(result: Result, about: About, phrases: Phrases) -> list[Fact]:
    return [
        Fact("zone", phrases.zone, CellType.TEXT, result.zone),
        Fact("made_on", phrases.made_on, CellType.MOMENT, about.made_on),
        Fact("run", phrases.run, CellType.TEXT, about.run),
    ]


def _facts(cells: Cells, facts: Iterable[Fact]) -> Iterator[str]:
    for fact in facts:
        yield row([text(_WHERE), cells.writer(fact.type, fact.title)], [fact.title, fact.value])


def _listed(cells: Cells, placed: Iterable[Placed]) -> Iterator[str]:
    words = text(_WHERE)
    writers: list[Writer] = [words, words, cells.writer(CellType.INTEGER, _WHERE), words]
    for table, sheet in placed:
        yield row(writers, [table.title, sheet, len(table.rows), table.note])
