"""What a database error means, a look at the database as of one instant, and rows that are held."""

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
    """Whether the database could not be asked, rather than having refused what it was asked."""
    # For a connection that breaks in the middle of a query psycopg2 raises the base class itself; what
    # the server refuses comes as one of its subclasses.
    return isinstance(error, (OperationalError, InterfaceError)) or type(error) is DatabaseError


@contextmanager
def snapshot(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """A read-only transaction of its own, all of whose queries see the same instant."""
    with transaction.atomic(using, durable=True):
        with connections[using].cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def lock_row(row: Model) -> bool:
    """Keep a row from being changed or deleted for the rest of the transaction, and wait for others that do;
    without reading it. False when it is gone."""
    with connection.cursor() as cursor:
        table, key = row._meta.db_table, row._meta.pk.column
        cursor.execute(f'SELECT FROM "{table}" WHERE "{key}" = %s FOR NO KEY UPDATE', [row.pk])
        return bool(cursor.rowcount)
