"""The account on one page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from grids.check_models import LinkCheck
from grids.models import Grid, Link
from tests.support.clicks import Visited, load
from tests.support.client import Client
from tests.support.reports import answer, columns, facts, make_links, question

EARLY = datetime(2026, 1, 1, tzinfo=UTC)
BEFORE = datetime(2026, 2, 20, 12, tzinfo=UTC)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def grid(alice: Client) -> Grid:
    """A grid of Alice's."""
    assert alice.user
    return Grid.objects.create(user=alice.user, title="Grid")


@pytest.fixture
def links(grid: Grid) -> list[Link]:
    """Five old links and two new ones; one has been checked."""
    links = make_links(grid, 5, created_on=EARLY)
    LinkCheck.objects.create(
        link=links[0], url_key=links[0].url_key, verdict="dead", checked_on=NOON
    )
    new = [
        make_links(grid, 1, y=1, title=f"New {day}", created_on=NOON.replace(day=day))[0]
        for day in (5, 7)
    ]
    return [*links, *new]


def test_a_month_in_review(grid: Grid, links: list[Link]) -> None:
    first = Visited(NOON, is_first_on_grid=True, country="DE", device="mobile")
    clicks = [first, *(Visited(NOON, link=link) for link in (1, 1, 2, 3, 4, 5, 6))]
    load(grid, links, clicks=[*clicks, *[Visited(BEFORE)] * 4], views=[Visited(NOON)] * 16)
    result = answer("summary", question(grid.user, tz="Europe/Athens"), top=2)
    assert result.subtitle == "All grids, 2026-03-01 to 2026-03-31 (Europe/Athens)"
    assert facts(result) == {
        "clicks": 8,
        "clicks_before": 4,
        "clicks_change": 1.0,
        "visitors": 1,
        "visitors_before": 0,
        "visitors_change": None,
        "views": 16,
        "views_before": 0,
        "views_change": None,
        "click_through": 0.5,
        "click_through_before": None,
        "click_through_change": None,
        "new_links": 2,
        "links": 7,
    }
    days = columns(result, "traffic", "time", "clicks", "clicks_before")
    assert len(days) == 31
    assert [day for day in days if any(day[1:])] == [
        (date(2026, 3, 10), 8, 0),
        (date(2026, 3, 23), 0, 4),
    ]
    assert columns(result, "links", "title", "clicks")[0] == ("L1", 2)
    assert columns(result, "links", "title", "clicks")[2] == ("other", 5)
    assert columns(result, "grids", "title", "clicks") == [("Grid", 8)]
    assert columns(result, "country", "label", "clicks") == [("Greece", 7), ("Germany", 1)]
    assert columns(result, "device", "label", "clicks") == [("desktop", 7), ("mobile", 1)]
    assert columns(result, "health", "verdict", "links")[0] == ("dead", 1)
    assert columns(result, "health", "verdict", "links")[-1] == ("unchecked", 6)
    names = [table.name for table in result.tables]
    assert names == ["traffic", "links", "grids", "country", "device", "health", "new_links"]
    assert [chart.table for chart in result.charts] == names[:-1]


def test_the_newest_links_come_first(grid: Grid, links: list[Link]) -> None:
    result = answer("summary", question(grid.user, tz="Europe/Athens"), top=1)
    ((title, added_on),) = columns(result, "new_links", "title", "added_on")
    assert (title, added_on.isoformat()) == ("New 7", "2026-03-07T14:00:00+02:00")
    assert result.table("new_links").note == "The first 1 of 2."


@pytest.mark.parametrize("count", [3, 300])
def test_seventeen_queries(
    grid: Grid, links: list[Link], count: int, django_assert_num_queries: Callable[[int], Any]
) -> None:
    clicks = [Visited(NOON, link=x % 7, country=f"{x % 90 + 10}") for x in range(count)]
    load(grid, links, clicks=clicks)
    with django_assert_num_queries(17):
        assert facts(answer("summary", question(grid.user)))["clicks"] == count
