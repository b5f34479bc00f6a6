"""What a database error means."""

from __future__ import annotations

from django.db import DatabaseError, InterfaceError, OperationalError


def is_unreachable(error: BaseException) -> bool:
    """Whether the database could not be asked, rather than having refused what it was asked."""
    # For a connection that breaks in the middle of a query psycopg2 raises the base class itself; what
    # the server refuses comes as one of its subclasses.
    return isinstance(error, (OperationalError, InterfaceError)) or type(error) is DatabaseError
