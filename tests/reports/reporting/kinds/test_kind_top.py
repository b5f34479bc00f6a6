"""Test top links and grids: exact numbers, and nothing left out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from grids.models import Grid, Link
from reports.models import Verdict
from tests.support.reports.clicks import Visited, load
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
LINK_COLUMNS = (
    "link",
    "title",
    "url",
    "grid_title",
    "clicks",
    "visitors",
    "share",
    "click_through",
)
GRID_COLUMNS = ("grid", "title", "clicks", "visitors", "share", "views", "click_through")


@pytest.fixture
def links(grid: Grid) -> list[Link]:
    """Three links on it, with 3, 2 and 1 clicks, and 8 views."""
    links = make_links(grid, 3)
    firsts = [Visited(NOON, link=link, is_first_on_grid=link == 0) for link in (0, 1)]
    clicks = [*firsts, *(Visited(NOON, link=link) for link in (0, 0, 1, 2))]
    load(grid, links, clicks=clicks, views=[Visited(NOON)] * 8)
    return links


@pytest.fixture
def other(grid: Grid, links: list[Link]) -> Grid:
    """Another grid, with 4 views and 2 clicks on its one link."""
    other = Grid.objects.create(user=grid.user, title="Other")
    (link,) = make_links(other, 1, title="M0")
    add_views(other, NOON, 4)
    add_clicks([link] * 2, NOON)
    return other


def test_links_by_clicks_with_the_views_of_their_own_grid(
    grid: Grid, links: list[Link], other: Grid
) -> None:
    result = answer("top", question(grid.user))
    elsewhere = Link.objects.get(title="M0")
    twos = sorted(
        [
            (links[1].slug, "L1", "https://e.org/1", "Grid", 2, 0, 0.25, 0.25),
            (elsewhere.slug, "M0", "https://e.org/0", "Other", 2, 0, 0.25, 0.5),
        ]
    )
    assert columns(result, "links", *LINK_COLUMNS) == [
        (links[0].slug, "L0", "https://e.org/0", "Grid", 3, 1, 0.375, 0.375),
        *twos,
        (links[2].slug, "L2", "https://e.org/2", "Grid", 1, 0, 0.125, 0.125),
    ]
    assert columns(result, "grids", *GRID_COLUMNS) == [
        (grid.slug, "Grid", 6, 1, 0.75, 8, 0.75),
        (other.slug, "Other", 2, 0, 0.25, 4, 0.5),
    ]
    assert facts(result) == {"clicks": 8, "visitors": 1, "views": 12, "click_through": 0.6667}
    assert [(chart.shape, chart.labels, chart.rows) for chart in result.charts] == [
        ("bar", "title", 20),
        ("bar", "title", 20),
    ]


def test_what_is_over_the_limit_is_one_row(grid: Grid, links: list[Link], other: Grid) -> None:
    result = answer("top", question(grid.user), limit=1)
    names = ("title", "clicks", "share", "click_through")
    assert columns(result, "links", *names) == [
        ("L0", 3, 0.375, 0.375),
        ("other", 5, 0.625, None),
    ]
    assert columns(result, "grids", "grid", "title", "clicks", "views") == [
        (grid.slug, "Grid", 6, 8),
        (None, "other", 2, 4),
    ]


def test_what_is_gone_for_good_has_a_row(grid: Grid, links: list[Link], other: Grid) -> None:
    links[0].delete()
    other.delete()
    result = answer("top", question(grid.user))
    assert columns(result, "links", "link", "title", "url", "clicks")[0] == ("", "deleted", None, 5)
    assert columns(result, "grids", "grid", "title", "clicks")[1] == ("", "deleted", 2)
    assert facts(result)["clicks"] == 8


def test_bots_count_if_they_are_asked_for(grid: Grid, links: list[Link]) -> None:
    add_clicks([links[2]] * 5, NOON, verdict=Verdict.BOT)
    result = answer("top", question(grid.user, include_bots=True))
    assert columns(result, "links", "title", "clicks", "click_through") == [
        ("L2", 6, 0.125),
        ("L0", 3, 0.375),
        ("L1", 2, 0.25),
    ]


@pytest.mark.parametrize("count", [1, 20])
def test_queries(
    grid: Grid, links: list[Link], count: int, django_assert_num_queries: Callable[[int], Any]
) -> None:
    load(grid, make_links(grid, count, y=1), clicks=[Visited(NOON, link=x) for x in range(count)])
    with django_assert_num_queries(6):
        assert len(answer("top", question(grid.user)).table("links").rows) == count
