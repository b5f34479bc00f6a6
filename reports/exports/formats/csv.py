"""Write CSV in UTF-8 with a header (RFC 4180), safe to open in a spreadsheet."""

from __future__ import annotations

import codecs
from typing import BinaryIO

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
            Kind.TEXT: lambda sql: guard_sql(f"({sql})"),
            Kind.TEXT_ARRAY: lambda sql: guard_sql(f"({joined_text(sql)})"),
            Kind.TIMESTAMP: TIME_FORMATS[self.style.times](self.style.zone),
        }
