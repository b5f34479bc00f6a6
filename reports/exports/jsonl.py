"""JSON Lines: one object a row, UTF-8."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from reports.exports.base import ExportFormat, ExportQuery, RowCounter, copy_out

# COPY's text format would double every backslash. In its CSV format, with a quote and a delimiter that JSON
# always escapes, nothing ever needs quoting, and each line is the JSON as Postgres made it.
_VERBATIM = r"FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02'"


class JsonLinesFormat(ExportFormat):
    """Every column under its name, typed: tags an array, style an object."""

    name = "jsonl"
    extension = "jsonl"
    content_type = "application/x-ndjson"

    def write(self, query: ExportQuery, out: BinaryIO, report: Callable[[int], None]) -> int:
        """Postgres writes the rows itself."""
        statement = f"SELECT row_to_json(entire_row)::text FROM ({query.select()}) AS entire_row"
        return copy_out(statement, _VERBATIM, RowCounter(out, report))
