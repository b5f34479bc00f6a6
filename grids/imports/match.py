"""Match the entries of a file with existing grids and links: one entry, one link.

A folder is matched with the grid that an earlier import from the same source made of it, else with a live
grid of its title. An entry is matched with the link that had the same identifier in the same source, else
with one in the folder's grid that leads to the same page: the most alike first, so that a file that was
imported matches itself, line by line.
"""

from __future__ import annotations

from typing import Any

_SCOPES = """
CREATE TEMP TABLE import_scope ON COMMIT DROP AS
SELECT DISTINCT ON (grid.id) folder.number AS folder, grid.id AS grid_id, NOT grid.is_deleted AS is_live
FROM import_folder folder
JOIN grids_imported_grid made USING (title, ordinal)
JOIN grids_import_run run ON run.job_id = made.run_id
JOIN grids_grid grid ON grid.id = made.grid_id
WHERE run.user_id = %(user)s AND run.source = %(source)s AND NOT made.is_undone
ORDER BY grid.id, folder.number;

INSERT INTO import_scope
SELECT unmatched.number, free.id, true
FROM (
    SELECT number, title, row_number() OVER (PARTITION BY title ORDER BY ordinal) AS rank
    FROM import_folder folder
    WHERE NOT EXISTS (
        SELECT FROM import_scope scope WHERE scope.folder = folder.number AND scope.is_live
    )
) unmatched
JOIN (
    SELECT id, title, row_number() OVER (PARTITION BY title ORDER BY id) AS rank
    FROM grids_grid grid
    WHERE user_id = %(user)s AND NOT is_deleted
        AND title IN (SELECT title FROM import_folder)
        AND NOT EXISTS (SELECT FROM import_scope scope WHERE scope.grid_id = grid.id)
) free USING (title, rank);

UPDATE import_folder folder SET grid_id = target.grid_id
FROM (SELECT folder, min(grid_id) AS grid_id FROM import_scope WHERE is_live GROUP BY folder) target
WHERE folder.number = target.folder;
"""
# An identifier that two entries of a file share identifies neither.
_SHARED = """
UPDATE import_entry entry SET source_id = NULL
FROM (
    SELECT source_id FROM import_entry WHERE source_id IS NOT NULL GROUP BY source_id HAVING count(*) > 1
) shared
WHERE entry.source_id = shared.source_id
"""
# `standing`: 0 unchanged since its import, 1 live otherwise, 2 in the trash.
_CANDIDATES = """
CREATE TEMP TABLE import_candidate ON COMMIT DROP AS
WITH found AS (
    SELECT id FROM grids_link
    WHERE user_id = %(user)s AND url_key IN (SELECT url_key FROM import_entry WHERE verdict = '')
    UNION
    SELECT made.link_id FROM grids_imported_link made
    JOIN grids_import_run run ON run.job_id = made.run_id
    WHERE run.user_id = %(user)s AND run.source = %(source)s AND NOT made.is_undone
        AND made.source_id IN (SELECT source_id FROM import_entry)
)
SELECT link.id, link.slug, link.grid_id, link.url, link.url_key, link.title, link.note, link.tags, link.alias,
    link.forward_query, link.clicks_before_import, link.clicks_before_import_from, link.version,
    grid.slug AS grid,
    coalesce(was.folder, current.folder) AS folder,
    CASE WHEN known.source = %(source)s THEN known.source_id END AS source_id,
    known.link_id IS NOT NULL AS is_imported,
    CASE WHEN link.is_deleted OR grid.is_deleted THEN 2
        WHEN known.version = link.version THEN 0 ELSE 1 END AS standing,
    md5(ROW(link.url_key, link.title, link.note, link.tags, link.clicks_before_import)::text) AS content
FROM found
JOIN grids_link link ON link.id = found.id
JOIN grids_grid grid ON grid.id = link.grid_id
LEFT JOIN LATERAL (
    SELECT made.*, run.source FROM grids_imported_link made
    JOIN grids_import_run run ON run.job_id = made.run_id
    WHERE made.link_id = link.id AND NOT made.is_undone ORDER BY made.id DESC LIMIT 1
) known ON true
LEFT JOIN import_scope was ON was.grid_id = known.grid_id
LEFT JOIN import_scope current ON current.grid_id = link.grid_id
WHERE link.user_id = %(user)s
"""
_CONTENT = "md5(ROW(url_key, title, note, tags, coalesce(clicks, 0))::text) AS content"
# Each tier pairs what the ones before left, the n-th of a kind with the n-th of that kind.
_TIERS = (
    "source_id, content",
    "source_id",
    "folder, content",
    "folder, url_key, title",
    "folder, url_key",
)
_PAIR = """
INSERT INTO import_match
SELECT entry.n, candidate.id
FROM (
    SELECT n, {keys}, row_number() OVER (PARTITION BY {keys} ORDER BY n) AS rank
    FROM import_wanted WHERE n NOT IN (SELECT n FROM import_match)
) entry
JOIN (
    SELECT id, {keys}, row_number() OVER (PARTITION BY {keys} ORDER BY standing, id) AS rank
    FROM import_candidate WHERE id NOT IN (SELECT link_id FROM import_match)
) candidate USING ({keys}, rank)
"""


def match_folders(cursor: Any, *, user_id: int, source: str) -> None:
    """Fill import_folder.grid_id, and import_scope with the grids of folders, trashed ones included."""
    cursor.execute(_SCOPES, {"user": user_id, "source": source})


def match_links(cursor: Any, *, user_id: int, source: str) -> None:
    """Fill import_match, the pairs of an entry's `n` and a link, from import_candidate."""
    cursor.execute("CREATE TEMP TABLE import_match (n int, link_id bigint) ON COMMIT DROP")
    cursor.execute(_SHARED)
    cursor.execute(_CANDIDATES, {"user": user_id, "source": source})
    if not cursor.rowcount:
        return
    cursor.execute(
        f"CREATE TEMP TABLE import_wanted ON COMMIT DROP AS"
        f" SELECT n, folder, source_id, url_key, title, {_CONTENT}"
        f" FROM import_entry WHERE verdict = '';"
        " ANALYZE import_wanted, import_candidate"
    )
    for keys in _TIERS:
        cursor.execute(_PAIR.format(keys=keys))
    cursor.execute("ANALYZE import_match")
