"""JSON Lines: one object a row, UTF-8."""

from __future__ import annotations

from typing import BinaryIO

from reports.exports.base import ExportQuery, copy_out
from reports.exports.columns import Kind, moment_text
from reports.exports.formats.text import TextFormat

# COPY's text format would double every backslash. In its CSV format, with a quote and a delimiter that JSON
# always escapes, nothing ever needs quoting, and each line is the JSON as Postgres made it.
_VERBATIM = r"FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02'"


class JsonLinesFormat(TextFormat):
    """Every column under its name, typed: tags an array, style an object."""

    name = "jsonl"
    extension = "jsonl"
    content_type = "application/x-ndjson"

    def copy(self, query: ExportQuery, out: BinaryIO) -> int:
        """Postgres writes the rows itself."""
        rows = query.select({Kind.MOMENT: moment_text(self.style.zone)})
        return copy_out(
            f"SELECT row_to_json(entire_row)::text FROM ({rows}) AS entire_row", _VERBATIM, out
        )
