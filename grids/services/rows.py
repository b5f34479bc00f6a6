"""Write grids and links: what services of both share, and many links in one statement."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from gridlink.lib.errors import Conflict
from grids.models import Grid, Link

# Django's bulk_update writes a CASE with a branch per row, of quadratic cost. Here all rows go to the
# database as one JSON document, which it reads with the types of the table's own columns.
_UPDATE = """
UPDATE grids_link AS link SET ({columns}) = ROW({values})
FROM json_populate_recordset(NULL::grids_link, %s) AS row WHERE link.id = row.id
"""


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


def update_links(links: Collection[Link], columns: Sequence[str]) -> None:
    """Write these columns of the links in one statement; a trigger makes the search vector."""
    if not links:
        return
    rows = [{"id": link.pk, **{name: getattr(link, name) for name in columns}} for link in links]
    values = ", ".join(f"row.{name}" for name in columns)
    # str() keeps the microseconds of a time, which Django's own encoder cuts off.
    document = json.dumps(rows, default=str)
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE.format(columns=", ".join(columns), values=values), [document])
