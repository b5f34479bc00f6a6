"""Track which cells of a grid are taken, in memory, and find free ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from grids.models import Y_MAX


@dataclass(frozen=True, slots=True)
class Tile:
    """Represent a rectangle of cells; `x, y` is the upper left one, from 0."""

    x: int
    y: int
    width: int
    height: int


class TileError(ValueError):
    """Signal that a tile does not fit; the message says why."""


class Occupancy:
    """Track the taken cells of one grid.

    Each row is an integer with a bit per taken column, so that looking for a free place costs a few machine
    operations a row.
    """

    def __init__(self, columns: int, tiles: Iterable[Tile] = ()) -> None:
        self.columns = columns
        self._rows: dict[int, int] = {}
        self._full = (1 << columns) - 1
        # Per size, a row above which no such tile fits.
        self._hints: dict[tuple[int, int], int] = {}
        for tile in tiles:
            self.add(tile)

    def add(self, tile: Tile) -> None:
        """Take the tile's cells. Raises TileError when it leaves the grid or overlaps another."""
        if tile.x + tile.width > self.columns:
            raise TileError(
                f"A tile at x={tile.x} of width {tile.width} leaves the grid's {self.columns} columns."
            )
        if not self._is_free(tile):
            raise TileError(f"The cells at x={tile.x}, y={tile.y} are taken.")
        self._put(tile)

    def remove(self, tile: Tile) -> None:
        """Free the tile's cells."""
        mask = self._mask(tile)
        for row in range(tile.y, tile.y + tile.height):
            self._rows[row] = self._rows.get(row, 0) & ~mask
        for (width, height), row in self._hints.items():
            # Only a tile that reaches into the freed rows can fit where it did not before.
            self._hints[width, height] = min(row, max(0, tile.y - height + 1))

    def place(self, width: int, height: int) -> Tile:
        """Take the first free place for a tile of this size, row by row.

        Raises TileError when it is wider than the grid, or the grid is full.
        """
        if width > self.columns:
            raise TileError(f"A tile of width {width} is wider than {self.columns} columns.")
        row = 0
        # A tile fits nowhere above the first place of a lower or a narrower one. From the lowest height up,
        # each row is examined once for all heights of a width, however many sizes are requested.
        for lower in range(1, height + 1):
            row = self._first_row(row, width, lower)
        starts = self._free_starts(row, width, height)
        leftmost = (starts & -starts).bit_length() - 1
        tile = Tile(leftmost, row, width, height)
        self._put(tile)
        return tile

    def _first_row(self, row: int, width: int, height: int) -> int:
        """Return the first row, from `row` on, in which such a tile fits."""
        hints = self._hints
        row = max(row, hints.get((width, height), 0), hints.get((width - 1, height), 0))
        while row <= Y_MAX and not self._free_starts(row, width, height):
            row += 1
        hints[width, height] = row
        if row > Y_MAX:
            raise TileError("The grid is full.")
        return row

    def _free_starts(self, row: int, width: int, height: int) -> int:
        """Return the columns, as bits, in which such a tile may begin in this row."""
        taken = 0
        for below in range(row, row + height):
            taken |= self._rows.get(below, 0)
        free, span = ~taken & self._full, 1
        # Each bit left begins a run of `span` free cells; two such runs make one up to twice as long.
        while span < width:
            step = min(span, width - span)
            free &= free >> step
            span += step
        return free

    def _put(self, tile: Tile) -> None:
        mask = self._mask(tile)
        for row in range(tile.y, tile.y + tile.height):
            self._rows[row] = self._rows.get(row, 0) | mask

    def _is_free(self, tile: Tile) -> bool:
        mask = self._mask(tile)
        return not any(self._rows.get(row, 0) & mask for row in range(tile.y, tile.y + tile.height))

    @staticmethod
    def _mask(tile: Tile) -> int:
        return ((1 << tile.width) - 1) << tile.x
