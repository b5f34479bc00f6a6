"""XLSX: typed cells, a header that stays in sight, and a further sheet when one is full."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable
from typing import BinaryIO, cast

from reports.exports.base import ExportQuery, Moved, PartedFormat, StoredPart, copy_out
from reports.exports.columns import Kind, joined
from reports.xlsx import cells
from reports.xlsx.frames import RowPacker, frames
from reports.xlsx.workbook import Workbook

_CELLS = {
    Kind.TEXT: cells.TEXT,
    Kind.TOKEN: cells.TEXT,
    Kind.TEXTS: cells.TEXT,
    Kind.JSON: cells.TEXT,
    Kind.INTEGER: cells.INTEGER,
    Kind.BIGINT: cells.INTEGER,
    Kind.FLAG: cells.FLAG,
    Kind.MOMENT: cells.MOMENT,
}
_SELECTED = {
    # What the clocks of the session's time zone show.
    Kind.MOMENT: lambda sql: f"({sql})::timestamp",
    Kind.TEXTS: joined,
    Kind.JSON: lambda sql: f"({sql})::text",
}
_IN_MEMORY = 16 << 20


class XlsxFormat(PartedFormat):
    """Postgres writes the rows' XML; parts hold it deflated, and a workbook takes them over as they are."""

    name = "xlsx"
    extension = "xlsx"
    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    is_packed = True

    def write(self, query: ExportQuery, out: io.RawIOBase, moved: Moved) -> int:
        """The rows first, to a file of its own: what stands before them in a workbook is their size."""
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
            rows = self._pack(query, cast(BinaryIO, spool), moved)
            spool.seek(0)
            self._bind([cast(BinaryIO, spool)], out)
        return rows

    def write_part(self, query: ExportQuery, out: io.RawIOBase, moved: Moved) -> int:
        """Rows alone. Raises CellTooLong for a text that no cell can hold."""
        return self._pack(query, cast(BinaryIO, out), moved)

    def assemble(self, parts: Iterable[StoredPart], out: io.RawIOBase) -> None:
        """The workbook of all parts."""
        self._bind((part.open(0, None) for part in parts), out)

    def _pack(self, query: ExportQuery, out: BinaryIO, moved: Moved) -> int:
        rows = query.select(_SELECTED)
        with RowPacker(out, moved) as packer:
            return copy_out(
                f"SELECT {cells.row_xml(self._sheet())} FROM ({rows}) AS entire_row",
                cells.VERBATIM,
                cast(BinaryIO, packer),
            )

    def _bind(self, parts: Iterable[BinaryIO], out: io.RawIOBase) -> None:
        book = Workbook(cast(BinaryIO, out), self._sheet(), title="Gridlink")
        for part in parts:
            with part:
                book.add(frames(part))
        book.close()

    def _sheet(self) -> list[cells.SheetColumn]:
        return [cells.SheetColumn(column.name, _CELLS[column.kind]) for column in self.columns]
