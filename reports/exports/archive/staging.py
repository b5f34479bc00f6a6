"""Load an archive into temporary tables of this session, with every value checked.

Nothing else is changed. The tables are dropped with the session, or by `drop`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection

from gridlink.lib.database import copy_in
from gridlink.lib.json_values import is_deep
from gridlink.lib.text import unstorable_text
from reports.exports.archive.format import ArchiveError
from reports.exports.archive.reader import Archive
from reports.exports.archive.registry import TABLES
from reports.exports.archive.table import Table
from reports.exports.archive.values import BadValue
from reports.exports.base import OnProgress

_BATCH_ROWS = 1000


def stage(archive: Archive, on_progress: OnProgress) -> None:
    """Load all tables; raise ArchiveError with the file and the line of an error."""
    drop()
    with connection.cursor() as cursor:
        for table in TABLES:
            _create(cursor, table)
            if table in archive.tables:
                _load(cursor, archive, table, on_progress)
            cursor.execute(f"CREATE INDEX ON {table.staging} (line)")
            cursor.execute(f"ANALYZE {table.staging}")
        for table in TABLES:
            _check_conflicts(cursor, table)


def drop() -> None:
    """Drop the temporary tables."""
    names = [*(table.staging for table in TABLES), "archive_gr", "archive_li", "archive_days"]
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")


def _create(cursor: Any, table: Table) -> None:
    columns = [f'"{field.name}" {field.value.sql}' for field in table.fields]
    columns += [*table.staged, "outcome text NOT NULL DEFAULT 'create'"]
    columns += ["remark text NOT NULL DEFAULT ''"] * table.is_reported
    cursor.execute(f"CREATE TEMP TABLE {table.staging} (line bigint, {', '.join(columns)})")


def _load(cursor: Any, archive: Archive, table: Table, on_progress: OnProgress) -> None:
    columns = ", ".join(["line", *(f'"{field.name}"' for field in table.fields)])
    statement = f"COPY {table.staging} ({columns}) FROM STDIN WITH (FORMAT csv, NULL '')"
    copy_in(cursor, statement, _batches(archive, table, on_progress))


def _batches(archive: Archive, table: Table, on_progress: OnProgress) -> Iterator[bytes]:
    """Yield the rows for COPY, many at a time."""
    schema = archive.manifest.schema
    rows: list[str] = []
    for number, line in enumerate(archive.lines(table), 1):
        try:
            rows.append(f"{number},{table.cells(_row(line), schema)}\n")
        except BadValue as error:
            raise ArchiveError(f"{table.file_name}, line {number}: {error}.") from error
        if len(rows) == _BATCH_ROWS:
            yield "".join(rows).encode()
            on_progress(len(rows))
            rows.clear()
    if rows:
        yield "".join(rows).encode()
        on_progress(len(rows))


def _row(line: bytes) -> dict[str, Any]:
    """Return the object on a line; raise BadValue."""
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadValue(f"is no JSON ({error})") from error
    if type(row) is not dict:
        raise BadValue("is no object")
    # As in the body of a request.
    if is_deep(row):
        raise BadValue("is nested too deeply")
    # Only an escape can be a NUL character or half of a pair, which Postgres cannot store.
    if b"\\u" in line and unstorable_text(row):
        raise BadValue("has text that cannot be stored")
    return row


def _check_conflicts(cursor: Any, table: Table) -> None:
    for statement, message in table.conflicts():
        cursor.execute(f"SELECT min(line) FROM ({statement}) AS conflicting")
        (line,) = cursor.fetchone()
        if line is not None:
            raise ArchiveError(f"{table.file_name}, line {line}: {message}.")
