"""What was visited, with all that its rows have in common."""

from __future__ import annotations

from dataclasses import dataclass
from struct import error as StructError

from grids.public.wire import Kind, Target
from reports.clicks.storage import columns
from reports.clicks.storage.cache import Cache
from reports.clicks.storage.copy_format import BIGINT, Fields, start, text

_CLICK_START, _VIEW_START = start(len(columns.CLICK)), start(len(columns.VIEW))
_CLICK, _VIEW = Fields(BIGINT * 3), Fields(BIGINT * 2)
_LIMIT = 50_000
_TILE = 32


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A target, how its rows begin, and its tile as a field of COPY."""

    user: int
    grid: int
    link: int
    head: bytes
    tile: bytes


def _place(target: Target) -> Place:
    if tuple(map(type, target)) != (int, int, int, int, str):
        raise TypeError(f"No target: {target!r}")
    kind, user, grid, link, tile = target
    # A view is known by its having no link.
    if user < 0 or grid < 0 or link < 0 or kind != (Kind.CLICK if link else Kind.VIEW):
        raise ValueError(f"No such target: {target!r}")
    tile_field = text(tile, _TILE)
    try:
        if not link:
            return Place(user, grid, 0, _VIEW_START + _VIEW.pack((user, grid)), tile_field)
        head = _CLICK_START + _CLICK.pack((user, grid, link)) + tile_field
    except StructError as error:
        raise ValueError(f"Out of range: {target!r}") from error
    return Place(user, grid, link, head, tile_field)


# By the target. Raises TypeError and ValueError for what is none.
PLACES = Cache(_place, _LIMIT)


def place_of(user: int, grid: int, link: int) -> Place:
    """The place of a link, or of a grid's page, wherever its tile is."""
    return PLACES[Target(int(Kind.CLICK if link else Kind.VIEW), user, grid, link)]
