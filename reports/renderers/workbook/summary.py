"""The first sheet: what the report is, and what the others hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from xlsxwriter import Workbook

from reports.renderers.base import About
from reports.renderers.workbook.cells import EMPTY_ROW, Cells, Writer, row, style, text
from reports.renderers.workbook.sheets import RowsSheet
from reports.results.cells import CellType
from reports.results.result import Fact, Result, Table

NAME = "Summary"

_WIDTHS = (36, 28, 12, 80)
_LISTED = ("Table", "First sheet", "Rows", "Note")


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
    placed: list[Placed],
) -> None:
    """Write it: title, facts, remarks, how it was made, and the list of tables with their notes."""
    strong = text(NAME, cells.strong)
    rows = [
        row([text(NAME, style(book, bold=True, font_size=16))], [result.title]),
        row([text(NAME)], [result.subtitle]),
        EMPTY_ROW,
        *_facts(cells, result.facts),
        EMPTY_ROW,
        *(row([text(NAME)], [remark]) for remark in result.remarks),
        EMPTY_ROW,
        *_facts(cells, _made(result, about)),
        EMPTY_ROW,
        row([strong] * len(_LISTED), _LISTED),
        *_listed(cells, placed),
    ]
    sheet.fill(rows, len(rows), len(_WIDTHS))
    for place, width in enumerate(_WIDTHS):
        sheet.set_column(place, place, width)


def _made(result: Result, about: About) -> list[Fact]:
    return [
        Fact("zone", "Time zone of all days and times", CellType.TEXT, result.zone),
        Fact("made_on", "Made on", CellType.MOMENT, about.made_on),
        Fact("run", "Run", CellType.TEXT, about.run),
    ]


def _facts(cells: Cells, facts: Iterable[Fact]) -> Iterator[str]:
    for fact in facts:
        yield row([text(NAME), cells.writer(fact.type, fact.title)], [fact.title, fact.value])


def _listed(cells: Cells, placed: Iterable[Placed]) -> Iterator[str]:
    words = text(NAME)
    writers: list[Writer] = [words, words, cells.writer(CellType.INTEGER, NAME), words]
    for table, sheet in placed:
        yield row(writers, [table.title, sheet, len(table.rows), table.note])
