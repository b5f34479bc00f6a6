"""Classify database errors, read snapshots and lock rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    InterfaceError,
    OperationalError,
    connection,
    connections,
    transaction,
)
from django.db.models import Model


def is_unreachable(error: BaseException) -> bool:
    """Check whether an error means that the database cannot be reached."""
    # When a connection breaks during a query, psycopg2 raises the base class itself.
    return isinstance(error, (OperationalError, InterfaceError)) or type(error) is DatabaseError


@contextmanager
def snapshot(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Open a read-only transaction whose queries all see the same instant."""
    with transaction.atomic(using, durable=True):
        with connections[using].cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def lock_row(row: Model) -> bool:
    """Lock a row until the transaction ends; return False when it is gone."""
    with connection.cursor() as cursor:
        table, key = row._meta.db_table, row._meta.pk.column
        cursor.execute(f'SELECT FROM "{table}" WHERE "{key}" = %s FOR NO KEY UPDATE', [row.pk])
        return bool(cursor.rowcount)
