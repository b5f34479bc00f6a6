"""Parquet: typed columns, packed with zstd."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import BinaryIO, cast

from reports.exports.base import ExportQuery, Moved, PartedFormat, StoredPart, copy_out
from reports.exports.columns import Kind
from reports.exports.formats.parquet import encoder
from reports.exports.formats.parquet.merge import merge

_KINDS = {
    Kind.TEXT: encoder.TEXT,
    Kind.TOKEN: encoder.TEXT,
    Kind.JSON: encoder.TEXT,
    Kind.TEXTS: encoder.TEXTS,
    Kind.INTEGER: encoder.INTEGER,
    Kind.BIGINT: encoder.BIGINT,
    Kind.FLAG: encoder.FLAG,
    Kind.MOMENT: encoder.MOMENT,
}


class ParquetFormat(PartedFormat):
    """Each part is a Parquet file, and the file of all is their bodies behind each other."""

    name = "parquet"
    extension = "parquet"
    content_type = "application/vnd.apache.parquet"
    is_packed = True

    @property
    def zone(self) -> str:
        """Moments are in UTC, as Parquet has it; whoever reads them shows them in a zone."""
        return "UTC"

    def write(self, query: ExportQuery, out: io.RawIOBase, moved: Moved) -> int:
        """A single part."""
        return self.write_part(query, out, moved)

    def write_part(self, query: ExportQuery, out: io.RawIOBase, moved: Moved) -> int:
        """A whole file."""
        columns = [
            encoder.ParquetColumn(column.name, _KINDS[column.kind]) for column in self.columns
        ]
        rows = query.select({kind: written.sql for kind, written in _KINDS.items()})
        with encoder.PartWriter(cast(BinaryIO, out), columns, moved) as part:
            return copy_out(rows, encoder.COPY_OPTIONS, cast(BinaryIO, part))

    def assemble(self, parts: Iterable[StoredPart], out: io.RawIOBase) -> None:
        """One file of all parts, without unpacking them."""
        merge(parts, cast(BinaryIO, out))
