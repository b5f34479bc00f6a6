"""The roll-ups made again from raw clicks and views, a UTC day at a time, to the numbers the ingest keeps."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django.db import connection, transaction

from reports.clicks.audit.expected import OF_USERS, ROLLUPS, Rollup, bounds
from reports.clicks.storage.ingest_lock import ingest_paused

# Of a grid that is gone, its sums know.
_OWNERS = """
SELECT user_id FROM grids_grid WHERE id = %(grid)s
UNION SELECT user_id FROM reports_grid_hour WHERE grid_id = %(grid)s
"""
_NEVER = datetime.max.replace(tzinfo=UTC)


def rebuild_day(*, day: date, grid_id: int | None = None, dry_run: bool = False) -> dict[str, int]:
    """Bring the roll-ups of a UTC day, of one grid or all, to what the raw rows say; per table, how many
    rows that changes. The day must not be before `oldest_day`, whose numbers it would delete.

    The ingest waits meanwhile; to be called outside of a transaction.
    """
    with ingest_paused(), transaction.atomic():
        changed = rebuild_locked(day=day, grid_id=grid_id)
        # What users' sums change by, only those of the changed grids can tell.
        transaction.set_rollback(dry_run)
    return changed


def rebuild_locked(*, day: date, grid_id: int | None = None) -> dict[str, int]:
    """The same for one who holds the ingest, in a transaction."""
    with connection.cursor() as cursor:
        # A day's groups are a few megabytes; the default sends them to the disk.
        cursor.execute("SET LOCAL work_mem = '64MB'")
        owners = _owners(cursor, grid_id) if grid_id else None
        values = bounds(day, grid_id, owners)
        return {rollup.table: _write(cursor, rollup, values) for rollup in ROLLUPS}


def rebuild_user(*, user_id: int) -> None:
    """Bring a user's sums to those of their grids, of all times; for one who holds the ingest, in a
    transaction."""
    values = {"start": datetime.min.replace(tzinfo=UTC), "end": _NEVER, "users": [user_id]}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'")
        for rollup in OF_USERS:
            _write(cursor, rollup, values)


def _owners(cursor: Any, grid_id: int) -> list[int]:
    cursor.execute(_OWNERS, {"grid": grid_id})
    return [user_id for (user_id,) in cursor.fetchall()]


def _write(cursor: Any, rollup: Rollup, values: dict[str, Any]) -> int:
    table, key = rollup.table, ", ".join(rollup.key)
    columns = ", ".join((*rollup.key, *rollup.owner, *rollup.counts))
    is_row = f"({' OR '.join(f'{name} <> 0' for name in rollup.counts)})"
    new = ", ".join(f"{name} = excluded.{name}" for name in rollup.counts)
    cursor.execute("DROP TABLE IF EXISTS pg_temp.changed")
    cursor.execute(f"CREATE TEMP TABLE changed ON COMMIT DROP AS {rollup.differences()}", values)
    rows: int = cursor.rowcount
    if rows:
        cursor.execute(
            f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM changed WHERE NOT {is_row})"
        )
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {columns} FROM changed"
            f" WHERE {is_row} ORDER BY {key} ON CONFLICT ({key}) DO UPDATE SET {new}"
        )
    return rows
