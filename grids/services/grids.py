"""Writes of grids: the page itself and the layout of its tiles. Links have `grids.services.links`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Max
from django.utils import timezone

from gridlink.accounts.models import User
from gridlink.lib.errors import Conflict, Invalid, NotFound
from gridlink.lib.models import require_version
from grids.layout.locking import tile_of
from grids.layout.occupancy import Occupancy, Tile, TileError
from grids.models import Grid, Link

_PROBLEMS_MAX = 20
# One statement: Django's bulk_update writes a CASE with a branch per row, of quadratic cost.
_MOVE = """
UPDATE grids_link AS link
SET x = tile.x, y = tile.y, width = tile.width, height = tile.height,
    version = link.version + 1, modified_on = %s
FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[], %s::int[])
    AS tile (id, x, y, width, height)
WHERE link.id = tile.id
"""


def grid_create(*, user: User, **fields: Any) -> Grid:
    """Make a grid. Raises Conflict when the alias is taken."""
    grid = Grid(user=user, **fields)
    with alias_conflict():
        grid.save(force_insert=True)
    return grid


def grid_update(*, grid: Grid, version: int | None, changes: dict[str, Any]) -> Grid:
    """Change a grid's own fields. Raises PreconditionFailed, Conflict for a taken alias, and Invalid when
    a tile stands beyond the new number of columns."""
    with transaction.atomic():
        grid = _locked(grid)
        require_version(grid.version, version)
        if changes.get("columns", grid.columns) < grid.columns:
            _check_columns(grid, changes["columns"])
        for name, value in changes.items():
            setattr(grid, name, value)
        _touch(grid)
        with alias_conflict():
            grid.save()
    return grid


def grid_delete(*, grid: Grid, version: int | None) -> None:
    """Put a grid in the trash, its links with it. Raises PreconditionFailed."""
    with transaction.atomic():
        grid = _locked(grid)
        require_version(grid.version, version)
        grid.is_deleted, grid.deleted_on = True, timezone.now()
        _touch(grid)
        grid.save()


def grid_restore(*, grid: Grid) -> Grid:
    """Take a grid out of the trash as it was. Raises Conflict when its alias was given away meanwhile."""
    with transaction.atomic():
        locked = Grid.objects.select_for_update(no_key=True)
        found = locked.filter(pk=grid.pk, is_deleted=True).first()
        if found is None:
            raise NotFound
        found.is_deleted, found.deleted_on = False, None
        _touch(found)
        with alias_conflict():
            found.save()
    return found


def layout_save(*, grid: Grid, version: int | None, tiles: dict[str, Tile]) -> Grid:
    """Set the position of every link of a grid at once, or of none.

    Raises PreconditionFailed, and Invalid when a link is missing, unknown, or its tile does not fit.
    """
    with transaction.atomic():
        grid = _locked(grid)
        require_version(grid.layout_version, version)
        live = grid.links.filter(is_deleted=False)
        links = list(live.only("grid", "slug", "x", "y", "width", "height"))
        _check_complete({link.slug for link in links}, set(tiles))
        _check_fit(grid, tiles)
        now = timezone.now()
        _move((link for link in links if tile_of(link) != tiles[link.slug]), tiles, now)
        grid.layout_version += 1
        grid.modified_on = now
        grid.save(update_fields=["layout_version", "modified_on"])
    return grid


@contextmanager
def alias_conflict() -> Iterator[None]:
    """Turns the unique index's refusal of an alias into a Conflict, with the transaction still usable."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "alias_once" not in str(error):
            raise
        message = "The alias is taken."
        raise Conflict(message, fields={"alias": [message]}) from error


def _locked(grid: Grid) -> Grid:
    found = Grid.objects.live().select_for_update(no_key=True).filter(pk=grid.pk).first()
    if found is None:
        raise NotFound
    return found


def _touch(grid: Grid) -> None:
    grid.version += 1
    grid.modified_on = timezone.now()


def _check_columns(grid: Grid, columns: int) -> None:
    live = grid.links.filter(is_deleted=False)
    needed = live.aggregate(columns=Max(F("x") + F("width")))["columns"] or 0
    if needed > columns:
        message = f"A tile reaches column {needed}; move it before narrowing the grid to {columns}."
        raise Invalid(message, fields={"columns": [message]})


def _check_complete(have: set[str], given: set[str]) -> None:
    problems = {
        "missing": sorted(have - given),
        "unknown": sorted(given - have),
    }
    fields = {name: slugs[:_PROBLEMS_MAX] for name, slugs in problems.items() if slugs}
    if fields:
        message = "The layout must name every link of the grid once, and no other."
        raise Invalid(message, fields=fields)


def _check_fit(grid: Grid, tiles: dict[str, Tile]) -> None:
    cells = Occupancy(grid.columns)
    problems = {}
    for slug, tile in tiles.items():
        try:
            cells.add(tile)
        except TileError as error:
            problems[slug] = [str(error)]
            if len(problems) == _PROBLEMS_MAX:
                break
    if problems:
        raise Invalid("Some tiles do not fit.", code="bad_tile", fields=problems)


def _move(links: Iterable[Link], tiles: dict[str, Tile], now: datetime) -> None:
    rows = [(link.pk, *astuple(tiles[link.slug])) for link in links]
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        with connection.cursor() as cursor:
            cursor.execute(_MOVE, [now, *columns])
