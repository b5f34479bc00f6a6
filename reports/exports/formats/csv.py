"""Write CSV in UTF-8 with a header (RFC 4180), safe to open in a spreadsheet."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import BinaryIO, ClassVar

from gridlink.lib.spreadsheets import guard_sql
from reports.exports.base import ExportQuery, copy_out
from reports.exports.columns import TIME_FORMATS, Expressions, Kind, joined_text
from reports.exports.formats.text import TextFormat

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}


class CsvFormat(TextFormat):
    """Write CSV, with an apostrophe before text that spreadsheets would run as a formula."""

    name = "csv"
    extension = "csv"
    content_type = "text/csv; charset=utf-8"
    cannot_hold: ClassVar[Mapping[str, str]] = {
        "links": "An import of this file brings back each link's grid title, URL, title, note, tags, alias,"
        " earlier clicks and dates. It does not bring back place, size, background, style and active window,"
        " what belongs to a grid beside its title, and grids without links: an export of the account does."
    }

    def header(self) -> bytes:
        """Return the names of the columns, which are the same in every language."""
        names = self.style.delimiter.join(column.name for column in self.columns)
        return (codecs.BOM_UTF8 if self.style.bom else b"") + f"{names}\n".encode()

    def copy(self, query: ExportQuery, out: BinaryIO) -> int:
        """Let Postgres write the rows."""
        options = f"FORMAT csv, DELIMITER E'\\x{ord(self.style.delimiter):02x}'"
        return copy_out(query.select(self.expressions()), options, out, using=query.using)

    def expressions(self) -> Expressions:
        """Return how each kind of column is written."""
        return {
            Kind.TEXT: self._guarded,
            # Joined once, where the guard reads it several times.
            Kind.TEXT_ARRAY: lambda sql: (
                f"(SELECT {self._guarded('joined')}"
                f" FROM (SELECT {joined_text(sql)} AS joined OFFSET 0) AS cell)"
            ),
            Kind.TIMESTAMP: TIME_FORMATS[self.style.times](self.style.zone),
        }

    def _guarded(self, sql: str) -> str:
        return guard_sql(f"({sql})", self.style.delimiter)
