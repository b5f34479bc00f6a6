"""Decides, set by set in the database, what becomes of each entry of a file, and says so.

A dry run decides in the same words and writes nothing. All of it is one transaction, and nothing that was
looked at can change before it ends: edits of the owner's grids and links wait meanwhile.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from django.db import IntegrityError, connection, transaction

from grids.imports import verdicts
from grids.imports.match import match_folders, match_links
from grids.imports.places import give_places
from grids.imports.plan import plan
from grids.imports.rows import Folder
from grids.imports.store import Stores
from grids.models import Grid

# What is set is for many rows at once: a plan that is compiled, and lists of words put into their index four
# megabytes at a time, would take longer than the rows themselves.
_SET = """
SET LOCAL jit = off;
SET LOCAL default_statistics_target = 10;
SET LOCAL work_mem = '64MB';
SET LOCAL gin_pending_list_limit = '64MB';
"""
_TALLY = "SELECT verdict, count(*) FROM import_plan GROUP BY verdict"
_NEW_GRIDS = """
SELECT DISTINCT folder FROM import_plan plan JOIN import_folder ON number = folder
WHERE verdict = 'create' AND grid_id IS NULL ORDER BY folder
"""
# How each verdict is called where it is counted.
COUNTED = {
    "create": "links",
    "update": "updated",
    "unchanged": "unchanged",
    "skip": "skipped",
    "refused": "refused",
    "problem": "problems",
}
_TRIES = 3


class Apply:
    """Does what is decided."""

    def __init__(self, *, user_id: int, job_id: int, source: str, folders: list[Folder]) -> None:
        self._user_id = user_id
        self._job_id = job_id
        self._source = source
        self._folders = folders

    def settle(self) -> dict[str, int]:
        """Decide, and do it; returns how many there were of each kind. Call inside a transaction."""
        for left in reversed(range(_TRIES)):
            try:
                with transaction.atomic(), connection.wrap_database_errors:
                    return self._settle()
            except IntegrityError as error:
                # Somebody else took a short code in the very moment: it is not free, as will be seen now.
                if "alias_once" not in str(error) or not left:
                    raise
        raise AssertionError("unreachable")

    def tell(self, file: BinaryIO) -> None:
        """Write what was decided on each entry, as CSV. Call after `settle`, in the same transaction."""
        verdicts.tell(file, name_of_new="entry.slug")

    def _settle(self) -> dict[str, int]:
        with connection.cursor() as cursor:
            self._lock(cursor)
            cursor.execute(_SET)
            match_folders(cursor, user_id=self._user_id, source=self._source)
            match_links(cursor, user_id=self._user_id, source=self._source)
            plan(cursor)
            give_places(cursor)
            cursor.execute(_TALLY)
            found = dict(cursor.fetchall())
            cursor.execute(_NEW_GRIDS)
            numbers = [number for (number,) in cursor.fetchall()]
            self._store(cursor, numbers)
        counts = {name: found.get(verdict, 0) for verdict, name in COUNTED.items()}
        return {"grids": len(numbers), **counts}

    def _lock(self, cursor: Any) -> None:
        lock_account(cursor, self._user_id)

    def _store(self, cursor: Any, new_grids: list[int]) -> None:
        stores = Stores(user_id=self._user_id, job_id=self._job_id, source=self._source)
        stores.make_grids(cursor, [self._folders[number] for number in new_grids])
        stores.store(cursor)


class DryRun(Apply):
    """Says what would be, changes nothing, and names nothing that will never exist."""

    def tell(self, file: BinaryIO) -> None:
        """The same, without the names of new links."""
        verdicts.tell(file, name_of_new="NULL")

    def _lock(self, cursor: Any) -> None:
        """Nothing: there is nothing to keep as it was seen."""

    def _store(self, cursor: Any, new_grids: list[int]) -> None:
        """Nothing."""


MODES: dict[str, type[Apply]] = {"apply": Apply, "dry_run": DryRun}


def lock_account(cursor: Any, user_id: int) -> None:
    """Keep a user's grids and links as they are until the transaction ends: whoever changes a link locks
    its grid first (`grids.layout.locking`). The advisory lock makes imports wait even where there is no
    grid yet."""
    cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('grids.import', %s))", [user_id])
    grids = Grid.objects.filter(user=user_id).select_for_update(no_key=True)
    list(grids.order_by("pk").values_list("pk", flat=True))
