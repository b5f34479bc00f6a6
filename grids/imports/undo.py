"""Undo an import: remove what it made, restore what it updated, keep later changes.

Links are really deleted, and not put in the trash: the account is to be as if the import had not been. With
a trash of a hundred thousand links it is not, and the next import of the same file would match them there
and skip them. Nothing that anybody wrote is lost by it, since what was changed is kept, the file can be
imported again, and clicks are kept under the keys of their links.
"""

from __future__ import annotations

from typing import BinaryIO

from django.db import connection

from gridlink.lib.spreadsheets import guard_sql
from grids.imports.modes import lock_account

_LINKS = """
DROP TABLE IF EXISTS pg_temp.undo_link, pg_temp.undo_grid;
CREATE TEMP TABLE undo_link ON COMMIT DROP AS
SELECT made.id, made.line, made.link_id, made.slug, made.before, link.grid_id, grid.slug AS grid,
    link.title, link.url, split_part(decision.words, ':', 1) AS verdict,
    split_part(decision.words, ':', 2) AS remarks
FROM grids_imported_link made
LEFT JOIN grids_link link ON link.id = made.link_id
LEFT JOIN grids_grid grid ON grid.id = link.grid_id
CROSS JOIN LATERAL (SELECT CASE
    WHEN link.id IS NULL THEN 'gone'
    WHEN made.is_undone THEN 'gone:it was undone before'
    WHEN link.is_deleted OR grid.is_deleted THEN 'gone:it is in the trash'
    WHEN link.version <> made.version THEN 'kept:it was changed since it was imported'
    WHEN made.before IS NULL THEN 'removed'
    ELSE 'restored'
END AS words) decision
WHERE made.run_id = %(job)s;
ANALYZE undo_link;
"""
_UNDO = """
UPDATE grids_grid SET layout_version = layout_version + 1, modified_on = statement_timestamp()
WHERE id IN (SELECT grid_id FROM undo_link WHERE verdict = 'removed');

DELETE FROM grids_link_check USING undo_link undone
WHERE grids_link_check.link_id = undone.link_id AND undone.verdict = 'removed';

DELETE FROM grids_link link USING undo_link undone
WHERE link.id = undone.link_id AND undone.verdict = 'removed';

UPDATE grids_link link SET
    url = undone.before ->> 'url', url_key = undone.before ->> 'url_key',
    title = undone.before ->> 'title', note = undone.before ->> 'note',
    tags = ARRAY(SELECT jsonb_array_elements_text(undone.before -> 'tags')),
    alias = undone.before ->> 'alias',
    -- Records of earlier releases do not have it, and their imports did not change it.
    forward_query = coalesce((undone.before ->> 'forward_query')::boolean, link.forward_query),
    clicks_before_import = (undone.before ->> 'base_clicks')::bigint,
    clicks_before_import_from = undone.before ->> 'base_clicks_from',
    version = link.version + 1, modified_on = statement_timestamp()
FROM undo_link undone WHERE link.id = undone.link_id AND undone.verdict = 'restored';

-- For the import that made or updated it before, a link is unchanged again.
UPDATE grids_imported_link earlier SET version = link.version
FROM undo_link undone JOIN grids_link link ON link.id = undone.link_id
WHERE undone.verdict = 'restored' AND earlier.link_id = link.id
    AND earlier.version = (undone.before ->> 'version')::int AND NOT earlier.is_undone;

UPDATE grids_imported_link made SET is_undone = true
FROM undo_link undone WHERE made.id = undone.id AND undone.verdict IN ('removed', 'restored');
"""
_GRIDS = """
CREATE TEMP TABLE undo_grid ON COMMIT DROP AS
SELECT made.id, made.grid_id, made.slug, grid.title, split_part(decision.words, ':', 1) AS verdict,
    split_part(decision.words, ':', 2) AS remarks
FROM grids_imported_grid made
LEFT JOIN grids_grid grid ON grid.id = made.grid_id
CROSS JOIN LATERAL (SELECT CASE
    WHEN grid.id IS NULL THEN 'gone'
    WHEN grid.is_deleted THEN 'gone:it is in the trash'
    WHEN grid.version <> made.version THEN 'kept:it was changed since it was imported'
    WHEN EXISTS (SELECT FROM grids_link link WHERE link.grid_id = grid.id) THEN 'kept:it holds links'
    ELSE 'removed'
END AS words) decision
WHERE made.run_id = %(job)s AND made.version > 0;

DELETE FROM grids_grid grid USING undo_grid undone
WHERE grid.id = undone.grid_id AND undone.verdict = 'removed';

UPDATE grids_imported_grid made SET is_undone = true
WHERE made.run_id = %(job)s AND (
    made.version = 0 OR made.id IN (SELECT id FROM undo_grid WHERE verdict = 'removed')
);
"""
_VERDICTS = f"""
COPY (
    SELECT line, verdict, grid, link, {guard_sql("title")} AS title, {guard_sql("url")} AS url, remarks
    FROM (
        SELECT 0 AS part, id, line, verdict, grid, slug AS link, title, url, remarks FROM undo_link
        UNION ALL
        SELECT 1, id, NULL, verdict, slug, NULL, title, NULL, remarks FROM undo_grid
    ) result ORDER BY part, id
) TO STDOUT WITH (FORMAT csv, HEADER, ENCODING 'UTF8')
"""
_COUNTS = """
SELECT verdict, count(*) FROM undo_link GROUP BY verdict
UNION ALL SELECT 'grids', count(*) FROM undo_grid WHERE verdict = 'removed'
UNION ALL SELECT 'rows', (SELECT count(*) FROM undo_link) + (SELECT count(*) FROM undo_grid)
"""
VERDICTS = ("removed", "restored", "kept", "gone", "grids", "rows")


def undo(*, user_id: int, job_id: int) -> dict[str, int]:
    """Undo the import of a job as far as possible; return the counts of VERDICTS.

    Also counted are `grids`, those removed, and `rows`, the lines of the verdicts. Call inside a
    transaction.
    """
    with connection.cursor() as cursor:
        lock_account(cursor, user_id)
        values = {"job": job_id}
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute(_LINKS, values)
        cursor.execute(_UNDO)
        cursor.execute(_GRIDS, values)
        cursor.execute(_COUNTS)
        found = dict(cursor.fetchall())
    return {name: found.get(name, 0) for name in VERDICTS}


def write_verdicts(file: BinaryIO) -> None:
    """Write the verdict on each link, then on each grid, as CSV. Call after `undo`."""
    with connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.copy_expert(_VERDICTS, file)
