"""Test where tiles stand, on phones and on wide screens."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grids.models import Link
from grids.public.pages.arrange import Place, arrange, phone_widths, places_css, used_rows
from tests.support.grids.pages import link


@pytest.mark.parametrize(
    ("widths", "phone"),
    [
        ([], []),
        ([1], [2]),
        ([1, 1], [1, 1]),
        ([1, 1, 1], [1, 1, 2]),
        ([2, 1, 1], [2, 1, 1]),
        ([1, 2, 1], [2, 2, 2]),
        ([1, 1, 2, 1, 3], [1, 1, 2, 2, 2]),
        ([24], [2]),
    ],
)
def test_widths_on_a_phone(widths: list[int], phone: list[int]) -> None:
    assert phone_widths(widths) == phone


@given(st.lists(st.integers(1, 24), max_size=60))
def test_no_row_of_a_phone_has_a_hole(widths: list[int]) -> None:
    phone = phone_widths(widths)
    assert len(phone) == len(widths)
    filled = 0
    for width, wanted in zip(phone, widths, strict=True):
        assert width == 2 or wanted == 1
        # Whatever does not fit begins a new row, so the one before must be full.
        assert filled % 2 == 0 or width == 1
        filled += width
    assert filled % 2 == 0


@st.composite
def grids(draw: st.DrawFn) -> tuple[list[Link], int]:
    """Links that do not overlap, in reading order, with wide gaps between some; and the columns."""
    columns = draw(st.integers(1, 12))
    taken: set[tuple[int, int]] = set()
    links: list[Link] = []
    sizes = st.tuples(
        st.integers(0, columns - 1),
        st.integers(0, 12) | st.integers(1_000, 1_006),
        st.integers(1, columns),
        st.integers(1, 4),
    )
    for x, y, width, height in draw(st.lists(sizes, max_size=25)):
        across = min(width, columns - x)
        cells = {(x + right, y + down) for right in range(across) for down in range(height)}
        if not cells & taken:
            taken |= cells
            links.append(link(len(links), x=x, y=y, width=across, height=height))
    return sorted(links, key=lambda each: (each.y, each.x)), columns


def cells(places: list[Place]) -> Counter[tuple[int, int]]:
    """How many tiles stand in each cell of a wide screen."""
    rows = used_rows(places)
    return Counter(
        (place.x + right, rows[place.y] + down)
        for place in places
        for right in range(place.width)
        for down in range(place.height)
    )


@given(grids())
def test_what_does_not_overlap_does_not_on_the_page(made: tuple[list[Link], int]) -> None:
    links, columns = made
    places = arrange(links, columns)
    taken = cells(places)
    assert set(taken.values()) <= {1}
    assert all(0 <= x < columns and y >= 0 for x, y in taken)
    assert [(place.x, place.width, place.height) for place in places] == [
        (each.x, each.width, each.height) for each in links
    ]


@given(grids())
def test_the_order_is_kept(made: tuple[list[Link], int]) -> None:
    places = arrange(*made)
    order = [(used_rows(places)[place.y], place.x) for place in places]
    assert order == sorted(order)


@given(grids())
def test_no_row_is_empty(made: tuple[list[Link], int]) -> None:
    """However far down a tile stands, the page does not end in emptiness, and begins with a tile."""
    rows = {y for _, y in cells(arrange(*made))}
    assert rows == set(range(len(rows)))


def test_empty_rows_collapse() -> None:
    links = [link(0, y=7), link(1, y=7, x=1, height=2), link(2, y=40), link(3, y=1_000_000)]
    places = arrange(links, 4)
    assert [place.y for place in places] == [0, 0, 33, 999_993]
    assert used_rows(places) == {0: 0, 1: 1, 33: 2, 999_993: 3}


def test_what_reaches_beyond_the_page_is_cut() -> None:
    """As after a change by hand: the services do not narrow a grid below its tiles."""
    (place,) = arrange([link(x=2, width=5)], 4)
    assert (place.x, place.width) == (2, 2)
    (place,) = arrange([link(x=9, width=3)], 4)
    assert (place.x, place.width) == (3, 1)


def test_the_rules_of_a_page() -> None:
    links = [link(0, width=2), link(1, x=2, y=0, height=2), link(2, y=9, x=1)]
    assert places_css(arrange(links, 4), 5) == (
        "#t5{grid-area:1/1/span 1/span 2}"
        "#t6{grid-area:1/3/span 2/span 1}"
        "#t7{grid-area:3/2/span 1/span 1}"
    )


@given(grids(), st.integers(0, 5_000))
def test_each_tile_has_one_rule(made: tuple[list[Link], int], first: int) -> None:
    places = arrange(*made)
    rules = re.findall(r"#t(\d+)\{grid-area:\d+/\d+/span \d+/span \d+\}", places_css(places, first))
    assert [int(number) for number in rules] == list(range(first, first + len(places)))
