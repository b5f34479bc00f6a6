"""Write Parquet with typed columns, compressed with Zstandard."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import BinaryIO, cast

from reports.exports.base import ExportQuery, OnProgress, PartedFormat, StoredPart, copy_out
from reports.exports.formats.parquet_encoder import (
    COPY_OPTIONS,
    EXPRESSIONS,
    PartWriter,
    join_parts,
)


class ParquetFormat(PartedFormat):
    """Write each part as a Parquet file, and join their row groups to one file."""

    name = "parquet"
    extension = "parquet"
    content_type = "application/vnd.apache.parquet"
    is_compressed = True

    @property
    def zone(self) -> str:
        """Return UTC, in which Parquet stores times; readers convert them."""
        return "UTC"

    def write(self, query: ExportQuery, out: io.RawIOBase, on_progress: OnProgress) -> int:
        """Write a single part, which is a whole file."""
        return self.write_part(query, out, on_progress)

    def write_part(self, query: ExportQuery, out: io.RawIOBase, on_progress: OnProgress) -> int:
        """Write a Parquet file of some rows."""
        with PartWriter(out, self.columns, on_progress) as part:
            rows = query.select(EXPRESSIONS)
            return copy_out(rows, COPY_OPTIONS, cast(BinaryIO, part), using=query.using)

    def assemble(self, parts: Iterable[StoredPart], out: io.RawIOBase) -> None:
        """Write one file of all parts."""
        join_parts(parts, out, self.columns)
