"""Write PostgreSQL's binary COPY format: nothing to escape, and little for the server to parse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from struct import Struct
from typing import Any

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
# PostgreSQL counts from 2000 on: microseconds for timestamps, days for dates.
EPOCH_MS = 946_684_800_000
_EPOCH_DAYS = 10_957
_LENGTH = Struct("!i")
# In rows, some megabytes: before each further chunk, a thread waits for its turn among the others.
_CHUNK = 20_000
# Timestamps and sums are eight bytes wide, as bigint is.
BIGINT, INTEGER, SMALLINT, BOOLEAN = "q", "i", "h", "?"
_SIZES = {BIGINT: 8, INTEGER: 4, SMALLINT: 2, BOOLEAN: 1}


def pg_timestamp(at: int) -> int:
    """Return the value of a timestamptz, from milliseconds since 1970."""
    return (at - EPOCH_MS) * 1000


def pg_date(day: int) -> int:
    """Return the value of a date, from days since 1970."""
    return day - _EPOCH_DAYS


def text_field(value: str, limit: int) -> bytes:
    """Return a text as a field, cut and without NUL. Raises ValueError for lone surrogates."""
    encoded = value.replace("\0", "")[:limit].encode()
    return _LENGTH.pack(len(encoded)) + encoded


def row_start(fields: int) -> bytes:
    """Return the start of a row: its number of fields."""
    return Struct("!h").pack(fields)


class Fields:
    """Pack values of fixed types, each as a field, one after another."""

    def __init__(self, types: str) -> None:
        self._pack = Struct("!" + "".join(f"i{code}" for code in types)).pack
        self._arguments = [_SIZES[code] for code in types for _ in range(2)]

    def pack(self, values: Sequence[int]) -> bytes:
        """Return the fields. Raises struct.error for a value that does not fit."""
        self._arguments[1::2] = values
        return self._pack(*self._arguments)


def copy_chunks(rows: Sequence[bytes]) -> list[bytes]:
    """Return the input of COPY in large chunks; none without a row."""
    if not rows:
        return []
    chunks = [b"".join(rows[first : first + _CHUNK]) for first in range(0, len(rows), _CHUNK)]
    return [_HEADER, *chunks, _TRAILER]


def copy(cursor: Any, table: str, columns: Iterable[str], chunks: Sequence[bytes]) -> None:
    """Insert the rows of `copy_chunks` in one statement; without any, do nothing."""
    if chunks:
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)"
        cursor.copy_expert(statement, _ChunkReader(chunks))


class _ChunkReader:
    """Read one chunk after another, whatever size is asked for."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)

    def read(self, _size: int) -> bytes:
        """Return the next chunk; nothing at the end."""
        return next(self._chunks, b"")


def ensure_temp_table(cursor: Any, table: str, columns: Mapping[str, str]) -> None:
    """Create a temporary table, unless the session has it, that is emptied at each commit."""
    # Creating and dropping it in every transaction would bloat the catalogue.
    fields = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    cursor.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {table} ({fields}) ON COMMIT DELETE ROWS")
