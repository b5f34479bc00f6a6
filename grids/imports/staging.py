"""Copy the entries of a file into temporary tables while the file is read.

The tables outlive their transaction, since the import is applied in another one: nobody waits while a long
file is read. They are dropped by that one; after an import that failed, by the next import on the
connection, or with the connection.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection, transaction
from psycopg2.extras import execute_values

from gridlink.lib.database import copy_in
from grids.imports.rows import EntryRows, Folder

# With those that `match`, `plan` and `writer` create.
_DROP = """
DROP TABLE IF EXISTS pg_temp.import_folder, pg_temp.import_entry, pg_temp.import_scope,
    pg_temp.import_candidate, pg_temp.import_match, pg_temp.import_wanted, pg_temp.import_grant,
    pg_temp.import_plan, pg_temp.import_place, pg_temp.import_made;
"""
_CREATE = f"""
{_DROP}
CREATE TEMP TABLE import_folder (
    number int, title text, ordinal int, slug text, visibility text, grid_id bigint,
    is_new boolean NOT NULL DEFAULT false
);
CREATE TEMP TABLE import_entry (
    n int, line int, verdict text, folder int, slug text, url text, url_key text, title text, note text,
    tags text[], created_on timestamptz, modified_on timestamptz, alias text, clicks bigint,
    source_id text, is_private boolean, is_titled boolean, forward_query boolean, remarks text,
    search tsvector GENERATED ALWAYS AS (
        CASE WHEN verdict = '' THEN grids_link_words(title, note, url) END
    ) STORED
);
"""
_ENTRIES = f"COPY import_entry ({', '.join(EntryRows.COLUMNS)}) FROM STDIN"
_FOLDERS = "INSERT INTO import_folder (number, title, ordinal, slug, visibility) VALUES %s"
# A small sample suffices for an import.
_ANALYZE = """
SET LOCAL default_statistics_target = 10;
ANALYZE import_folder, import_entry (n, verdict, folder, url_key, source_id)
"""


def stage(rows: Iterable[bytes], folders: list[Folder]) -> None:
    """Fill import_entry with these rows, and then import_folder with the folders.

    The folders are complete only when all rows were read. Raises what the rows raise, and leaves no tables
    then.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CREATE)
        copy_in(cursor, _ENTRIES, rows)
        folder_rows = [
            (each.number, each.title, each.ordinal, each.slug, each.visibility) for each in folders
        ]
        if folder_rows:
            execute_values(cursor.cursor, _FOLDERS, folder_rows, page_size=1000)
        cursor.execute(_ANALYZE)


def unstage() -> None:
    """Drop the tables when the current transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_DROP)
