"""Classify database errors, read snapshots, copy rows in and lock them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

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


class _Chunks:
    """Give COPY chunks of any size; keep the error that ended them."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.error: BaseException | None = None
        self._chunks = iter(chunks)

    def read(self, _size: int) -> bytes:
        """Return the next chunk; empty at the end."""
        try:
            return next(filter(None, self._chunks), b"")
        except BaseException as error:
            self.error = error
            raise


def copy_in(cursor: Any, statement: str, chunks: Iterable[bytes]) -> None:
    """Run COPY … FROM STDIN with chunks of any size; raise what they raise."""
    source = _Chunks(chunks)
    try:
        with connection.wrap_database_errors:
            cursor.copy_expert(statement, source, 1 << 16)
    except DatabaseError:
        # The server knows only that the client failed.
        if source.error:
            raise source.error from None
        raise


def lock_row(row: Model) -> bool:
    """Lock a row until the transaction ends; return False when it is gone."""
    with connection.cursor() as cursor:
        table, key = row._meta.db_table, row._meta.pk.column
        cursor.execute(f'SELECT FROM "{table}" WHERE "{key}" = %s FOR NO KEY UPDATE', [row.pk])
        return bool(cursor.rowcount)
