"""Test which tables stand side by side: narrow ones, in order, none left out."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.reporting.renderers.pdf.layout import TableSize, arrange

DAYS, TOP, WIDE = TableSize(50, 5, 31, leads=True), TableSize(40, 4, 6), TableSize(120, 8, 6)
sketches = st.builds(
    TableSize, st.integers(1, 200), st.integers(1, 12), st.integers(0, 200), st.integers(0, 20),
    st.booleans(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("tables", "groups"),
    [
        ([], []),
        ([DAYS], [[[0]]]),
        ([WIDE, WIDE], [[[0]], [[1]]]),
        ([DAYS, TOP, TOP, TOP], [[[0], [1, 2, 3]]]),
        ([TOP, TOP, TOP, TOP], [[[0, 1], [2, 3]]]),
        # A chart across the page comes before what is beside its table.
        ([TOP, DAYS, TOP], [[[0]], [[1], [2]]]),
        ([TOP, TOP, WIDE, TOP], [[[0], [1]], [[2]], [[3]]]),
        # Long, and of many columns.
        ([TOP, TOP._replace(rows=61)], [[[0]], [[1]]]),
        ([TOP, TOP._replace(columns=7)], [[[0]], [[1]]]),
        # Bars take room.
        ([TOP._replace(bars=30), TOP, TOP, TOP], [[[0], [1, 2, 3]]]),
    ],
)
def test_groups(tables: list[TableSize], groups: list[list[list[int]]]) -> None:
    found = [[list(stack) for stack in group] for group in arrange(tables, landscape=False)]
    assert found == groups


def test_a_turned_page_has_room_for_more() -> None:
    tables = [TOP._replace(letters=80)] * 2
    assert [len(group) for group in arrange(tables, landscape=False)] == [1, 1]
    assert [len(group) for group in arrange(tables, landscape=True)] == [2]


@given(st.lists(sketches, max_size=20), st.booleans())
def test_all_are_there_in_their_order(tables: list[TableSize], wide: bool) -> None:
    groups = list(arrange(tables, landscape=wide))
    assert list(chain(*chain(*groups))) == list(range(len(tables)))
    assert all(1 <= len(group) <= 2 and all(group) for group in groups)
