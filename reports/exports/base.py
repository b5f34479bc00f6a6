"""What every export format speaks: a query in, bytes out, the number of rows back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar, Protocol

from django.db import connection

_BATCH = 2000
_REPORT_EVERY = 1000


class Writable(Protocol):
    """Anything that takes bytes."""

    def write(self, data: bytes, /) -> object:
        """Take them."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an export: its name in the file, its SQL, whether people typed what is in it, and its
    SQL for formats that know only text, where that is another."""

    name: str
    sql: str
    is_text: bool = False
    flat: str = ""


@dataclass(frozen=True, slots=True)
class ExportQuery:
    """A SELECT, in parts that a format can wrap: `columns` FROM `source`, ordered."""

    columns: tuple[Column, ...]
    source: str
    params: tuple[Any, ...]
    order: str

    def count(self) -> int:
        """The number of rows."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) {self.source}", self.params)
            return int(cursor.fetchone()[0])

    def select(self, expression: Callable[[Column], str] = lambda column: column.sql) -> str:
        """The SELECT with its parameters filled in, each column as `expression` makes it."""
        columns = ", ".join(f'{expression(column)} AS "{column.name}"' for column in self.columns)
        statement = f"SELECT {columns} {self.source} ORDER BY {self.order}"
        with connection.cursor() as cursor:
            filled: bytes = cursor.mogrify(statement, self.params)
        return filled.decode()

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows, streamed through a server-side cursor; for formats that COPY cannot write."""
        names = [column.name for column in self.columns]
        with connection.cursor() as cursor:
            cursor.execute(f"DECLARE export_rows NO SCROLL CURSOR FOR {self.select()}")
            while True:
                cursor.execute(f"FETCH {_BATCH} FROM export_rows")
                batch = cursor.fetchall()
                if not batch:
                    return
                yield from (dict(zip(names, row, strict=True)) for row in batch)


class RowCounter:
    """Stands between COPY, which writes once per row, and the file; reports every so often."""

    def __init__(self, out: BinaryIO, report: Callable[[int], None]) -> None:
        self.writes = 0
        self._write = out.write
        self._report = report

    def write(self, data: bytes) -> int:
        """Pass a row on."""
        self.writes += 1
        if self.writes % _REPORT_EVERY == 0:
            self._report(self.writes)
        return self._write(data)


class ExportFormat(ABC):
    """One format. Adding another is a subclass in a file of its own, and a line in `registry`."""

    name: ClassVar[str]
    extension: ClassVar[str]
    content_type: ClassVar[str]

    @abstractmethod
    def write(self, query: ExportQuery, out: BinaryIO, report: Callable[[int], None]) -> int:
        """Write all rows to `out`, telling `report` how many so far; returns how many there were.

        Runs inside one transaction, so every query sees the same rows.
        """


def copy_out(statement: str, options: str, counter: RowCounter) -> int:
    """COPY a SELECT straight into `counter`: no row becomes a Python object. Returns the rows."""
    with connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.copy_expert(f"COPY ({statement}) TO STDOUT WITH ({options})", counter)
        return int(cursor.rowcount)
