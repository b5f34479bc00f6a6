"""XLSX, for people who go on calculating: typed cells, a sheet for each table, and charts."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from xlsxwriter import Workbook

from reports.reporting.renderers.base import About, Renderer
from reports.reporting.renderers.text.labels import phrases_of
from reports.reporting.renderers.xlsx.cells import Cells, row, text
from reports.reporting.renderers.xlsx.charts import Drawn, add_charts
from reports.reporting.renderers.xlsx.sheets import RowsSheet, SheetNames
from reports.reporting.renderers.xlsx.summary import Placed, fill_summary
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Result, Row, Table
from reports.xlsx.workbook import SHEET_ROWS

# In characters.
_WIDTHS = {CellType.TEXT: 40, CellType.ADDRESS: 60, CellType.MOMENT: 20, CellType.FLAG: 8}
_WIDTH = 12
_ARROW = 3
_ROWS = 1000


class XlsxRenderer(Renderer):
    """A sheet "Summary" with the facts, then one for each table, its charts beside it.

    A row that a sheet has no more room for begins another. Times are those of the clocks of the result's
    zone, since cells know no zone; a day before March 1900, and an integer of more than 15 digits, is text.
    """

    name = "xlsx"
    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def extension(self, result: Result) -> str:
        """Always the same."""
        return "xlsx"

    def write(self, result: Result, about: About, out: IO[bytes]) -> None:
        """By way of files, so that memory holds no sheet. Raises CellTooLong, a ValueError, for text that no
        cell can hold."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "report.xlsx")
            self._fill(Workbook(path, {"tmpdir": folder}), result, about)
            with path.open("rb") as file:
                shutil.copyfileobj(file, out)

    def _fill(self, book: Workbook, result: Result, about: About) -> None:
        made_on = about.made_on.astimezone(UTC).replace(tzinfo=None)
        book.set_properties({"title": result.title, "created": made_on})
        cells, names = Cells.of(book, ZoneInfo(result.zone)), SheetNames()
        phrases = phrases_of(about.locale.partition("_")[0])
        summary = _sheet(book, names.take(phrases.summary))
        placed = []
        for table in result.tables:
            first = self._add_table(book, cells, names, table)
            drawn = Drawn(table, first, min(len(table.rows), SHEET_ROWS - 1), cells.zone)
            add_charts(book, drawn, [chart for chart in result.charts if chart.table == table.name])
            placed.append(Placed(table, first.get_name()))
        fill_summary(summary, book, cells, result, about, phrases, placed)
        book.close()

    def _add_table(
        self, book: Workbook, cells: Cells, names: SheetNames, table: Table
    ) -> RowsSheet:
        """Returns its first sheet."""
        room = SHEET_ROWS - 1
        starts = range(0, len(table.rows), room)
        pieces = [table.rows[start : start + room] for start in starts] or [[]]
        sheets = [_sheet(book, names.take(table.title)) for _ in pieces]
        for sheet, rows in zip(sheets, pieces, strict=True):
            height, width = len(rows) + 1, len(table.columns)
            sheet.fill(self._rows(cells, table, rows), height, width)
            sheet.freeze_panes(1, 0)
            sheet.autofilter(0, 0, height - 1, width - 1)
            for place, column in enumerate(table.columns):
                wide = max(_WIDTHS.get(column.type, _WIDTH), min(len(column.title) + _ARROW, 40))
                sheet.set_column(place, place, wide)
        return sheets[0]

    def _rows(self, cells: Cells, table: Table, rows: Sequence[Row]) -> Iterator[str]:
        strong = text(table.title, cells.strong)
        yield row([strong] * len(table.columns), [column.title for column in table.columns])
        writers = [cells.writer(column.type, column.title) for column in table.columns]
        for number, each in enumerate(rows):
            if number % _ROWS == 0:
                self.watch()
            yield row(writers, each)


def _sheet(book: Workbook, name: str) -> RowsSheet:
    sheet: RowsSheet = book.add_worksheet(name, RowsSheet)
    return sheet
