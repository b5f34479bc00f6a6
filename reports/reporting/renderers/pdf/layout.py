"""Which tables of a report stand side by side on its pages: narrow and short ones, in two stacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

_COLUMNS, _ROWS = 6, 60
# How many letters a line may have, about, in half of a page, and of one that is turned.
_LETTERS = {False: 56, True: 84}
# So many rows take as much room as what is around the rows of a table.
_AROUND = 4


class Sketch(NamedTuple):
    """What a table takes: letters in a line at least, columns, rows, and so many rows' room for its bars. One
    that `leads` has a chart that goes across the page, and no table beside it comes before."""

    letters: int
    columns: int
    rows: int
    bars: int = 0
    leads: bool = False

    @property
    def height(self) -> int:
        """In rows."""
        return self.rows + self.bars + _AROUND


Group = list[range]
"""One stack of tables, by their numbers, or two side by side, the left one first."""


def arranged(tables: Sequence[Sketch], *, wide: bool) -> Iterator[Group]:
    """All tables in their order: groups from top to bottom. `wide` says that pages are turned."""
    start = 0
    while start < len(tables):
        end = start + 1
        if _is_narrow(tables[start], wide):
            while end < len(tables) and _is_narrow(tables[end], wide) and not tables[end].leads:
                end += 1
        yield _stacks(tables, start, end)
        start = end


def _is_narrow(table: Sketch, wide: bool) -> bool:
    return table.letters <= _LETTERS[wide] and table.columns <= _COLUMNS and table.rows <= _ROWS


def _stacks(tables: Sequence[Sketch], start: int, end: int) -> Group:
    """Cut where both are about as high."""
    if end - start == 1:
        return [range(start, end)]

    def higher(cut: int) -> int:
        return max(
            sum(table.height for table in tables[one:other])
            for one, other in ((start, cut), (cut, end))
        )

    cut = min(range(start + 1, end), key=higher)
    return [range(start, cut), range(cut, end)]
