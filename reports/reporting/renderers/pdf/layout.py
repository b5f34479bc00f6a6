"""Decide which narrow and short tables stand side by side on a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

_COLUMNS_MAX, _ROWS_MAX = 6, 60
# About how many letters a line may have in half of a page, by whether it is landscape.
_LETTERS_MAX = {False: 56, True: 84}
# The title and the space around a table, in rows.
_HEADING_ROWS = 4


class TableSize(NamedTuple):
    """Hold a table's least letters in a line, columns, rows, and bar charts in rows.

    A table that `leads` has a chart across the page, so that no table beside it may come before it.
    """

    letters: int
    columns: int
    rows: int
    bars: int = 0
    leads: bool = False

    @property
    def height(self) -> int:
        """Return the height in rows."""
        return self.rows + self.bars + _HEADING_ROWS

    def is_narrow(self, landscape: bool) -> bool:
        """Check whether the table fits half of a page."""
        return (
            self.letters <= _LETTERS_MAX[landscape]
            and self.columns <= _COLUMNS_MAX
            and self.rows <= _ROWS_MAX
        )


Group = list[range]
"""One stack of tables by index, or two side by side, the left one first."""


def arrange(tables: Sequence[TableSize], *, landscape: bool) -> Iterator[Group]:
    """Yield groups of all tables, in order from top to bottom."""
    start = 0
    while start < len(tables):
        end = start + 1
        if tables[start].is_narrow(landscape):
            while end < len(tables) and tables[end].is_narrow(landscape) and not tables[end].leads:
                end += 1
        yield _stacks(tables, start, end)
        start = end


def _stacks(tables: Sequence[TableSize], start: int, end: int) -> Group:
    """Split the tables into two stacks of about equal height."""
    if end - start == 1:
        return [range(start, end)]
    heights = [table.height for table in tables[start:end]]
    cut = min(range(1, len(heights)), key=lambda cut: max(sum(heights[:cut]), sum(heights[cut:])))
    return [range(start, start + cut), range(start + cut, end)]
