"""Write the links and grids of an import, and the records that its undo needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from psycopg2.extras import execute_values

from grids.imports.plan import COLUMNS
from grids.imports.rows import Folder
from grids.models import Grid, ImportRun

_MADE = """
UPDATE import_folder folder SET grid_id = made.id, is_new = true
FROM (VALUES %s) AS made (number, id) WHERE folder.number = made.number
"""
_GRIDS = """
INSERT INTO grids_imported_grid (run_id, grid_id, slug, title, ordinal, version)
SELECT %(job)s, grid.id, grid.slug, folder.title, folder.ordinal,
    CASE WHEN folder.is_new THEN grid.version ELSE 0 END
FROM import_folder folder JOIN grids_grid grid ON grid.id = folder.grid_id
ORDER BY folder.number
ON CONFLICT DO NOTHING;

UPDATE grids_grid grid SET layout_version = layout_version + 1, modified_on = statement_timestamp()
WHERE id IN (
    SELECT folder.grid_id FROM import_folder folder JOIN import_plan plan ON plan.folder = folder.number
    WHERE plan.verdict = 'create' AND NOT folder.is_new
);
"""
# Keys are drawn first, so that the records of links do not depend on RETURNING.
_LINKS = """
CREATE TEMP TABLE import_made ON COMMIT DROP AS
SELECT n, nextval((SELECT pg_get_serial_sequence('grids_link', 'id')::regclass)) AS id
FROM (SELECT n FROM import_plan WHERE verdict = 'create' ORDER BY n) AS creates;
ANALYZE import_made;

INSERT INTO grids_link (
    id, slug, user_id, grid_id, url, url_key, title, note, tags, alias, x, y, width, height,
    background, style, forward_query, clicks_before_import, clicks_before_import_from, version, is_deleted,
    created_on, modified_on, search
)
SELECT made.id, entry.slug, %(user)s, folder.grid_id, entry.url, entry.url_key, entry.title, entry.note,
    entry.tags, plan.alias, plan.x, plan.y, 1, 1, '', '{}', coalesce(entry.forward_query, true),
    coalesce(entry.clicks, 0), CASE WHEN entry.clicks IS NULL THEN '' ELSE %(source)s END, 1, false,
    entry.created_on, entry.modified_on, entry.search
FROM import_made made
JOIN import_plan plan USING (n)
JOIN import_entry entry USING (n)
JOIN import_folder folder ON folder.number = plan.folder
ORDER BY made.id;

INSERT INTO grids_imported_link (run_id, link_id, slug, grid_id, line, source_id, version)
SELECT %(job)s, made.id, entry.slug, folder.grid_id, entry.line, entry.source_id, 1
FROM import_made made
JOIN import_entry entry USING (n)
JOIN import_folder folder ON folder.number = entry.folder
ORDER BY made.id;
"""
_UPDATES = """
WITH changed AS (
    UPDATE grids_link link SET
        url = CASE WHEN entry.url_key = was.url_key THEN was.url ELSE entry.url END,
        url_key = entry.url_key,
        title = CASE WHEN entry.is_titled THEN entry.title ELSE was.title END,
        note = CASE WHEN entry.note = '' THEN was.note ELSE entry.note END,
        tags = CASE WHEN entry.tags = '{}' THEN was.tags ELSE entry.tags END,
        alias = coalesce(was.alias, plan.alias),
        forward_query = coalesce(entry.forward_query, was.forward_query),
        clicks_before_import = coalesce(entry.clicks, was.clicks_before_import),
        clicks_before_import_from =
            CASE WHEN entry.clicks IS NULL THEN was.clicks_before_import_from ELSE %(source)s END,
        version = link.version + 1,
        modified_on = statement_timestamp()
    FROM import_plan plan
    JOIN import_entry entry USING (n)
    JOIN import_candidate was ON was.id = plan.link_id
    WHERE plan.verdict = 'update' AND link.id = was.id
    RETURNING plan.n, link.id, link.slug, link.grid_id, link.version
)
INSERT INTO grids_imported_link (run_id, link_id, slug, grid_id, line, source_id, version, before)
SELECT %(job)s, changed.id, changed.slug, coalesce(folder.grid_id, changed.grid_id), entry.line,
    entry.source_id, changed.version, jsonb_build_object(
        'url', was.url, 'url_key', was.url_key, 'title', was.title, 'note', was.note, 'tags', was.tags,
        'alias', was.alias, 'forward_query', was.forward_query, 'base_clicks', was.clicks_before_import,
        'base_clicks_from', was.clicks_before_import_from, 'version', was.version
    )
FROM changed
JOIN import_entry entry USING (n)
JOIN import_candidate was USING (id)
LEFT JOIN import_folder folder ON folder.number = entry.folder
ORDER BY n
"""


def create_grids(cursor: Any, *, user_id: int, folders: Iterable[Folder]) -> None:
    """Create the grids of these folders, and note them in import_folder."""
    grids = {
        folder.number: Grid(
            slug=folder.slug,
            user_id=user_id,
            title=folder.title,
            description=folder.note,
            visibility=folder.visibility,
            columns=COLUMNS,
            created_on=folder.created_on,
        )
        for folder in folders
    }
    Grid.objects.bulk_create(grids.values(), batch_size=1000)
    rows = [(number, grid.pk) for number, grid in grids.items()]
    if rows:
        execute_values(cursor.cursor, _MADE, rows, page_size=1000)


def write(cursor: Any, *, user_id: int, job_id: int, source: str) -> None:
    """Create and update the links of import_plan."""
    # A worker that has lost the job gets here too; the fence is checked only when the job is finished.
    run = {"user_id": user_id, "source": source}
    ImportRun.objects.get_or_create(job_id=job_id, defaults=run)
    values = {"user": user_id, "job": job_id, "source": source}
    for statement in (_GRIDS, _LINKS, _UPDATES):
        cursor.execute(statement, values)
