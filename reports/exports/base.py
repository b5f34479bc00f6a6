"""What every export format speaks: a query in, bytes out, the number of rows back."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar, cast

from django.db import connection

from reports.exports.columns import Column, Expressions, expression
from reports.exports.compression import Compression

_BATCH = 2000
# COPY writes row by row; what lies behind wants larger pieces.
_BUFFER = 1 << 20


@dataclass(frozen=True, slots=True)
class ExportQuery:
    """A SELECT, in parts that a format can wrap: `columns` FROM `source`, ordered."""

    columns: tuple[Column, ...]
    source: str
    params: tuple[Any, ...]
    order: str
    limit: int | None = None

    def count(self) -> int:
        """The number of rows."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) {self.source}", self.params)
            return int(cursor.fetchone()[0])

    def select(self, expressions: Expressions) -> str:
        """The SELECT with its parameters filled in, each column written by what is said of its kind."""
        columns = ", ".join(
            f'{expression(column, expressions)} AS "{column.name}"' for column in self.columns
        )
        limit = "" if self.limit is None else f" LIMIT {self.limit}"
        return self.filled(f"SELECT {columns} {self.source} ORDER BY {self.order}{limit}")

    def filled(self, statement: str) -> str:
        """A statement around `source`, with the parameters filled in."""
        with connection.cursor() as cursor:
            filled: bytes = cursor.mogrify(statement, self.params)
        return filled.decode()

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows, streamed through a server-side cursor; for formats that COPY cannot write."""
        names = [column.name for column in self.columns]
        with connection.cursor() as cursor:
            cursor.execute(f"DECLARE export_rows NO SCROLL CURSOR FOR {self.select({})}")
            while True:
                cursor.execute(f"FETCH {_BATCH} FROM export_rows")
                batch = cursor.fetchall()
                if not batch:
                    return
                yield from (dict(zip(names, row, strict=True)) for row in batch)


# Told of so many rows more, about; raises what makes the export stop.
Moved = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Style:
    """How the owner wants the file: the zone of its times, and of CSV the delimiter, whether it begins with a
    byte order mark, and how times are written, by a name in columns.MOMENTS."""

    zone: str = "UTC"
    delimiter: str = ","
    bom: bool = False
    times: str = "offset"


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part that is written: `open` gives its bytes, from a start on and of a length."""

    rows: int
    size: int
    open: Callable[[int, int | None], BinaryIO]


class ExportFormat(ABC):
    """One format, for one export. Adding another is a subclass in a file of its own, and a line in
    `registry`."""

    name: ClassVar[str]
    extension: ClassVar[str]
    content_type: ClassVar[str]
    is_packed: ClassVar[bool] = False
    """Whether its files are compressed by themselves, and so in no other way."""
    has_own_columns: ClassVar[bool] = False
    """Whether nobody can choose the columns."""

    def __init__(self, columns: Sequence[Column], style: Style, packing: Compression) -> None:
        self.columns = columns
        self.style = style
        self.packing = packing

    @property
    def zone(self) -> str:
        """The time zone that the database session must have."""
        return self.style.zone

    @abstractmethod
    def write(self, query: ExportQuery, out: io.RawIOBase, moved: Moved) -> int:
        """Write all rows to `out`; returns how many there were.

        Runs inside one transaction, so every query sees the same rows.
        """


class PartedFormat(ExportFormat):
    """A format whose file can be put together from parts that were written each by itself."""

    @abstractmethod
    def write_part(self, query: ExportQuery, out: io.RawIOBase, moved: Moved) -> int:
        """As `write`, for some of the rows. The same rows give the same bytes."""

    @abstractmethod
    def assemble(self, parts: Iterable[StoredPart], out: io.RawIOBase) -> None:
        """Write the file of all parts, which come in their order, each as soon as it is there."""


class Meter(io.RawIOBase):
    """Stands before what takes the bytes, counts the lines that go by, and lets nothing by once `moved`
    raises. Closing it, as a buffer does, closes nothing else."""

    def __init__(self, out: io.RawIOBase | BinaryIO, moved: Moved) -> None:
        super().__init__()
        self._out = out
        self._moved = moved

    def writable(self) -> bool:
        """It takes bytes, and only takes them."""
        return True

    def write(self, data: Any, /) -> int:
        """Pass bytes on."""
        view = memoryview(data)
        self._moved(bytes(view).count(b"\n"))
        self._out.write(view)
        return len(view)


def buffered(out: io.RawIOBase | BinaryIO, moved: Moved) -> BinaryIO:
    """A buffer before `out` for what is written row by row. To be closed, which flushes it."""
    return cast(BinaryIO, io.BufferedWriter(Meter(out, moved), _BUFFER))


def copy_out(statement: str, options: str, out: BinaryIO) -> int:
    """COPY a SELECT straight into `out`: no row becomes a Python object. Returns the rows."""
    with connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.copy_expert(f"COPY ({statement}) TO STDOUT WITH ({options})", out)
        return int(cursor.rowcount)
