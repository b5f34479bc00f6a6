"""Define the interface of export formats: a query in, bytes out, rows counted."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar, cast

from django.db import DEFAULT_DB_ALIAS, connections

from reports.exports.columns import Column, Expressions
from reports.exports.compression import Compression

_FETCH_ROWS = 2000
# COPY writes row by row; compression and storage work better with larger blocks.
_BUFFER_BYTES = 1 << 20
# COPY's text format would double every backslash. In its CSV format, with a quote and a delimiter that JSON
# always escapes, nothing ever needs quoting, and each line is the JSON as Postgres made it.
_COPY_VERBATIM = r"FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02'"

OnProgress = Callable[[int], None]
"""Takes the approximate number of rows since the last call; raises whatever must stop the export."""


@dataclass(frozen=True, slots=True)
class ExportQuery:
    """Represent a SELECT in parts that a format can wrap: `columns` FROM `source`, ordered.

    `using` is the alias of the database that is read.
    """

    columns: tuple[Column, ...]
    source: str
    params: tuple[Any, ...]
    order: str
    using: str = DEFAULT_DB_ALIAS
    limit: int | None = None

    def count(self) -> int:
        """Return the number of rows."""
        with connections[self.using].cursor() as cursor:
            cursor.execute(f"SELECT count(*) {self.source}", self.params)
            return int(cursor.fetchone()[0])

    def select(self, expressions: Expressions) -> str:
        """Return the SELECT with its parameters filled in and each column converted by its kind."""
        columns = ", ".join(
            f'{expressions.get(column.kind, str)(column.sql)} AS "{column.name}"'
            for column in self.columns
        )
        limit = "" if self.limit is None else f" LIMIT {self.limit}"
        statement = f"SELECT {columns} {self.source} ORDER BY {self.order}{limit}"
        with connections[self.using].cursor() as cursor:
            filled: bytes = cursor.mogrify(statement, self.params)
        return filled.decode()

    def rows(self) -> Iterator[dict[str, Any]]:
        """Stream the rows through a server-side cursor, for formats that COPY cannot write."""
        names = [column.name for column in self.columns]
        with connections[self.using].cursor() as cursor:
            cursor.execute(f"DECLARE export_rows NO SCROLL CURSOR FOR {self.select({})}")
            while True:
                cursor.execute(f"FETCH {_FETCH_ROWS} FROM export_rows")
                batch = cursor.fetchall()
                if not batch:
                    return
                yield from (dict(zip(names, row, strict=True)) for row in batch)


@dataclass(frozen=True, slots=True)
class Style:
    """Hold the time zone, and for CSV the delimiter, byte order mark and time format.

    `times` is a key of `columns.TIME_FORMATS`.
    """

    zone: str = "UTC"
    delimiter: str = ","
    bom: bool = False
    times: str = "offset"


class ExportFormat(ABC):
    """Write one export in one format; subclasses are listed in `registry`."""

    name: ClassVar[str]
    extension: ClassVar[str]
    content_type: ClassVar[str]
    is_compressed: ClassVar[bool] = False
    """Whether the format compresses its files itself, so that no other compression applies."""
    has_fixed_columns: ClassVar[bool] = False
    """Whether the columns cannot be chosen."""
    cannot_hold: ClassVar[Mapping[str, str]] = {}
    """What an import of the file does not bring back, in a sentence by kind of export."""

    def __init__(self, columns: Sequence[Column], style: Style, compression: Compression) -> None:
        self.columns = columns
        self.style = style
        self.compression = compression

    @property
    def zone(self) -> str:
        """Return the time zone that the database session must have."""
        return self.style.zone

    @abstractmethod
    def write(self, query: ExportQuery, out: io.RawIOBase, on_progress: OnProgress) -> int:
        """Write all rows to `out` within one transaction; return their number."""


class PartedFormat(ExportFormat):
    """Write a file that can be assembled from parts written independently of each other."""

    @abstractmethod
    def write_part(self, query: ExportQuery, out: io.RawIOBase, on_progress: OnProgress) -> int:
        """Write some of the rows, as `write` does; the same rows give the same bytes."""

    @abstractmethod
    def assemble(self, parts: Iterable[BinaryIO], out: io.RawIOBase) -> None:
        """Write the file of all parts, which arrive in order and are closed here."""


class _ProgressWriter(io.RawIOBase):
    """Report the lines that pass, then forward the bytes; closing it leaves `out` open."""

    def __init__(
        self,
        out: io.RawIOBase | BinaryIO,
        on_progress: OnProgress,
        on_data: Callable[[memoryview], object],
    ) -> None:
        super().__init__()
        self._out, self._on_progress, self._on_data = out, on_progress, on_data

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        view = memoryview(data)
        self._on_progress(bytes(view).count(b"\n"))
        self._on_data(view)
        self._out.write(view)
        return len(view)


def buffered(
    out: io.RawIOBase | BinaryIO,
    on_progress: OnProgress,
    on_data: Callable[[memoryview], object] = lambda data: None,
) -> BinaryIO:
    """Return a buffer before `out` that reports lines and bytes; closing it flushes it."""
    writer = _ProgressWriter(out, on_progress, on_data)
    return cast(BinaryIO, io.BufferedWriter(writer, _BUFFER_BYTES))


def copy_out(statement: str, options: str, out: BinaryIO, *, using: str) -> int:
    """COPY the rows of a SELECT into `out` without making Python objects; return their number."""
    connection = connections[using]
    with connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.copy_expert(f"COPY ({statement}) TO STDOUT WITH ({options})", out)
        return int(cursor.rowcount)


def copy_json_lines(select: str, out: BinaryIO, *, using: str) -> int:
    """COPY the rows of a SELECT as one JSON object a line; return their number."""
    rows = f"SELECT row_to_json(entire_row)::text FROM ({select}) AS entire_row"
    return copy_out(rows, _COPY_VERBATIM, out, using=using)
