"""Decide on each entry of a file by the link it matches; place new links."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

from django.db import connection

from grids.layout.locking import occupancies
from grids.layout.occupancy import Occupancy, TileError
from grids.models import Y_MAX

COLUMNS = 6
"""How wide the grids are that imports make."""

# New links claim short codes, and so do unchanged imported links without one.
_GRANTS = """
CREATE TEMP TABLE import_grant ON COMMIT DROP AS
SELECT entry.n, entry.alias,
    row_number() OVER (PARTITION BY lower(entry.alias) ORDER BY entry.n) = 1
    AND NOT EXISTS (
        SELECT FROM grids_link other WHERE lower(other.alias) = lower(entry.alias) AND NOT other.is_deleted
    ) AS is_granted
FROM import_entry entry
LEFT JOIN import_match match USING (n)
LEFT JOIN import_candidate link ON link.id = match.link_id
WHERE entry.alias IS NOT NULL AND entry.verdict = ''
    AND (link.id IS NULL OR (link.standing = 0 AND link.alias IS NULL))
"""
# Only what the file has. A link never loses its short code.
_DIFFERS = """
    claim.is_granted IS TRUE
    OR entry.url_key <> link.url_key
    OR (entry.is_titled AND entry.title <> link.title)
    OR (entry.note <> '' AND entry.note <> link.note)
    OR (entry.tags <> '{}' AND entry.tags <> link.tags::text[])
    OR (entry.forward_query IS NOT NULL AND entry.forward_query <> link.forward_query)
    OR (entry.clicks IS NOT NULL AND entry.clicks <> link.clicks_before_import)
"""
# What was private elsewhere must not become public by an import.
_EXPOSED = "entry.is_private AND grid.visibility <> 'private'"
_PLAN = f"""
CREATE TEMP TABLE import_plan ON COMMIT DROP AS
SELECT n, folder, link_id, verdict, alias,
    concat_ws('; ', nullif(reason, ''),
        'the short code "' || refused_alias || '" is taken',
        'the short code "' || CASE WHEN verdict IN ('create', 'update', 'unchanged') THEN hidden_code END
            || '" answers once its grid is unlisted or public',
        nullif(remarks, '')) AS remarks,
    CASE WHEN is_new THEN position % {COLUMNS} END AS x, CASE WHEN is_new THEN position / {COLUMNS} END AS y
FROM (
    SELECT *, verdict = 'create' AND grid_id IS NULL AS is_new,
        row_number() OVER (PARTITION BY folder, verdict ORDER BY n) - 1 AS position
    FROM (
        SELECT entry.n, entry.folder, entry.remarks, link.id AS link_id, folder.grid_id,
            CASE WHEN claim.is_granted THEN claim.alias END AS alias,
            CASE WHEN NOT claim.is_granted THEN claim.alias END AS refused_alias,
            CASE WHEN (claim.is_granted OR lower(link.alias) = lower(entry.alias))
                AND coalesce(current.visibility, grid.visibility, folder.visibility) = 'private'
                THEN entry.alias END AS hidden_code,
            split_part(decision.words, ':', 1) AS verdict, split_part(decision.words, ':', 2) AS reason
        FROM import_entry entry
        LEFT JOIN import_match match USING (n)
        LEFT JOIN import_candidate link ON link.id = match.link_id
        LEFT JOIN import_folder folder ON folder.number = entry.folder
        LEFT JOIN grids_grid grid ON grid.id = folder.grid_id
        LEFT JOIN grids_grid current ON current.id = link.grid_id
        LEFT JOIN import_grant claim USING (n)
        CROSS JOIN LATERAL (SELECT CASE
            WHEN entry.verdict <> '' THEN entry.verdict
            WHEN link.id IS NULL AND {_EXPOSED} THEN 'skip:it is private, and its grid is not'
            WHEN link.id IS NULL THEN 'create'
            WHEN link.standing = 2 THEN 'skip:it is in the trash'
            WHEN NOT ({_DIFFERS}) THEN 'unchanged'
            WHEN link.standing = 0 THEN 'update'
            WHEN link.is_imported THEN 'skip:it was changed since it was imported'
            ELSE 'skip:there is one like it that no import made'
        END AS words) decision
    ) decided
) numbered
"""
# New links for grids that exist already.
_WAITING = """
SELECT plan.n, folder.grid_id FROM import_plan plan JOIN import_folder folder ON folder.number = plan.folder
WHERE plan.verdict = 'create' AND folder.grid_id IS NOT NULL ORDER BY plan.n
"""
_GRIDS = (
    f"SELECT id, columns FROM grids_grid WHERE id IN (SELECT grid_id FROM ({_WAITING}) waiting)"
)
_PLACE = """
ANALYZE import_place;
UPDATE import_plan plan SET x = place.x, y = place.y FROM import_place place WHERE place.n = plan.n
"""
_REFUSE = f"""
UPDATE import_plan SET verdict = 'refused', alias = NULL,
    remarks = concat_ws('; ', 'The grid is full.', nullif(remarks, ''))
WHERE verdict = 'create' AND (x IS NULL OR y > {Y_MAX})
"""


def plan(cursor: Any) -> None:
    """Fill import_plan: a verdict, remarks and a place for each entry; refuse links without one."""
    cursor.execute(_GRANTS)
    # They are mostly empty, which the planner knows only after ANALYZE.
    cursor.execute("ANALYZE import_grant, import_match, import_candidate")
    cursor.execute(_PLAN)
    cursor.execute("ANALYZE import_plan")
    cursor.execute(_GRIDS)
    if columns := dict(cursor.fetchall()):
        _place_on_grids(cursor, columns)
    cursor.execute(_REFUSE)


def _place_on_grids(cursor: Any, columns: dict[int, int]) -> None:
    """Fill x and y of new links on existing grids, given with their columns."""
    cursor.execute("CREATE TEMP TABLE import_place (n int, x int, y int) ON COMMIT DROP")
    with tempfile.TemporaryFile("w+", encoding="utf-8") as rows:
        rows.writelines(_placed(occupancies(columns)))
        rows.seek(0)
        cursor.copy_expert("COPY import_place FROM STDIN", rows)
    cursor.execute(_PLACE)


def _placed(occupied: dict[int, Occupancy]) -> Iterator[str]:
    with connection.chunked_cursor() as waiting:
        waiting.execute(_WAITING)
        for n, grid_id in waiting:
            try:
                tile = occupied[grid_id].place(1, 1)
            except TileError:
                continue
            yield f"{n}\t{tile.x}\t{tile.y}\n"
