"""Render reports as XLSX: typed cells, a sheet for each table, and charts."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from xlsxwriter import Workbook

from reports.reporting.renderers.base import RenderContext, Renderer
from reports.reporting.renderers.text.labels import Labels, labels_for
from reports.reporting.renderers.xlsx.cells import EMPTY_ROW, CellWriters, row, style, text
from reports.reporting.renderers.xlsx.charts import TableSheet, add_charts
from reports.reporting.renderers.xlsx.sheets import RowsSheet, SheetNames
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Fact, Result, Row, Table
from reports.xlsx.workbook import SHEET_ROWS

# In characters.
_WIDTHS = {CellType.TEXT: 40, CellType.ADDRESS: 60, CellType.MOMENT: 20, CellType.FLAG: 8}
_WIDTH, _TITLE_WIDTH_MAX = 12, 40
_SUMMARY_WIDTHS = (36, 28, 12, 80)
_SUMMARY = "Summary"
_FILTER_ARROW = 3
_CHUNK_ROWS = 1000


class XlsxRenderer(Renderer):
    """Render a sheet "Summary" with the facts, and sheets of tables with charts.

    A table of more rows than a sheet holds continues on another. Moments are in local time of the result's
    zone, since cells have no zone; a day before March 1900, and an integer of more than 15 digits, is text.
    """

    name = "xlsx"
    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def write(self, result: Result, context: RenderContext, out: IO[bytes]) -> None:
        """Write by way of files, in constant memory; raises CellTooLong, a ValueError."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "report.xlsx")
            self._fill(Workbook(path, {"tmpdir": folder}), result, context)
            with path.open("rb") as file:
                shutil.copyfileobj(file, out)

    def _fill(self, book: Workbook, result: Result, context: RenderContext) -> None:
        made_on = context.made_on.astimezone(UTC).replace(tzinfo=None)
        book.set_properties({"title": result.title, "created": made_on})
        cells, names = CellWriters.of(book, ZoneInfo(result.zone)), SheetNames()
        labels = labels_for(context.locale.partition("_")[0])
        summary = _sheet(book, names.take(labels.summary))
        tables = []
        for table, charts in result.sections():
            first = self._add_table(book, cells, names, table)
            rows = min(len(table.rows), SHEET_ROWS - 1)
            add_charts(book, TableSheet(table, first, rows, cells.zone), charts)
            tables.append((table, first.get_name()))
        _fill_summary(summary, book, cells, result, context, labels, tables)
        book.close()

    def _add_table(
        self, book: Workbook, cells: CellWriters, names: SheetNames, table: Table
    ) -> RowsSheet:
        """Add the table's sheets and return the first."""
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
                title_width = min(len(column.title) + _FILTER_ARROW, _TITLE_WIDTH_MAX)
                sheet.set_column(place, place, max(_WIDTHS.get(column.type, _WIDTH), title_width))
        return sheets[0]

    def _rows(self, cells: CellWriters, table: Table, rows: Sequence[Row]) -> Iterator[str]:
        strong = text(table.title, cells.strong)
        yield row([strong] * len(table.columns), [column.title for column in table.columns])
        writers = [cells.writer(column.type, column.title) for column in table.columns]
        for number, each in enumerate(rows):
            if number % _CHUNK_ROWS == 0:
                self.check_cancelled()
            yield row(writers, each)


def _sheet(book: Workbook, name: str) -> RowsSheet:
    sheet: RowsSheet = book.add_worksheet(name, RowsSheet)
    return sheet


def _fill_summary(
    sheet: RowsSheet,
    book: Workbook,
    cells: CellWriters,
    result: Result,
    context: RenderContext,
    labels: Labels,
    tables: list[tuple[Table, str]],
) -> None:
    """Write title, facts, remarks, origin, and the list of tables with their notes."""
    strong, plain = text(_SUMMARY, cells.strong), text(_SUMMARY)
    origin = [
        Fact("zone", labels.zone, CellType.TEXT, result.zone),
        Fact("made_on", labels.made_on, CellType.MOMENT, context.made_on),
        Fact("run", labels.run, CellType.TEXT, context.run),
    ]
    rows = [
        row([text(_SUMMARY, style(book, bold=True, font_size=16))], [result.title]),
        row([plain], [result.subtitle]),
        EMPTY_ROW,
        *_facts(cells, result.facts),
        EMPTY_ROW,
        *(row([plain], [remark]) for remark in result.remarks),
        EMPTY_ROW,
        *_facts(cells, origin),
        EMPTY_ROW,
        row([strong] * len(labels.table_list), labels.table_list),
        *_tables(cells, tables),
    ]
    sheet.fill(rows, len(rows), len(_SUMMARY_WIDTHS))
    for place, width in enumerate(_SUMMARY_WIDTHS):
        sheet.set_column(place, place, width)


def _facts(cells: CellWriters, facts: Iterable[Fact]) -> Iterator[str]:
    for fact in facts:
        yield row([text(_SUMMARY), cells.writer(fact.type, fact.title)], [fact.title, fact.value])


def _tables(cells: CellWriters, tables: Iterable[tuple[Table, str]]) -> Iterator[str]:
    plain = text(_SUMMARY)
    writers = [plain, plain, cells.writer(CellType.INTEGER, _SUMMARY), plain]
    for table, sheet in tables:
        yield row(writers, [table.title, sheet, len(table.rows), table.note])
