"""Lock grids while their tiles change.

Every change of which tiles a grid has, or where they are, first locks the grid's row. Writers of one grid
wait for each other, so what is checked in memory still holds when it is written. (An exclusion constraint
would guarantee the same in the database, at a tenth of the speed of loading links: docs/adr/0005.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from django.db.models import F, Q
from django.utils import timezone

from gridlink.lib.errors import Invalid, NotFound
from grids.layout.occupancy import Occupancy, Tile, TileError
from grids.models import Grid, Link


def tile_of(link: Link) -> Tile:
    """Return the tile of a link."""
    return Tile(link.x, link.y, link.width, link.height)


def occupancies(columns: Mapping[int, int]) -> dict[int, Occupancy]:
    """Return the taken cells of grids, which are given by key with their columns."""
    occupied = {pk: Occupancy(width) for pk, width in columns.items()}
    tiles = Link.objects.filter(grid__in=columns, is_deleted=False)
    for grid_id, *tile in tiles.values_list("grid_id", "x", "y", "width", "height").iterator():
        occupied[grid_id].add(Tile(*tile))
    return occupied


class LockedGrids:
    """Lock some of a user's live grids, in the order of their keys against deadlocks.

    It takes two queries however many grids there are, the second only once a tile is placed or moved. Use it
    inside a transaction, and call `save` at its end.
    """

    def __init__(self, user_id: int, *, slugs: Iterable[str] = (), ids: Iterable[int] = ()) -> None:
        wanted = Q(slug__in=set(slugs)) | Q(pk__in=set(ids))
        grids = Grid.objects.live().select_for_update(no_key=True).filter(wanted, user=user_id)
        self._by_id = {grid.pk: grid for grid in grids.order_by("pk")}
        self._by_slug = {grid.slug: grid for grid in self._by_id.values()}
        self._touched: set[int] = set()

    @cached_property
    def _occupied(self) -> dict[int, Occupancy]:
        return occupancies({pk: grid.columns for pk, grid in self._by_id.items()})

    def by_slug(self, slug: str) -> Grid:
        """Return a grid. Raises NotFound unless it is live and the user's."""
        grid = self._by_slug.get(slug)
        if grid is None:
            raise NotFound("There is no such grid.", fields={"grid": ["There is no such grid."]})
        return grid

    def by_id(self, pk: int) -> Grid:
        """Return a grid. Raises NotFound when it was put in the trash meanwhile."""
        grid = self._by_id.get(pk)
        if grid is None:
            raise NotFound
        return grid

    def place(self, link: Link, *, at: tuple[int, int] | None) -> None:
        """Place a link at a position, or at the first free one. Raises Invalid."""
        occupied = self._occupied[link.grid_id]
        try:
            if at is None:
                tile = occupied.place(link.width, link.height)
            else:
                tile = Tile(*at, link.width, link.height)
                occupied.add(tile)
        except TileError as error:
            raise Invalid(str(error), code="bad_tile", fields={"x": [str(error)]}) from error
        link.x, link.y = tile.x, tile.y
        self._touched.add(link.grid_id)

    def lift(self, link: Link) -> None:
        """Free the cells of a link that is on one of these grids."""
        self._occupied[link.grid_id].remove(tile_of(link))
        self._touched.add(link.grid_id)

    def move(self, link: Link, after: Link, *, at: tuple[int, int] | None) -> None:
        """Replace a link by its changed copy. Raises Invalid, and then nothing has moved."""
        before = self._occupied[link.grid_id]
        before.remove(tile_of(link))
        try:
            self.place(after, at=at)
        except Invalid:
            before.add(tile_of(link))
            raise
        self._touched.add(link.grid_id)

    def save(self) -> None:
        """Give every grid whose tiles changed its next layout version."""
        if self._touched:
            Grid.objects.filter(pk__in=self._touched).update(
                layout_version=F("layout_version") + 1, modified_on=timezone.now()
            )
