"""Test the occupancy of cells against a model that keeps a set of cells."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grids.layout.occupancy import Occupancy, Tile, TileError
from grids.models import Y_MAX


class Naive:
    """A set of taken cells, looked through cell by cell."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.taken: set[tuple[int, int]] = set()

    def cells(self, tile: Tile) -> set[tuple[int, int]]:
        return {
            (x, y)
            for x in range(tile.x, tile.x + tile.width)
            for y in range(tile.y, tile.y + tile.height)
        }

    def fits(self, tile: Tile) -> bool:
        return tile.x + tile.width <= self.columns and not self.cells(tile) & self.taken

    def first_free(self, width: int, height: int) -> Tile:
        for y in range(1000):
            for x in range(self.columns):
                if self.fits(tile := Tile(x, y, width, height)):
                    return tile
        raise AssertionError("no place in 1000 rows")


class Both:
    """The occupancy and its model, which must agree at every step."""

    def __init__(self, columns: int) -> None:
        self.real = Occupancy(columns)
        self.model = Naive(columns)
        self.tiles: list[Tile] = []

    def add(self, tile: Tile) -> None:
        if self.model.fits(tile):
            self.real.add(tile)
            self._added(tile)
        else:
            with pytest.raises(TileError):
                self.real.add(tile)

    def place(self, width: int, height: int) -> None:
        if width > self.model.columns:
            with pytest.raises(TileError):
                self.real.place(width, height)
            return
        expected = self.model.first_free(width, height)
        assert self.real.place(width, height) == expected
        self._added(expected)

    def remove(self, index: int) -> None:
        if self.tiles:
            tile = self.tiles.pop(index % len(self.tiles))
            self.real.remove(tile)
            self.model.taken -= self.model.cells(tile)

    def _added(self, tile: Tile) -> None:
        self.tiles.append(tile)
        self.model.taken |= self.model.cells(tile)


_SIZE = st.integers(1, 5)
_STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("add"), st.builds(Tile, st.integers(0, 7), st.integers(0, 9), _SIZE, _SIZE)
        ),
        st.tuples(st.just("place"), st.tuples(_SIZE, _SIZE)),
        st.tuples(st.just("remove"), st.integers(0, 50)),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(columns=st.integers(1, 8), steps=_STEPS)
def test_occupancy_agrees_with_a_set_of_cells(
    columns: int, steps: list[tuple[str, Tile | tuple[int, int] | int]]
) -> None:
    both = Both(columns)
    for _, argument in steps:
        if isinstance(argument, Tile):
            both.add(argument)
        elif isinstance(argument, tuple):
            both.place(*argument)
        else:
            both.remove(argument)


def test_places_go_row_by_row() -> None:
    cells = Occupancy(4, [Tile(1, 0, 2, 1)])
    assert [cells.place(1, 1) for _ in range(3)] == [
        Tile(0, 0, 1, 1),
        Tile(3, 0, 1, 1),
        Tile(0, 1, 1, 1),
    ]
    assert cells.place(2, 2) == Tile(1, 1, 2, 2)
    assert cells.place(4, 1) == Tile(0, 3, 4, 1)


def test_a_removed_tile_makes_its_place_the_first_again() -> None:
    cells = Occupancy(2)
    first = cells.place(2, 1)
    cells.place(2, 1)
    cells.remove(first)
    assert cells.place(1, 1) == Tile(0, 0, 1, 1)


@pytest.mark.parametrize(
    ("tile", "message"),
    [
        (Tile(3, 0, 2, 1), "A tile at x=3 of width 2 leaves the grid's 4 columns."),
        (Tile(1, 1, 1, 1), "The cells at x=1, y=1 are taken."),
        (Tile(0, 0, 2, 2), "The cells at x=0, y=0 are taken."),
    ],
)
def test_a_refused_tile_says_why_and_takes_nothing(tile: Tile, message: str) -> None:
    cells = Occupancy(4, [Tile(1, 1, 2, 1)])
    with pytest.raises(TileError) as refused:
        cells.add(tile)
    assert str(refused.value) == message
    assert [cells.place(1, 1) for _ in range(4)] == [Tile(x, 0, 1, 1) for x in range(4)]
    assert cells.place(1, 1) == Tile(0, 1, 1, 1)


def test_a_tile_wider_than_the_grid_is_refused() -> None:
    with pytest.raises(TileError, match=r"^A tile of width 5 is wider than 4 columns\.$"):
        Occupancy(4).place(5, 1)


def test_the_last_row_is_the_databases() -> None:
    assert Y_MAX == 1_000_000


def test_a_grid_that_is_full_to_its_last_row_says_so() -> None:
    tiles = [Tile(0, y, 1, 50) for y in range(0, Y_MAX, 50)]
    cells = Occupancy(1, tiles)
    assert cells.place(1, 2) == Tile(0, Y_MAX, 1, 2)
    for height in (1, 2):
        with pytest.raises(TileError, match=r"^The grid is full\.$"):
            cells.place(1, height)
    cells.remove(tiles[-1])
    assert cells.place(1, 50) == tiles[-1]


def test_tiles_of_all_sizes_look_at_each_row_of_a_tall_grid_a_few_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The worst order: the largest come first, and what is learnt of them says nothing of smaller ones."""
    rows, columns = 2_000, 8
    looks = 0
    look = Occupancy._free_starts

    def counted(self: Occupancy, row: int, width: int, height: int) -> int:
        nonlocal looks
        looks += 1
        return look(self, row, width, height)

    monkeypatch.setattr(Occupancy, "_free_starts", counted)
    # Nothing wider than one column fits beside these.
    cells = Occupancy(columns, [Tile(x, y, 1, 1) for y in range(rows) for x in (1, 3, 5, 7)])
    sizes = [(width, height) for width in range(columns, 1, -1) for height in range(50, 0, -1)]
    assert all(cells.place(*size).y >= rows for size in sizes)
    # Row by row for each size, it would be 700,000.
    assert looks < 10 * columns * rows


def test_first_free_place_after_removals() -> None:
    """Orderings that are rarely drawn: what a removal frees counts for every size, above all hints."""
    cells = Occupancy(3)
    assert [cells.place(1, 1) for _ in range(4)] == [
        Tile(0, 0, 1, 1), Tile(1, 0, 1, 1), Tile(2, 0, 1, 1), Tile(0, 1, 1, 1)
    ]  # fmt: skip
    assert cells.place(2, 2) == Tile(1, 1, 2, 2)
    assert cells.place(3, 1) == Tile(0, 3, 3, 1)
    # Beside the large one, although wider and higher tiles were placed below.
    assert cells.place(1, 1) == Tile(0, 2, 1, 1)
    cells.remove(Tile(1, 0, 1, 1))
    cells.remove(Tile(1, 1, 2, 2))
    # A higher tile begins above what was freed last.
    assert cells.place(1, 3) == Tile(1, 0, 1, 3)
    assert cells.place(1, 2) == Tile(2, 1, 1, 2)
    assert cells.place(2, 1) == Tile(0, 4, 2, 1)
    assert cells.place(1, 1) == Tile(2, 4, 1, 1)
    cells.remove(Tile(0, 0, 1, 1))
    assert cells.place(1, 1) == Tile(0, 0, 1, 1)


def test_first_free_place_of_a_high_tile_above_a_hint() -> None:
    cells = Occupancy(2, [Tile(0, 0, 2, 1), Tile(0, 2, 2, 1)])
    assert cells.place(1, 2) == Tile(0, 3, 1, 2)
    cells.remove(Tile(0, 2, 2, 1))
    assert cells.place(1, 2) == Tile(0, 1, 1, 2)
    assert cells.place(1, 2) == Tile(1, 1, 1, 2)
