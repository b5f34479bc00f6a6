"""The binary format of PostgreSQL's COPY: nothing to escape, and little for the server to parse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from struct import Struct
from typing import Any

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
# PostgreSQL counts from 2000 on: microseconds for moments, days for dates.
_EPOCH_MS = 946_684_800_000
_EPOCH_DAYS = 10_957
_LENGTH = Struct("!i")
# Rows, some megabytes: before each further piece, a thread waits for its turn among the others.
_PIECE = 20_000
# Moments and sums are eight bytes wide, as bigint is.
BIGINT, INTEGER, SMALLINT, BOOLEAN = "q", "i", "h", "?"
_SIZES = {BIGINT: 8, INTEGER: 4, SMALLINT: 2, BOOLEAN: 1}


def moment(at: int) -> int:
    """A timestamptz, from milliseconds since 1970."""
    return (at - _EPOCH_MS) * 1000


def date(day: int) -> int:
    """A date, from days since 1970."""
    return day - _EPOCH_DAYS


def text(value: str, limit: int) -> bytes:
    """A field of at most so many characters; without NUL, which PostgreSQL does not keep. Raises ValueError
    for half a surrogate pair."""
    encoded = value.replace("\0", "")[:limit].encode()
    return _LENGTH.pack(len(encoded)) + encoded


def start(fields: int) -> bytes:
    """What a row of so many fields begins with."""
    return Struct("!h").pack(fields)


class Fields:
    """Packs values of fixed types, each as a field, one after another."""

    def __init__(self, types: str) -> None:
        self._pack = Struct("!" + "".join(f"i{code}" for code in types)).pack
        self._arguments = [_SIZES[code] for code in types for _ in range(2)]

    def pack(self, values: Sequence[int]) -> bytes:
        """Raises struct.error for what does not fit."""
        self._arguments[1::2] = values
        return self._pack(*self._arguments)


def pieces(rows: Sequence[bytes]) -> list[bytes]:
    """The file that COPY reads, in large pieces; without any row, none."""
    if not rows:
        return []
    cut = [b"".join(rows[first : first + _PIECE]) for first in range(0, len(rows), _PIECE)]
    return [_HEADER, *cut, _TRAILER]


def copy(cursor: Any, table: str, columns: Iterable[str], packed: Sequence[bytes]) -> None:
    """Put rows into the table in one statement, from `pieces`; without any, do nothing."""
    if packed:
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)"
        cursor.copy_expert(statement, _File(packed))


class _File:
    """Gives one piece after another, whatever size is asked for."""

    def __init__(self, packed: Iterable[bytes]) -> None:
        self._pieces = iter(packed)

    def read(self, _size: int) -> bytes:
        """The next piece; nothing at the end."""
        return next(self._pieces, b"")


def temporary(cursor: Any, table: str, columns: Mapping[str, str]) -> None:
    """A table for what is merged into others: once per session, emptied at each transaction's end, since
    making and dropping it every time would bloat the catalogue."""
    fields = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    cursor.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {table} ({fields}) ON COMMIT DELETE ROWS")
