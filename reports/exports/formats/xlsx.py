"""Write XLSX: typed cells, a frozen header, and another sheet whenever one is full."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable
from typing import BinaryIO, cast

from reports.exports.base import ExportQuery, OnProgress, PartedFormat, copy_out
from reports.exports.columns import Kind, joined_text
from reports.xlsx import cells
from reports.xlsx.frames import RowPacker, frames
from reports.xlsx.workbook import Workbook

_CELLS = {
    Kind.TEXT: cells.TEXT,
    Kind.TOKEN: cells.TEXT,
    Kind.TEXT_ARRAY: cells.TEXT,
    Kind.JSON: cells.TEXT,
    Kind.INTEGER: cells.INTEGER,
    Kind.BIGINT: cells.INTEGER,
    Kind.BOOLEAN: cells.BOOLEAN,
    Kind.TIMESTAMP: cells.TIMESTAMP,
}
_EXPRESSIONS = {
    # Local time in the session's time zone.
    Kind.TIMESTAMP: lambda sql: f"({sql})::timestamp",
    Kind.TEXT_ARRAY: joined_text,
    Kind.JSON: lambda sql: f"({sql})::text",
}
_IN_MEMORY_BYTES = 16 << 20


class XlsxFormat(PartedFormat):
    """Write rows as XML made by Postgres, deflated in parts that a workbook copies."""

    name = "xlsx"
    extension = "xlsx"
    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    is_compressed = True

    def write(self, query: ExportQuery, out: io.RawIOBase, on_progress: OnProgress) -> int:
        """Write the rows to a temporary file, then the workbook."""
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as spool:
            rows = self.write_part(query, cast(io.RawIOBase, spool), on_progress)
            spool.seek(0)
            self.assemble([cast(BinaryIO, spool)], out)
        return rows

    def write_part(self, query: ExportQuery, out: io.RawIOBase, on_progress: OnProgress) -> int:
        """Write rows only; raise CellTooLong for a text that no cell can hold."""
        rows = query.select(_EXPRESSIONS)
        with RowPacker(cast(BinaryIO, out), on_progress) as packer:
            return copy_out(
                f"SELECT {cells.row_xml(self._sheet())} FROM ({rows}) AS entire_row",
                cells.VERBATIM,
                cast(BinaryIO, packer),
                using=query.using,
            )

    def assemble(self, parts: Iterable[BinaryIO], out: io.RawIOBase) -> None:
        """Write the workbook of all parts."""
        book = Workbook(cast(BinaryIO, out), self._sheet())
        for part in parts:
            with part:
                book.add(frames(part))
        book.close()

    def _sheet(self) -> list[cells.SheetColumn]:
        return [cells.SheetColumn(column.name, _CELLS[column.kind]) for column in self.columns]
