"""Test the summary of an account on one page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from examples.month import make_month
from grids.models import Grid, Link, LinkCheck
from reports.reporting.renderers.base import Paper
from tests.support.client import Client
from tests.support.reports.clicks import Visited, load, roll_up
from tests.support.reports.rendered import ABOUT, render
from tests.support.reports.reports import answer, columns, facts, make_links, question

EARLY = datetime(2026, 1, 1, tzinfo=UTC)
BEFORE = datetime(2026, 2, 20, 12, tzinfo=UTC)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TITLES = ("Clicks over time", "Top links", "Clicks by device", "Link health", "Oct 31", "New links")


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
    assert columns(result, "links", "number", "title", "clicks")[0] == (1, "L1", 2)
    assert columns(result, "links", "number", "title", "clicks")[2] == (None, "other", 5)
    assert columns(result, "grids", "number", "title", "clicks") == [(1, "Grid", 8)]
    assert columns(result, "country", "label", "clicks") == [("Greece", 7), ("Germany", 1)]
    assert columns(result, "device", "label", "clicks") == [("desktop", 7), ("mobile", 1)]
    # What no link is, is left out.
    assert columns(result, "health", "label", "links") == [
        ("The page, or its whole host, is gone", 1),
        ("Not checked, or its address has changed since", 6),
    ]
    names = [table.name for table in result.tables]
    assert names == ["traffic", "health", "links", "grids", "country", "device", "new_links"]
    assert [chart.table for chart in result.charts] == ["traffic"]


def test_what_belongs_together(grid: Grid) -> None:
    found = {fact.name: fact for fact in answer("summary", question(grid.user)).facts}
    assert [name for name, fact in found.items() if fact.before_of == "views"] == ["views_before"]
    assert [name for name, fact in found.items() if fact.change_of == "views"] == ["views_change"]
    assert (found["links"].before_of, found["links"].change_of) == ("", "")


def test_links_of_one_title_are_told_apart(grid: Grid) -> None:
    links = [make_links(grid, 1, y=y, title="Same")[0] for y in range(3)]
    load(grid, links, clicks=[Visited(NOON, link=link) for link in (0, 0, 1, 2)])
    # `answer` holds that keys do.
    result = answer("summary", question(grid.user))
    assert columns(result, "links", "number", "title", "clicks") == [
        (1, "Same", 2),
        (2, "Same", 1),
        (3, "Same", 1),
    ]


def test_the_newest_links_come_first(grid: Grid, links: list[Link]) -> None:
    result = answer("summary", question(grid.user, tz="Europe/Athens"), top=1)
    ((title, added_on),) = columns(result, "new_links", "title", "added_on")
    assert (title, added_on) == ("New 7", date(2026, 3, 7))
    assert result.table("new_links").note == "The first 1 of 2."


@pytest.mark.parametrize("count", [3, 300])
def test_fifteen_queries(
    grid: Grid, links: list[Link], count: int, django_assert_num_queries: Callable[[int], Any]
) -> None:
    clicks = [Visited(NOON, link=x % 7, country=f"{x % 90 + 10}") for x in range(count)]
    load(grid, links, clicks=clicks)
    with django_assert_num_queries(15):
        assert facts(answer("summary", question(grid.user)))["clicks"] == count


@pytest.mark.parametrize("paper", Paper)
def test_one_page(alice: Client, paper: Paper) -> None:
    assert alice.user
    make_month(alice.user, clicks=5)
    roll_up()
    result = answer("summary", question(alice.user, "2026-10-01", "2026-10-31"))
    (page,) = PdfReader(BytesIO(render("pdf", result, replace(ABOUT, paper=paper)))).pages
    assert page.mediabox.width < page.mediabox.height
    text = page.extract_text()
    assert [title for title in TITLES if title not in text] == []


@pytest.mark.parametrize("paper", Paper)
def test_an_empty_month_is_a_page_too(alice: Client, paper: Paper) -> None:
    made = render("pdf", answer("summary", question(alice.user)), replace(ABOUT, paper=paper))
    assert len(PdfReader(BytesIO(made)).pages) == 1
