"""Render reports as CSV after RFC 4180, safe to open in a spreadsheet."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo
from zoneinfo import ZoneInfo

from gridlink.lib.spreadsheets import guard
from reports.reporting.renderers.base import RenderContext, Renderer, write_lines
from reports.reporting.results.cells import Cell, CellType
from reports.reporting.results.result import Fact, Result, Table

_FACT_COLUMNS = ("name", "title", "value")
_QUOTED = re.compile(r'[,"\r\n]')
_MEMORY_MAX = 16 << 20


class CsvRenderer(Renderer):
    """Render a CSV file of one table, otherwise a ZIP file with `facts.csv`.

    The header holds the names of the columns. Days and moments are ISO 8601, a rate is a decimal fraction, a
    flag true or false. None is empty, an empty text is `""`. Text that a spreadsheet would run as a formula
    is prefixed by an apostrophe.
    """

    name = "csv"
    content_type = "text/csv; charset=utf-8"

    def extension(self, result: Result) -> str:
        """Return `csv` or `zip`."""
        return "csv" if len(result.tables) == 1 else "zip"

    def media_type(self, result: Result) -> str:
        """Return the media type of a CSV or a ZIP file."""
        return self.content_type if len(result.tables) == 1 else "application/zip"

    def write(self, result: Result, context: RenderContext, out: IO[bytes]) -> None:
        """Write UTF-8 without a byte order mark; raises ValueError for two tables of one name."""
        if len(result.tables) == 1:
            write_lines(out, _table(result.tables[0]), self.check_cancelled)
            return
        files = {f"{table.name}.csv": _table(table) for table in result.tables}
        if len(files) < len(result.tables) or "facts.csv" in files:
            raise ValueError("The tables of a result need names of their own, and none is `facts`.")
        files["facts.csv"] = _facts(result.facts)
        moment = context.made_on.astimezone(ZoneInfo(result.zone)).timetuple()
        # ZipFile writes other bytes to a file that is not seekable.
        with tempfile.SpooledTemporaryFile(_MEMORY_MAX) as spool:
            with ZipFile(spool, "w", ZIP_DEFLATED) as archive:
                for name, lines in files.items():
                    entry = ZipInfo(name, moment[:6])
                    entry.compress_type = ZIP_DEFLATED
                    with archive.open(entry, "w") as file:
                        write_lines(file, lines, self.check_cancelled)
            spool.seek(0)
            shutil.copyfileobj(spool, out)


def _table(table: Table) -> Iterator[str]:
    yield _line(_text(column.name) for column in table.columns)
    writers = [_WRITERS[column.type] for column in table.columns]
    for row in table.rows:
        yield _cells(writers, row)


def _facts(facts: Iterable[Fact]) -> Iterator[str]:
    yield _line(_FACT_COLUMNS)
    for fact in facts:
        yield _cells((_text, _text, _WRITERS[fact.type]), (fact.name, fact.title, fact.value))


def _cells(writers: Sequence[Callable[[Any], str]], row: Sequence[Cell]) -> str:
    return _line(
        "" if cell is None else write(cell) for write, cell in zip(writers, row, strict=True)
    )


# The csv module of Python 3.11 writes None and an empty text the same.
def _line(fields: Iterable[str]) -> str:
    return ",".join(fields) + "\r\n"


def _text(text: str) -> str:
    safe = guard(text)
    return '"' + safe.replace('"', '""') + '"' if not safe or _QUOTED.search(safe) else safe


_WRITERS: dict[CellType, Callable[[Any], str]] = {
    CellType.TEXT: _text,
    CellType.ADDRESS: _text,
    CellType.INTEGER: str,
    CellType.NUMBER: repr,
    CellType.RATE: lambda value: f"{value:.4f}".rstrip("0").rstrip("."),
    CellType.FLAG: lambda value: "true" if value else "false",
    CellType.DAY: date.isoformat,
    CellType.MOMENT: lambda moment: moment.isoformat(),
}
