"""Races that are certain to happen: everybody is made to wait for one row, which then is let go."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connection, transaction

from tests.support.waiting import wait_for

T = TypeVar("T")
# A session that waits for a row's lock, by what it says of itself.
_WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'
"""


def race(locked: Any, *racers: Callable[[], T]) -> list[T]:
    """Run the racers in threads of their own, each held up at the row that the queryset `locked` names
    until all of them wait there. Needs a test with `transaction=True`."""
    with ThreadPoolExecutor(len(racers)) as pool:
        with transaction.atomic():
            assert list(locked.select_for_update()), "no row to wait for"
            runs = [pool.submit(_run, racer) for racer in racers]
            wait_for(lambda: _waiting() == len(racers), seconds=10, what="all at the lock")
        return [run.result(timeout=30) for run in runs]


def _run(racer: Callable[[], T]) -> T:
    try:
        return racer()
    finally:
        connection.close()


def _waiting() -> int:
    with connection.cursor() as cursor:
        # Within a transaction the server shows what it showed first, unless told to look again.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(_WAITING)
        (count,) = cursor.fetchone()
    return int(count)
