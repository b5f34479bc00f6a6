"""Where tiles stand: which cells are taken, and where the next tile goes. Knows no database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of cells; `x` and `y` are those of its upper left one, from 0."""

    x: int
    y: int
    width: int
    height: int


class TileError(ValueError):
    """A tile cannot stand where it should; the message says why."""


class Occupancy:
    """The cells of one grid. Each row is an integer with a bit per taken column, so that looking for a
    free place costs a few machine operations a row."""

    def __init__(self, columns: int, tiles: Iterable[Tile] = ()) -> None:
        self.columns = columns
        self._rows: dict[int, int] = {}
        self._full = (1 << columns) - 1
        # Per size, a row above which no such tile fits any more.
        self._hints: dict[tuple[int, int], int] = {}
        for tile in tiles:
            self.add(tile)

    def add(self, tile: Tile) -> None:
        """Take the tile's cells. Raises TileError when it leaves the columns or overlaps another."""
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
        self._hints.clear()

    def place(self, width: int, height: int) -> Tile:
        """Take the first free place for a tile of this size, row by row. Raises TileError when it is wider
        than the grid."""
        if width > self.columns:
            raise TileError(f"A tile of width {width} is wider than {self.columns} columns.")
        row = self._hints.get((width, height), 0)
        while (tile := self._free_in_row(row, width, height)) is None:
            row += 1
        self._hints[width, height] = row
        self._put(tile)
        return tile

    def _free_in_row(self, row: int, width: int, height: int) -> Tile | None:
        if self._rows.get(row, 0) == self._full:
            return None
        tiles = (Tile(x, row, width, height) for x in range(self.columns - width + 1))
        return next(filter(self._is_free, tiles), None)

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
