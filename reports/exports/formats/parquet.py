"""Write Parquet with typed columns, compressed with Zstandard, in parts that become one file."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from typing import IO, BinaryIO, Self, cast

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet

from reports.exports.base import ExportQuery, OnProgress, PartedFormat, copy_out
from reports.exports.columns import Column, Kind

COPY_OPTIONS = "FORMAT csv"
"""How COPY must write the rows for `PartWriter`, with UTC as the session's time zone."""
EXPRESSIONS = {Kind.TEXT_ARRAY: lambda sql: f"array_to_json({sql})::text"}
"""The SQL that COPY must select, where it is not the value itself."""

GROUP_ROWS = 32_768
"""The approximate rows of a row group; wide rows make it shorter, and the last may have any number."""

# Of CSV. A group of wide rows ends earlier, since all of it is in memory several times.
_BLOCK_BYTES, _GROUP_BYTES = 1 << 20, 6 << 20
_TYPES = {
    Kind.TEXT: pa.string(),
    Kind.TOKEN: pa.string(),
    Kind.JSON: pa.string(),
    Kind.TEXT_ARRAY: pa.list_(pa.string()),
    Kind.INTEGER: pa.int32(),
    Kind.BIGINT: pa.int64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.TIMESTAMP: pa.timestamp("us", "UTC"),
}
# Numbers that grow or vary little, as keys and times do, take a fraction of their size, and less time.
_DELTA_ENCODED = {Kind.INTEGER, Kind.BIGINT, Kind.TIMESTAMP}


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

    def assemble(self, parts: Iterable[BinaryIO], out: io.RawIOBase) -> None:
        """Write the row groups of all parts to one file, a group at a time."""
        types = {column.name: _TYPES[column.kind] for column in self.columns}
        # Texts stay in their dictionaries, which takes half the time of decoding and encoding them.
        texts = [name for name, type in types.items() if type == pa.string()]
        types |= dict.fromkeys(texts, pa.dictionary(pa.int32(), pa.string()))
        with _parquet_file(out, self.columns, pa.schema(types)) as file:
            for part in parts:
                with part, tempfile.TemporaryFile() as seekable:
                    shutil.copyfileobj(part, seekable, _BLOCK_BYTES)
                    source = arrow_parquet.ParquetFile(seekable, read_dictionary=texts)
                    for number in range(source.num_row_groups):
                        table = source.read_row_group(number, use_threads=False)
                        file.write_table(table, row_group_size=table.num_rows)
                        del table
                        pa.default_memory_pool().release_unused()


class PartWriter:
    """Take rows from COPY and write a whole Parquet file; `out` need not seek.

    The file is complete when the block ends without an error. NULL and '' stay different; the same rows give
    the same bytes. Raises pyarrow.ArrowInvalid, a ValueError, for a value that its column cannot hold.
    """

    def __init__(
        self,
        out: IO[bytes] | io.RawIOBase,
        columns: Sequence[Column],
        on_progress: Callable[[int], object] = lambda rows: None,
    ) -> None:
        self._on_progress = on_progress
        self._columns = columns
        self._block: list[bytes] = []
        self._block_bytes = 0
        self._group: list[pa.Table] = []
        self._group_rows = self._group_bytes = 0
        self._schema = pa.schema([(column.name, _TYPES[column.kind]) for column in columns])
        self._parse, self._convert = _csv_options(columns)
        self._file = _parquet_file(out, columns, self._schema)

    def write(self, row: bytes) -> int:
        """Take one whole row, which may have several lines."""
        self._block.append(row)
        self._block_bytes += len(row)
        if self._block_bytes >= _BLOCK_BYTES:
            self._read_block()
        return len(row)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exc_type: object, *_: object) -> None:
        if exc_type is None:
            self._read_block()
            self._write_group()
            self._file.close()
            return
        # The first error is the one to report, not that the file cannot be closed either.
        with contextlib.suppress(Exception):
            self._file.close()

    def _read_block(self) -> None:
        if not self._block:
            return
        table = self._typed(self._read_csv(b"".join(self._block)))
        self._group.append(table)
        self._group_rows += table.num_rows
        self._group_bytes += self._block_bytes
        self._block.clear()
        self._block_bytes = 0
        self._on_progress(table.num_rows)
        if self._group_rows >= GROUP_ROWS or self._group_bytes >= _GROUP_BYTES:
            self._write_group()

    def _read_csv(self, data: bytes) -> pa.Table:
        # One block and one thread: parts are written in parallel anyway.
        options = arrow_csv.ReadOptions(
            column_names=self._schema.names, block_size=len(data) + 1, use_threads=False
        )
        return arrow_csv.read_csv(pa.BufferReader(data), options, self._parse, self._convert)

    def _typed(self, table: pa.Table) -> pa.Table:
        arrays = [
            _lists(array) if column.kind is Kind.TEXT_ARRAY else array
            for column, array in zip(self._columns, table.columns, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=self._schema)

    def _write_group(self) -> None:
        if self._group:
            table = pa.concat_tables(self._group)
            self._file.write_table(table, row_group_size=table.num_rows)
            self._group.clear()
            self._group_rows = self._group_bytes = 0
            # Arrow would keep what parts have freed, and with several at once that adds up.
            del table
            pa.default_memory_pool().release_unused()


def _lists(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    lists = [None if text is None else json.loads(text) for text in texts.to_pylist()]
    return pa.chunked_array([lists], type=_TYPES[Kind.TEXT_ARRAY])


def _parquet_file(
    out: IO[bytes] | io.RawIOBase, columns: Sequence[Column], schema: pa.Schema
) -> arrow_parquet.ParquetWriter:
    encoded = {
        column.name: "DELTA_BINARY_PACKED" for column in columns if column.kind in _DELTA_ENCODED
    }
    return arrow_parquet.ParquetWriter(
        out,
        schema,
        compression="zstd",
        use_dictionary=[column.name for column in columns if column.name not in encoded],
        column_encoding=encoded,
        # Arrow's own types would differ between a file of one part and a file of several.
        store_schema=False,
    )


def _csv_options(
    columns: Sequence[Column],
) -> tuple[arrow_csv.ParseOptions, arrow_csv.ConvertOptions]:
    types = {column.name: _TYPES[column.kind] for column in columns}
    lists = [column.name for column in columns if column.kind is Kind.TEXT_ARRAY]
    return (
        # An empty line is the NULL of a file with one column.
        arrow_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        arrow_csv.ConvertOptions(
            column_types=types | dict.fromkeys(lists, pa.string()),
            # COPY writes NULL as nothing, and an empty text as "".
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
        ),
    )
