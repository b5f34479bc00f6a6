"""Place the new links of a file on grids that hold links already."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

from django.db import connection

from grids.layout.locking import occupancies
from grids.layout.occupancy import Occupancy, TileError

COLUMNS = 6
"""How wide the grids are that imports make."""
FULL = "The grid is full."

_WAITING = """
SELECT plan.n, folder.grid_id FROM import_plan plan JOIN import_folder folder ON folder.number = plan.folder
WHERE plan.verdict = 'create' AND folder.grid_id IS NOT NULL ORDER BY plan.n
"""
_GRIDS = (
    f"SELECT id, columns FROM grids_grid WHERE id IN (SELECT grid_id FROM ({_WAITING}) waiting)"
)
_PLACE = """
UPDATE import_plan plan SET x = place.x, y = place.y FROM import_place place WHERE place.n = plan.n;
"""
_REFUSE = """
UPDATE import_plan SET verdict = 'refused', alias = NULL, remarks = concat_ws('; ', %s, nullif(remarks, ''))
WHERE verdict = 'create' AND x IS NULL
"""


def place_new_links(cursor: Any) -> None:
    """Fill x and y of import_plan where they are missing; refuse links without a place."""
    cursor.execute(_GRIDS)
    columns = dict(cursor.fetchall())
    if not columns:
        return
    cursor.execute("CREATE TEMP TABLE import_place (n int, x int, y int) ON COMMIT DROP")
    with tempfile.TemporaryFile("w+", encoding="utf-8") as rows:
        rows.writelines(_placed(occupancies(columns)))
        rows.seek(0)
        cursor.copy_expert("COPY import_place FROM STDIN", rows)
    cursor.execute(f"ANALYZE import_place; {_PLACE}")
    cursor.execute(_REFUSE, [FULL])


def _placed(occupied: dict[int, Occupancy]) -> Iterator[str]:
    with connection.chunked_cursor() as waiting:
        waiting.execute(_WAITING)
        for n, grid_id in waiting:
            try:
                tile = occupied[grid_id].place(1, 1)
            except TileError:
                continue
            yield f"{n}\t{tile.x}\t{tile.y}\n"
