"""Write JSON Lines: one object a row, in UTF-8."""

from __future__ import annotations

from typing import BinaryIO

from reports.exports.base import ExportQuery, copy_json_lines
from reports.exports.columns import Kind, timestamp_text
from reports.exports.formats.text import TextFormat


class JsonLinesFormat(TextFormat):
    """Write every column under its name and typed: tags as an array."""

    name = "jsonl"
    extension = "jsonl"
    content_type = "application/x-ndjson"

    def copy(self, query: ExportQuery, out: BinaryIO) -> int:
        """Let Postgres write the rows."""
        rows = query.select({Kind.TIMESTAMP: timestamp_text(self.style.zone)})
        return copy_json_lines(rows, out, using=query.using)
