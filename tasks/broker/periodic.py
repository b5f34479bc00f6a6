"""Run periodic work once per slot of time, however many beats ask for it."""

from __future__ import annotations

from django.db import connection

# The database's clock numbers the slots, so workers whose clocks differ agree.
_CLAIM = """
INSERT INTO tasks_periodic_run (name, slot)
VALUES (%s, floor(extract(epoch FROM statement_timestamp()) / %s))
ON CONFLICT DO NOTHING
RETURNING id
"""


def claim_slot(name: str, seconds: float) -> bool:
    """Return whether the caller is the first to claim the current slot of `name`."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [name, seconds])
        return cursor.fetchone() is not None
