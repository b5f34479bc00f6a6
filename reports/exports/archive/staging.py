"""Loads an archive into temporary tables of this session, every value checked: nothing else is touched.

They are gone with the session, and after `drop`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection

from gridlink.lib.text import unstorable_text
from reports.exports.archive.format import ArchiveError
from reports.exports.archive.reader import Archive
from reports.exports.archive.registry import TABLES
from reports.exports.archive.table import Table
from reports.exports.archive.values import BadValue

_LINES = 1000
Moved = Callable[[int], None]


def stage(archive: Archive, moved: Moved) -> None:
    """Load all tables; `moved` is told of so many rows more, and may raise what stops it. Raises
    ArchiveError, with the file and the line."""
    drop()
    with connection.cursor() as cursor:
        for table in TABLES:
            _create(cursor, table)
            if table in archive.tables:
                _load(cursor, archive, table, moved)
            cursor.execute(f"CREATE INDEX ON {table.staging} (line)")
            cursor.execute(f"ANALYZE {table.staging}")
        for table in TABLES:
            _check_together(cursor, table)


def drop() -> None:
    """Remove the temporary tables."""
    names = [*(table.staging for table in TABLES), "archive_gr", "archive_li", "archive_days"]
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")


def _create(cursor: Any, table: Table) -> None:
    columns = [f'"{field.name}" {field.value.sql}' for field in table.fields]
    columns += [*table.extra, "fate text NOT NULL DEFAULT 'create'"]
    columns += ["remark text NOT NULL DEFAULT ''"] * table.is_told
    cursor.execute(f"CREATE TEMP TABLE {table.staging} (line bigint, {', '.join(columns)})")


def _load(cursor: Any, archive: Archive, table: Table, moved: Moved) -> None:
    columns = ", ".join(["line", *(f'"{field.name}"' for field in table.fields)])
    feed = _Feed(_cells(archive, table, moved))
    try:
        with connection.wrap_database_errors:
            cursor.copy_expert(
                f"COPY {table.staging} ({columns}) FROM STDIN WITH (FORMAT csv, NULL '')",
                io.BufferedReader(feed, 1 << 18),
                1 << 16,
            )
    except Exception:
        # COPY says only that reading failed.
        if feed.error:
            raise feed.error from None
        raise


def _cells(archive: Archive, table: Table, moved: Moved) -> Iterator[bytes]:
    """The rows for COPY, many at a time."""
    schema = archive.manifest.schema
    rows: list[str] = []
    for number, line in enumerate(archive.lines(table), 1):
        try:
            rows.append(f"{number},{table.cells(_row(line), schema)}\n")
        except BadValue as error:
            raise ArchiveError(f"{table.file_name}, line {number}: {error}.") from error
        if len(rows) == _LINES:
            yield "".join(rows).encode()
            moved(len(rows))
            rows.clear()
    yield "".join(rows).encode()
    moved(len(rows))


def _row(line: bytes) -> dict[str, Any]:
    """The object that a line is. Raises BadValue."""
    try:
        row: Any = json.loads(line)
        # Only an escape can be a NUL character or half of a pair, which no text can hold.
        is_unstorable = b"\\u" in line and unstorable_text(row)
    except (ValueError, RecursionError) as error:
        raise BadValue(f"is no JSON ({error})") from error
    if type(row) is not dict:
        raise BadValue("is no object")
    if is_unstorable:
        raise BadValue("has text that cannot be kept")
    return row


def _check_together(cursor: Any, table: Table) -> None:
    for statement, fault in (*_doubles(table), *table.faults):
        cursor.execute(f"SELECT min(line) FROM ({statement}) AS faulty")
        (line,) = cursor.fetchone()
        if line is not None:
            raise ArchiveError(f"{table.file_name}, line {line}: {fault}.")


def _doubles(table: Table) -> list[tuple[str, str]]:
    if not table.key:
        return []
    key = ", ".join(table.key)
    return [
        (
            f"SELECT max(line) AS line FROM {table.staging} GROUP BY {key} HAVING count(*) > 1",
            f"has the {key} of another one",
        )
    ]


class _Feed(io.RawIOBase):
    """The file that COPY reads; keeps the error that ended it."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        super().__init__()
        self.error: Exception | None = None
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            block = self._next()
            if block is None:
                return 0
            self._rest = memoryview(block)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def _next(self) -> bytes | None:
        try:
            return next(self._blocks, None)
        except Exception as error:
            self.error = error
            raise
