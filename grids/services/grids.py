"""Write grids: their own fields, the trash, and the layout of their tiles."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from gridlink.accounts.models import User
from gridlink.lib.errors import Invalid, NotFound
from gridlink.lib.models import require_version
from gridlink.lib.unset import UNSET, given
from grids.layout.locking import tile_of
from grids.layout.occupancy import Occupancy, Tile, TileError
from grids.models import AUTO_THEME, ColourScheme, Grid, Visibility
from grids.services.changes import GridChanges
from grids.services.rows import alias_conflict, set_deleted, touch, update_links

_PROBLEMS_MAX = 20
_GEOMETRY = ("x", "y", "width", "height")


def grid_create(
    *,
    user: User,
    title: str,
    description: str = "",
    alias: str | None = None,
    visibility: str = Visibility.PRIVATE,
    theme: str = AUTO_THEME,
    colour_scheme: str = ColourScheme.AUTO,
    columns: int = 6,
) -> Grid:
    """Make an empty grid. Raises Conflict when the alias is taken."""
    grid = Grid(
        user=user,
        title=title,
        description=description,
        alias=alias,
        visibility=visibility,
        theme=theme,
        colour_scheme=colour_scheme,
        columns=columns,
    )
    with alias_conflict():
        grid.save(force_insert=True)
    return grid


def grid_update(*, grid: Grid, version: int | None, changes: GridChanges) -> Grid:
    """Change a grid's own fields.

    Raises PreconditionFailed, Conflict for a taken alias, and Invalid when a tile stands beyond the new
    number of columns.
    """
    with transaction.atomic():
        grid = _locked(grid)
        require_version(grid.version, version)
        if changes.columns is not UNSET and changes.columns < grid.columns:
            _check_columns(grid, changes.columns)
        for name, value in given(changes).items():
            setattr(grid, name, value)
        touch(grid)
        with alias_conflict():
            grid.save()
    return grid


def grid_delete(*, grid: Grid, version: int | None) -> None:
    """Put a grid and its links in the trash. Raises PreconditionFailed."""
    with transaction.atomic():
        grid = _locked(grid)
        require_version(grid.version, version)
        set_deleted(grid, True)
        grid.save()


def grid_restore(*, grid: Grid) -> Grid:
    """Take a grid out of the trash. Raises Conflict when its alias was given away."""
    with transaction.atomic():
        locked = Grid.objects.select_for_update(no_key=True)
        found = locked.filter(pk=grid.pk, is_deleted=True).first()
        if found is None:
            raise NotFound
        set_deleted(found, False)
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
        links = list(live.only("grid", "slug", "version", *_GEOMETRY))
        _check_complete({link.slug for link in links}, set(tiles))
        _check_fit(grid, tiles)
        now = timezone.now()
        moved = [link for link in links if tile_of(link) != tiles[link.slug]]
        for link in moved:
            tile = tiles[link.slug]
            link.x, link.y, link.width, link.height = tile.x, tile.y, tile.width, tile.height
            touch(link, now)
        update_links(moved, (*_GEOMETRY, "version", "modified_on"))
        grid.layout_version += 1
        grid.modified_on = now
        grid.save(update_fields=["layout_version", "modified_on"])
    return grid


def _locked(grid: Grid) -> Grid:
    found = Grid.objects.live().select_for_update(no_key=True).filter(pk=grid.pk).first()
    if found is None:
        raise NotFound
    return found


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
