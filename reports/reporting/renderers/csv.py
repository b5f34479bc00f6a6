"""CSV as RFC 4180 has it: for programs, and safe to open in a spreadsheet."""

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
from reports.reporting.renderers.base import About, Renderer
from reports.reporting.renderers.text_output import write_lines
from reports.reporting.results.cells import Cell, CellType
from reports.reporting.results.result import Fact, Result, Table

_FACTS = ("name", "title", "value")
_QUOTED = re.compile(r'[,"\r\n]')
_IN_MEMORY = 16 << 20


class CsvRenderer(Renderer):
    """One table is a CSV file; any other number of them a ZIP file with one for each, named after it, and
    `facts.csv`, which has a row for each fact.

    The header holds the names of the columns. Days and moments are ISO 8601, a rate a decimal fraction, a
    flag true or false. Nothing at all is None, and `""` an empty text. Text that a spreadsheet would run as
    a formula stands behind an apostrophe.
    """

    name = "csv"
    content_type = "text/csv; charset=utf-8"

    def extension(self, result: Result) -> str:
        """`csv` or `zip`."""
        return "csv" if len(result.tables) == 1 else "zip"

    def media_type(self, result: Result) -> str:
        """Of the one or the other."""
        return self.content_type if len(result.tables) == 1 else "application/zip"

    def write(self, result: Result, about: About, out: IO[bytes]) -> None:
        """In UTF-8, without a byte order mark. Raises ValueError for two tables of one name."""
        if len(result.tables) == 1:
            write_lines(out, _table(result.tables[0]), self.watch)
        else:
            _write_zip(result, about, out, self.watch)


def _write_zip(result: Result, about: About, out: IO[bytes], watch: Callable[[], None]) -> None:
    files = {f"{table.name}.csv": _table(table) for table in result.tables}
    if len(files) < len(result.tables) or "facts.csv" in files:
        raise ValueError("The tables of a result need names of their own, and none is `facts`.")
    files["facts.csv"] = _facts(result.facts)
    moment = about.made_on.astimezone(ZoneInfo(result.zone)).timetuple()
    # A ZIP file that is written where nothing can be gone back to differs from one that is not.
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
        with ZipFile(spool, "w", ZIP_DEFLATED) as archive:
            for name, lines in files.items():
                entry = ZipInfo(name, moment[:6])
                entry.compress_type = ZIP_DEFLATED
                with archive.open(entry, "w") as file:
                    write_lines(file, lines, watch)
        spool.seek(0)
        shutil.copyfileobj(spool, out)


def _table(table: Table) -> Iterator[str]:
    yield _line(_text(column.name) for column in table.columns)
    writers = [_WRITERS[column.type] for column in table.columns]
    for row in table.rows:
        yield _cells(writers, row)


def _facts(facts: Iterable[Fact]) -> Iterator[str]:
    yield _line(_FACTS)
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


def _rate(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _flag(value: bool) -> str:
    return "true" if value else "false"


_WRITERS: dict[CellType, Callable[[Any], str]] = {
    CellType.TEXT: _text,
    CellType.ADDRESS: _text,
    CellType.INTEGER: str,
    CellType.NUMBER: repr,
    CellType.RATE: _rate,
    CellType.FLAG: _flag,
    CellType.DAY: date.isoformat,
    CellType.MOMENT: lambda moment: moment.isoformat(),
}
