"""The lock that lets nobody count clicks while somebody else moves the sums."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from reports.clicks.ingest.ingest import LOCK_KEY, unlock


@contextmanager
def ingest_held() -> Iterator[None]:
    """Wait for the ingest's batch to end, and keep it from the next one. It holds the same lock before it
    opens a transaction, so to be entered outside of one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
    try:
        yield
    finally:
        unlock()
