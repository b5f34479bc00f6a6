"""Periodic work runs once per slot of time, however many beats ask for it and whenever they do."""

from __future__ import annotations

from django.db import connection

# The slot is counted on the database's clock, so workers whose clocks differ agree on it.
_TAKE = """
INSERT INTO tasks_periodic_run (name, slot)
VALUES (%s, floor(extract(epoch FROM statement_timestamp()) / %s))
ON CONFLICT DO NOTHING
RETURNING id
"""


def claim_slot(name: str, seconds: float) -> bool:
    """Whether the caller is the first to ask for `name` in the current slot of `seconds`."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [name, seconds])
        return cursor.fetchone() is not None
