"""Parquet from COPY, a part at a time. `parquet_merge` makes one file of the parts."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet

if TYPE_CHECKING:
    from types import TracebackType

COPY_OPTIONS = "FORMAT csv"
"""How COPY must write the rows for `PartWriter`. The session's time zone must be UTC."""

GROUP_ROWS = 65_536
"""About the rows of a row group; wide rows make it shorter, and the last of a part may have any number."""

# Of CSV. A group of wide rows ends earlier, since all of it is in memory, several times over.
_BLOCK, _GROUP = 1 << 20, 8 << 20


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class ParquetKind:
    """A kind of column: its type in the file; the SQL that COPY takes, made from the value's; the type that
    COPY's text is read as, if another, and what makes the column of that; its encoding, or a dictionary."""

    type: pa.DataType
    sql: Callable[[str], str] = _as_it_is
    text_type: pa.DataType | None = None
    read: Callable[[pa.ChunkedArray], pa.ChunkedArray] = _as_it_is
    encoding: str = ""


def _read_lists(column: pa.ChunkedArray) -> pa.ChunkedArray:
    texts = column.to_pylist()
    lists = [None if text is None else json.loads(text) for text in texts]
    return pa.chunked_array([lists], type=pa.list_(pa.string()))


# Numbers that grow or vary little, as keys and times do, take a fraction of their size, and less time.
_DELTA = "DELTA_BINARY_PACKED"

TEXT = ParquetKind(pa.string())
"""text, kept in a dictionary as long as values repeat."""
BIGINT = ParquetKind(pa.int64(), encoding=_DELTA)
"""bigint."""
INTEGER = ParquetKind(pa.int32(), encoding=_DELTA)
"""integer or smallint."""
NUMBER = ParquetKind(pa.float64())
"""double precision."""
FLAG = ParquetKind(pa.bool_())
"""boolean."""
MOMENT = ParquetKind(pa.timestamp("us", "UTC"), encoding=_DELTA)
"""timestamptz, finite."""
DAY = ParquetKind(pa.date32())
"""date, finite."""
TEXTS = ParquetKind(
    pa.list_(pa.string()),
    sql=lambda sql: f"array_to_json({sql})::text",
    text_type=pa.string(),
    read=_read_lists,
)
"""text[], of one dimension. Its rows do become Python objects."""


@dataclass(frozen=True, slots=True)
class ParquetColumn:
    """A column: its name, and what it holds."""

    name: str
    kind: ParquetKind


class PartWriter:
    """Takes what COPY writes, a row at a time, and writes a whole Parquet file to `out`, which need not seek;
    complete when its block ends well.

    The COPY selects `kind.sql(…)` of each column, in their order. NULL and '' stay different; the same rows
    give the same bytes. `moved` is told of so many rows more every so often, and raises what makes the export
    stop. Raises pyarrow.ArrowInvalid, a ValueError, for a value that its column cannot hold.
    """

    def __init__(
        self,
        out: IO[bytes] | io.RawIOBase,
        columns: Sequence[ParquetColumn],
        moved: Callable[[int], object] = lambda rows: None,
    ) -> None:
        self.rows = 0
        self._moved = moved
        self._columns = columns
        self._block: list[bytes] = []
        self._block_size = 0
        self._group: list[pa.Table] = []
        self._group_rows = self._group_size = 0
        self._options = _csv_options(columns)
        self._schema = pa.schema([(column.name, column.kind.type) for column in columns])
        self._file = _parquet_file(out, self._schema, columns)

    def write(self, row: bytes) -> int:
        """Take a row, whole: it may be of several lines."""
        self._block.append(row)
        self._block_size += len(row)
        if self._block_size >= _BLOCK:
            self._read_block()
        return len(row)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is None:
            self._read_block()
            self._write_group()
            self._file.close()
            return
        # What went wrong is known; that its file cannot be ended either is no news.
        with contextlib.suppress(Exception):
            self._file.close()

    def _read_block(self) -> None:
        if not self._block:
            return
        table = self._typed(_read_csv(b"".join(self._block), self._options))
        self._group.append(table)
        self._group_rows += table.num_rows
        self._group_size += self._block_size
        self._block.clear()
        self._block_size = 0
        self.rows += table.num_rows
        self._moved(table.num_rows)
        if self._group_rows >= GROUP_ROWS or self._group_size >= _GROUP:
            self._write_group()

    def _typed(self, table: pa.Table) -> pa.Table:
        arrays = [
            column.kind.read(array)
            for column, array in zip(self._columns, table.columns, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=self._schema)

    def _write_group(self) -> None:
        if self._group:
            table = pa.concat_tables(self._group)
            self._file.write_table(table, row_group_size=table.num_rows)
            self._group.clear()
            self._group_rows = self._group_size = 0
            # Arrow would keep what parts have freed, and with several at once that adds up.
            del table
            pa.default_memory_pool().release_unused()


def _parquet_file(
    out: IO[bytes] | io.RawIOBase, schema: pa.Schema, columns: Sequence[ParquetColumn]
) -> arrow_parquet.ParquetWriter:
    encodings = {column.name: column.kind.encoding for column in columns if column.kind.encoding}
    texts = [column.name for column in columns if not column.kind.encoding]
    return arrow_parquet.ParquetWriter(
        out,
        schema,
        compression="zstd",
        use_dictionary=texts,
        column_encoding=encodings,
    )


def _csv_options(columns: Sequence[ParquetColumn]) -> dict[str, Any]:
    types = {column.name: column.kind.text_type or column.kind.type for column in columns}
    return {
        "parse_options": arrow_csv.ParseOptions(
            newlines_in_values=True,
            # One is the NULL of a file of one column.
            ignore_empty_lines=False,
        ),
        "convert_options": arrow_csv.ConvertOptions(
            column_types=types,
            # COPY writes NULL as nothing, and an empty text as "".
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
        ),
        "names": list(types),
    }


def _read_csv(data: bytes, options: dict[str, Any]) -> pa.Table:
    # One block and one thread: parts run side by side as it is.
    how = arrow_csv.ReadOptions(
        column_names=options["names"], block_size=len(data) + 1, use_threads=False
    )
    return arrow_csv.read_csv(
        pa.BufferReader(data), how, options["parse_options"], options["convert_options"]
    )
