"""CSV in UTF-8, with a header, as RFC 4180 has it; safe to open in a spreadsheet."""

from __future__ import annotations

import codecs
from typing import BinaryIO

from gridlink.lib.spreadsheets import guard_sql
from reports.exports.base import ExportQuery, copy_out
from reports.exports.columns import MOMENTS, Expressions, Kind, joined
from reports.exports.formats.text import TextFormat

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}


class CsvFormat(TextFormat):
    """Text that a spreadsheet would run as a formula stands behind an apostrophe."""

    name = "csv"
    extension = "csv"
    content_type = "text/csv; charset=utf-8"

    def head(self) -> bytes:
        """The names of the columns, which are the same in every language."""
        names = self.style.delimiter.join(column.name for column in self.columns)
        return (codecs.BOM_UTF8 if self.style.bom else b"") + f"{names}\n".encode()

    def copy(self, query: ExportQuery, out: BinaryIO) -> int:
        """Postgres writes the rows itself."""
        options = f"FORMAT csv, DELIMITER E'\\x{ord(self.style.delimiter):02x}'"
        return copy_out(query.select(self.written()), options, out)

    def written(self) -> Expressions:
        """How each kind is written."""
        return {
            Kind.TEXT: lambda sql: guard_sql(f"({sql})"),
            Kind.TEXTS: lambda sql: guard_sql(f"({joined(sql)})"),
            Kind.MOMENT: MOMENTS[self.style.times](self.style.zone),
        }
