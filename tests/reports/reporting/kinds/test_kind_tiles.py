"""Test tile performance: exact click-through by size, area, row and position."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from grids.models import Grid, Link
from reports.models import Verdict
from tests.support.client import Client
from tests.support.reports.clicks import Visited, drop_rows, load
from tests.support.reports.reports import (
    add_clicks,
    add_views,
    answer,
    columns,
    facts,
    make_links,
    question,
)

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
NUMBERS = ("tiles", "clicks", "exposures", "click_through", "worth")
EARLY = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def links(grid: Grid) -> list[Link]:
    """Three small links in a row and a large one below, for as long as anybody can remember."""
    large = make_links(grid, 1, y=1, width=2, height=2, title="Large", created_on=EARLY)
    return [*make_links(grid, 3, created_on=EARLY), *large]


@pytest.fixture
def clicked(grid: Grid, links: list[Link]) -> None:
    """Of ten views, three led to the large one and three to two of the small ones."""
    small = [Visited(NOON, tile="0,0,1,1")] * 2
    large = [Visited(NOON, link=3, tile="0,1,2,2")] * 3
    clicks = [*small, Visited(NOON, link=1, tile="1,0,1,1"), *large]
    load(grid, links, clicks=clicks, views=[Visited(NOON)] * 10)


@pytest.mark.usefixtures("clicked")
def test_what_a_large_tile_is_worth(grid: Grid) -> None:
    result = answer("tiles", question(grid.user))
    assert columns(result, "sizes", "label", "width", "height", *NUMBERS) == [
        ("1 by 1", 1, 1, 3, 3, 30, 0.1, 1.0),
        ("2 by 2", 2, 2, 1, 3, 10, 0.3, 3.0),
    ]
    assert columns(result, "areas", "label", "area", *NUMBERS) == [
        ("1", 1, 3, 3, 30, 0.1, 1.0),
        ("4", 4, 1, 3, 10, 0.3, 3.0),
    ]
    assert columns(result, "rows", "label", "y", *NUMBERS) == [
        ("1", 0, 3, 3, 30, 0.1, 1.0),
        ("2", 1, 1, 3, 10, 0.3, 3.0),
    ]
    assert columns(result, "positions", "label", "y", "x", *NUMBERS, "share") == [
        ("1, 1", 0, 0, 1, 2, 10, 0.2, 2.0, 0.3333),
        ("1, 2", 0, 1, 1, 1, 10, 0.1, 1.0, 0.1667),
        ("1, 3", 0, 2, 1, 0, 10, 0.0, 0.0, 0.0),
        ("2, 1", 1, 0, 1, 3, 10, 0.3, 3.0, 0.5),
    ]
    assert facts(result) == {"clicks": 6, "tiles": 4, "exposures": 40, "click_through": 0.15}
    assert [chart.series for chart in result.charts] == [("click_through",)] * 4


@pytest.mark.usefixtures("clicked")
def test_each_grid_has_views_of_its_own(grid: Grid) -> None:
    other = Grid.objects.create(user=grid.user, title="Other")
    (link,) = make_links(other, 1, created_on=EARLY)
    add_views(other, NOON, 70)
    add_clicks([link] * 7, NOON)
    result = answer("tiles", question(grid.user))
    assert columns(result, "sizes", "label", *NUMBERS) == [
        ("1 by 1", 4, 10, 100, 0.1, 1.0),
        ("2 by 2", 1, 3, 10, 0.3, 3.0),
    ]
    only = answer("tiles", question(grid.user, scope={"grids": [other.slug]}))
    assert columns(only, "sizes", "label", *NUMBERS) == [("1 by 1", 1, 7, 70, 0.1, 1.0)]
    mine = answer("tiles", question(grid.user, scope={"links": [link.slug]}))
    assert columns(mine, "sizes", "label", *NUMBERS) == [("1 by 1", 1, 7, 70, 0.1, 1.0)]


@pytest.mark.usefixtures("clicked")
def test_tiles_that_moved_or_went_count_where_they_were_clicked(
    grid: Grid, links: list[Link]
) -> None:
    Link.objects.filter(pk=links[0].pk).update(x=5)
    Link.objects.filter(pk=links[1].pk).update(is_deleted=True, deleted_on=timezone.now())
    Link.objects.filter(pk=links[2].pk).update(is_deleted=True, deleted_on=timezone.now())
    result = answer("tiles", question(grid.user))
    assert columns(result, "positions", "label", *NUMBERS) == [
        ("1, 1", 1, 2, 10, 0.2, 2.0),
        ("1, 2", 1, 1, 10, 0.1, 1.0),
        ("1, 6", 1, 0, 10, 0.0, 0.0),
        ("2, 1", 1, 3, 10, 0.3, 3.0),
    ]


def test_tiles_made_later_are_not_there_yet(alice: Client, grid: Grid) -> None:
    make_links(grid, 2)
    assert answer("tiles", question(alice.user)).table("sizes").rows == []


@pytest.mark.usefixtures("clicked")
def test_clicks_without_a_place_are_a_row(grid: Grid, links: list[Link]) -> None:
    add_clicks([links[0]] * 2, NOON, tile="somewhere")
    add_clicks([links[0]], NOON, tile="1,2,3", verdict=Verdict.BOT)
    result = answer("tiles", question(grid.user, include_bots=True))
    for name in ("sizes", "areas", "rows", "positions"):
        last = columns(result, name, "label", *NUMBERS, "share")[-1]
        assert last == ("unknown", 0, 3, 0, None, None, 0.3333)
    drop_rows("2026-03")
    scope = {"links": [links[0].slug]}
    result = answer("tiles", question(grid.user, scope=scope))
    assert columns(result, "sizes", "label", "clicks")[-1] == ("unknown", 4)


@pytest.mark.parametrize("count", [3, 20])
def test_four_queries(
    grid: Grid, count: int, django_assert_num_queries: Callable[[int], Any]
) -> None:
    links = make_links(grid, count, created_on=EARLY)
    load(grid, links, clicks=[Visited(NOON, link=x, tile=f"{x},0,1,1") for x in range(count)])
    with django_assert_num_queries(4):
        assert len(answer("tiles", question(grid.user)).table("positions").rows) == count
