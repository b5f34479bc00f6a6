"""Read rendered reports back with common libraries, as cells to compare."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import openpyxl
from openpyxl.utils.escape import unescape

from gridlink.lib.spreadsheets import unguard
from reports.reporting.renderers.base import RenderContext
from reports.reporting.renderers.registry import RENDERERS
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Result, Table

ABOUT = RenderContext(made_on=datetime(2026, 5, 6, 7, 8, 10, tzinfo=UTC), run="rn_0001")

Rows = list[list[Any]]


def render(name: str, result: Result, about: RenderContext = ABOUT) -> bytes:
    """The file of a format, written where nothing can be gone back to."""
    out = OneWay()
    RENDERERS[name]().write(result, about, out)  # type: ignore[arg-type]
    return bytes(out.data)


class OneWay:
    """Takes bytes, and can do nothing else."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)


def normalised(kind: CellType, value: Any) -> Any:
    """What every format can tell of a cell: an empty text is no text, a moment is what clocks show, to the
    nearest millisecond."""
    if value is None or value == "":
        return None
    return _NORMAL.get(kind, _same)(value)


def cells_of_result(result: Result) -> dict[str, Rows]:
    """The rows of each table, by its name."""
    return {
        table.name: _rows(table, table.rows, lambda kind, value: value) for table in result.tables
    }


def cells_of_json(data: bytes, result: Result) -> dict[str, Rows]:
    """The same, of the JSON file."""
    found = {table["name"]: table["rows"] for table in json.loads(data)["tables"]}
    return {table.name: _rows(table, found[table.name], _from_json) for table in result.tables}


def cells_of_csv(data: bytes, result: Result) -> dict[str, Rows]:
    """The same, of the CSV file or the ZIP file of some."""
    files = csv_files(data, result)
    return {
        table.name: _rows(table, csv_rows(files[f"{table.name}.csv"])[1:], _from_csv)
        for table in result.tables
    }


def cells_of_xlsx(data: bytes, result: Result) -> dict[str, Rows]:
    """The same, of the workbook; a table goes on in the sheets that follow its first."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    rows = {sheet.title: list(sheet.iter_rows(min_row=2, values_only=True)) for sheet in book}
    firsts = _first_sheets(rows["Summary"], result)
    tables = {}
    names = list(rows)
    starts = [names.index(first) for first in firsts]
    for table, start, stop in zip(result.tables, starts, [*starts, len(names)][1:], strict=True):
        filled = [row for name in names[start:stop] for row in rows[name]]
        tables[table.name] = _rows(table, filled, _from_xlsx)
    return tables


def value_of_text(kind: CellType, text: str | None) -> Any:
    """A cell that is told as text: a number, `true` or `false`, or ISO 8601."""
    return normalised(kind, None if text is None else _TEXTS.get(kind, _same)(text))


def csv_files(data: bytes, result: Result) -> dict[str, str]:
    """The text of each CSV file by its name."""
    if RENDERERS["csv"]().extension(result) == "csv":
        return {f"{result.tables[0].name}.csv": data.decode()}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def csv_rows(text: str) -> list[list[str]]:
    """The records; one that is nothing at all is of one empty cell."""
    return [row or [""] for row in csv.reader(io.StringIO(text, newline=""), strict=True)]


def _first_sheets(summary: Sequence[tuple[Any, ...]], result: Result) -> list[str]:
    listed = summary[len(summary) - len(result.tables) :]
    return [str(_from_xlsx(CellType.TEXT, row[1])) for row in listed]


def _rows(
    table: Table, rows: Iterable[Sequence[Any]], read: Callable[[CellType, Any], Any]
) -> Rows:
    kinds = [column.type for column in table.columns]
    return [
        [
            None if cell is None else normalised(kind, read(kind, cell))
            for kind, cell in zip(kinds, row, strict=True)
        ]
        for row in rows
    ]


def _same(value: Any) -> Any:
    return value


def _clock(value: datetime) -> str:
    nearest = value.replace(tzinfo=None) + timedelta(microseconds=500)
    return nearest.isoformat(timespec="milliseconds")


_NORMAL: dict[CellType, Callable[[Any], Any]] = {CellType.MOMENT: _clock}
_TIMES: dict[CellType, Callable[[Any], Any]] = {
    CellType.DAY: date.fromisoformat,
    CellType.MOMENT: datetime.fromisoformat,
}
_TEXTS: dict[CellType, Callable[[Any], Any]] = {
    **_TIMES,
    CellType.INTEGER: int,
    CellType.NUMBER: float,
    CellType.RATE: float,
    CellType.FLAG: lambda text: {"true": True, "false": False}[text],
}


def _from_json(kind: CellType, value: Any) -> Any:
    return _TIMES.get(kind, _same)(value)


def _from_csv(kind: CellType, value: str) -> Any:
    if value == "":
        return None
    return _TEXTS.get(kind, unguard)(value)


def _from_xlsx(kind: CellType, value: Any) -> Any:
    return _SHEET.get(kind, _same)(value)


def _whole(value: Any) -> Any:
    # More digits than a spreadsheet keeps are text.
    return int(value) if isinstance(value, str) else value


def _day(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) else value.date()


def _moment(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


_SHEET: dict[CellType, Callable[[Any], Any]] = {
    CellType.TEXT: unescape,
    CellType.ADDRESS: unescape,
    CellType.INTEGER: _whole,
    CellType.NUMBER: float,
    CellType.RATE: float,
    CellType.DAY: _day,
    CellType.MOMENT: _moment,
}
