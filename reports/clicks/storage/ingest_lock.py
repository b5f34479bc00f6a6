"""Provide the advisory lock under which clicks are counted and their sums are changed.

A session lock, taken outside of any transaction: the ingest, the rebuild and the reclassification exclude
each other by it, and so does a restore, which takes it for its transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError, connection

# Any number that nothing else locks; the letters "gridclic" as eight bytes.
LOCK_KEY = int.from_bytes(b"gridclic", "big")


@contextmanager
def try_ingest_lock() -> Iterator[bool]:
    """Take the lock if it is free; yield whether it was taken."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY])
        (is_taken,) = cursor.fetchone()
    try:
        yield is_taken
    finally:
        if is_taken:
            _unlock()


@contextmanager
def ingest_paused() -> Iterator[None]:
    """Wait for the running ingest; none starts until the block ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
    try:
        yield
    finally:
        _unlock()


def _unlock() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])
    except (DatabaseError, InterfaceError):
        # The lock ends with its connection.
        connection.close()
