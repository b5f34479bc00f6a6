"""Rebuild the roll-ups of UTC days from raw clicks and views."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django.db import connection, transaction

from reports.clicks.audit.expected import OF_USERS, ROLLUPS, ExpectedRollup, bounds
from reports.clicks.storage.ingest_lock import ingest_paused

# The owner of a deleted grid is known by its sums.
_OWNERS = """
SELECT user_id FROM grids_grid WHERE id = %(grid)s
UNION SELECT user_id FROM reports_grid_hour WHERE grid_id = %(grid)s
"""


def rebuild_day(*, day: date, grid_id: int | None = None, dry_run: bool = False) -> dict[str, int]:
    """Rebuild a UTC day's roll-ups, of one grid or all; return changed rows per table.

    The day must not be before `partitions.oldest_day`: its sums would be deleted. The ingest waits
    meanwhile. Call outside of a transaction.
    """
    with ingest_paused(), transaction.atomic():
        changed = rebuild_locked(day=day, grid_id=grid_id)
        # A dry run writes too: what users' sums change by follows from the changed sums of grids.
        transaction.set_rollback(dry_run)
    return changed


def rebuild_locked(*, day: date, grid_id: int | None = None) -> dict[str, int]:
    """Rebuild as `rebuild_day` does, for a caller that holds the ingest lock, in a transaction."""
    with connection.cursor() as cursor:
        # A day's groups are a few megabytes, which the default would write to disk.
        cursor.execute("SET LOCAL work_mem = '64MB'")
        owners = _owners(cursor, grid_id) if grid_id else None
        values = bounds(day, grid_id, owners)
        return {rollup.table.name: _write(cursor, rollup, values) for rollup in ROLLUPS}


def rebuild_user(*, user_id: int) -> None:
    """Rebuild a user's sums of all times from those of their grids; call as `rebuild_locked`."""
    start, end = (moment.replace(tzinfo=UTC) for moment in (datetime.min, datetime.max))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'")
        for rollup in OF_USERS:
            _write(cursor, rollup, {"start": start, "end": end, "users": [user_id]})


def _owners(cursor: Any, grid_id: int) -> list[int]:
    cursor.execute(_OWNERS, {"grid": grid_id})
    return [user_id for (user_id,) in cursor.fetchall()]


def _write(cursor: Any, rollup: ExpectedRollup, values: dict[str, Any]) -> int:
    table, key = rollup.table, ", ".join(rollup.table.key)
    is_row = f"({' OR '.join(f'{name} <> 0' for name in table.counts)})"
    cursor.execute("DROP TABLE IF EXISTS pg_temp.changed")
    cursor.execute(f"CREATE TEMP TABLE changed ON COMMIT DROP AS {rollup.differences()}", values)
    rows: int = cursor.rowcount
    if rows:
        cursor.execute(
            f"DELETE FROM {table.name}"
            f" WHERE ({key}) IN (SELECT {key} FROM changed WHERE NOT {is_row})"
        )
        cursor.execute(table.upsert(f"changed WHERE {is_row}", add=False))
    return rows
