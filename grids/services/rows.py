"""Write grids and links: what services of both share, and many links in one statement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from gridlink.lib.errors import Conflict
from grids.models import Grid, Link

# Django's bulk_update writes a CASE with a branch per row, of quadratic cost, and bulk_create resolves each
# value by itself. Here all rows go to the database as one JSON document, which it reads with the types of
# the table's own columns.
_UPDATE = """
UPDATE grids_link AS link SET ({columns}) = ROW({values})
FROM json_populate_recordset(NULL::grids_link, %s) AS row WHERE link.id = row.id
"""
_INSERT = """
INSERT INTO grids_link ({columns})
SELECT {values} FROM json_populate_recordset(NULL::grids_link, %s) AS row
"""
_INSERTED = [
    field.attname for field in Link._meta.concrete_fields if field.attname not in ("id", "search")
]


def touch(row: Grid | Link, now: datetime | None = None) -> None:
    """Note in memory that a row is changed: its next version, and the time."""
    row.version += 1
    row.modified_on = now or timezone.now()


def set_deleted(row: Grid | Link, is_deleted: bool) -> None:
    """Put a row in the trash, or take it out, in memory."""
    touch(row)
    row.is_deleted, row.deleted_on = is_deleted, row.modified_on if is_deleted else None


@contextmanager
def alias_conflict() -> Iterator[None]:
    """Raise Conflict where the index refuses an alias, with the transaction still usable."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "alias_once" not in str(error):
            raise
        message = "The alias is taken."
        raise Conflict(message, fields={"alias": [message]}) from error


def update_links(links: Iterable[Link], columns: Sequence[str]) -> None:
    """Write these columns of the links in one statement; a trigger makes the search vector."""
    _write(_UPDATE, columns, links, ("id", *columns))


def insert_links(links: Iterable[Link]) -> None:
    """Insert links in one statement; they do not learn their keys."""
    _write(_INSERT, _INSERTED, links, _INSERTED)


def _write(
    statement: str, columns: Sequence[str], links: Iterable[Link], sent: Sequence[str]
) -> None:
    rows = [{name: getattr(link, name) for name in sent} for link in links]
    if rows:
        values = ", ".join(f"row.{name}" for name in columns)
        sql = statement.format(columns=", ".join(columns), values=values)
        with connection.cursor() as cursor:
            # str() keeps the microseconds of a time, which Django's own encoder cuts off.
            cursor.execute(sql, [json.dumps(rows, default=str)])
