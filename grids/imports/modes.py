"""Apply a staged import, or try it: decide on all entries in the database.

A dry run decides in the same way and writes nothing. All of it is one transaction, and nothing that was read
can change before it ends: edits of the owner's grids and links wait meanwhile.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from django.db import IntegrityError, connection, transaction

from gridlink.lib.spreadsheets import guard_sql
from grids.imports import writer
from grids.imports.match import match_folders, match_links
from grids.imports.plan import plan
from grids.imports.rows import Folder
from grids.models import Grid

# For many rows at once: compiling plans, and flushing the search index every four megabytes, would take
# longer than the rows themselves.
_SET = """
SET LOCAL jit = off;
SET LOCAL default_statistics_target = 10;
SET LOCAL work_mem = '64MB';
SET LOCAL gin_pending_list_limit = '64MB';
"""
_COUNTS = "SELECT verdict, count(*) FROM import_plan GROUP BY verdict"
_NEW_GRIDS = """
SELECT DISTINCT folder FROM import_plan plan JOIN import_folder ON number = folder
WHERE verdict = 'create' AND grid_id IS NULL ORDER BY folder
"""
_VERDICTS = f"""
COPY (
    SELECT entry.line, plan.verdict, coalesce(link.grid, grid.slug) AS grid,
        coalesce(link.slug, CASE WHEN plan.verdict = 'create' THEN {{new_slug_sql}} END) AS link,
        {guard_sql("entry.title")} AS title, {guard_sql("entry.url")} AS url,
        {guard_sql("plan.remarks")} AS remarks
    FROM import_plan plan
    JOIN import_entry entry USING (n)
    LEFT JOIN import_candidate link ON link.id = plan.link_id
    LEFT JOIN import_folder folder ON folder.number = plan.folder
    LEFT JOIN grids_grid grid ON grid.id = folder.grid_id
    ORDER BY n
) TO STDOUT WITH (FORMAT csv, HEADER, ENCODING 'UTF8')
"""
# The name of the count of each verdict.
COUNT_NAMES = {
    "create": "links",
    "update": "updated",
    "unchanged": "unchanged",
    "skip": "skipped",
    "refused": "refused",
    "problem": "problems",
}
_ATTEMPTS = 3


class ApplyMode:
    """Decide on all entries, and carry the decisions out."""

    new_slug_sql = "entry.slug"
    """The SQL of the slug that the verdicts give a new link."""

    def __init__(self, *, user_id: int, job_id: int, source: str, folders: list[Folder]) -> None:
        self._user_id = user_id
        self._job_id = job_id
        self._source = source
        self._folders = folders

    def run(self) -> dict[str, int]:
        """Decide and write; return the count of each verdict. Call inside a transaction."""
        for left in reversed(range(_ATTEMPTS)):
            try:
                with transaction.atomic(), connection.wrap_database_errors:
                    return self._decide()
            except IntegrityError as error:
                # Another transaction took a short code just now; the next attempt sees that.
                if "alias_once" not in str(error) or not left:
                    raise
        raise AssertionError("unreachable")

    def write_verdicts(self, file: BinaryIO) -> None:
        """Write the verdict on each entry as CSV, in the file's order and `run`'s transaction."""
        with connection.wrap_database_errors, connection.cursor() as cursor:
            cursor.copy_expert(_VERDICTS.format(new_slug_sql=self.new_slug_sql), file)

    def _decide(self) -> dict[str, int]:
        with connection.cursor() as cursor:
            self._lock(cursor)
            cursor.execute(_SET)
            match_folders(cursor, user_id=self._user_id, source=self._source)
            match_links(cursor, user_id=self._user_id, source=self._source)
            plan(cursor)
            cursor.execute(_COUNTS)
            found = dict(cursor.fetchall())
            cursor.execute(_NEW_GRIDS)
            numbers = [number for (number,) in cursor.fetchall()]
            self._store(cursor, numbers)
        counts = {name: found.get(verdict, 0) for verdict, name in COUNT_NAMES.items()}
        return {"grids": len(numbers), **counts}

    def _lock(self, cursor: Any) -> None:
        lock_account(cursor, self._user_id)

    def _store(self, cursor: Any, new_grids: list[int]) -> None:
        folders = [self._folders[number] for number in new_grids]
        writer.create_grids(cursor, user_id=self._user_id, folders=folders)
        writer.write(cursor, user_id=self._user_id, job_id=self._job_id, source=self._source)


class DryRunMode(ApplyMode):
    """Decide on all entries, change nothing, and give new links no slugs."""

    new_slug_sql = "NULL"

    def _lock(self, cursor: Any) -> None:
        """Lock nothing, since nothing is written."""

    def _store(self, cursor: Any, new_grids: list[int]) -> None:
        """Write nothing."""


MODES: dict[str, type[ApplyMode]] = {"apply": ApplyMode, "dry_run": DryRunMode}


def lock_account(cursor: Any, user_id: int) -> None:
    """Keep a user's grids and links as they are until the transaction ends.

    Whoever changes a link locks its grid first (`grids.layout.locking`). The advisory lock makes imports
    wait even where there is no grid yet.
    """
    cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('grids.import', %s))", [user_id])
    grids = Grid.objects.filter(user=user_id).select_for_update(no_key=True)
    list(grids.order_by("pk").values_list("pk", flat=True))
