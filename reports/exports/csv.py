"""CSV in UTF-8, with a header, as RFC 4180 has it; safe to open in a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from gridlink.lib.spreadsheets import guard_sql
from reports.exports.base import Column, ExportFormat, ExportQuery, RowCounter, copy_out


class CsvFormat(ExportFormat):
    """Text that a spreadsheet would run as a formula stands behind an apostrophe."""

    name = "csv"
    extension = "csv"
    content_type = "text/csv; charset=utf-8"

    def write(self, query: ExportQuery, out: BinaryIO, report: Callable[[int], None]) -> int:
        """Postgres writes the rows itself."""
        counter = RowCounter(out, report)
        return copy_out(query.select(_guarded), "FORMAT csv, HEADER", counter)


def _guarded(column: Column) -> str:
    sql = column.flat or column.sql
    return guard_sql(f"({sql})") if column.is_text else sql
