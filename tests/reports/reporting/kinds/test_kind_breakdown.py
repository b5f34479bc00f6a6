"""Test breakdowns: exact numbers by what is known of visitors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from gridlink.lib.errors import Invalid
from grids.models import Grid, Link
from reports.models import Verdict
from tests.support.client import Client
from tests.support.reports.clicks import Visited, drop_rows, load, refuse
from tests.support.reports.reports import answer, columns, facts, question
from tests.support.reports.visits import Case, by, cases

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
NAMES = ("label", "value", "clicks", "visitors", "share")
random = hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def test_values_with_their_shares(grid: Grid, links: list[Link]) -> None:
    countries = ["GR", "GR", "XK", "ZZ", ""]
    clicks = [Visited(NOON, country=each, language="pt") for each in countries]
    clicks.append(Visited(NOON, country="GR", language="", is_first_on_grid=True))
    load(grid, links, clicks=clicks)
    result = answer("breakdown", question(grid.user), dimensions=["country", "language"])
    assert columns(result, "country", *NAMES) == [
        ("Greece", "GR", 3, 1, 0.5),
        ("none or unknown", "", 1, 0, 0.1667),
        ("Kosovo", "XK", 1, 0, 0.1667),
        ("Unknown Region", "ZZ", 1, 0, 0.1667),
    ]
    assert columns(result, "language", *NAMES) == [
        ("Portuguese", "pt", 5, 0, 0.8333),
        ("none or unknown", "", 1, 1, 0.1667),
    ]
    assert [table.name for table in result.tables] == ["country", "language"]
    assert [chart.title for chart in result.charts] == ["Clicks by country", "Clicks by language"]
    assert facts(result)["clicks"] == 6


def test_words_of_ours_are_told_from_values_of_others(grid: Grid, links: list[Link]) -> None:
    said = ["other", "not kept", "none or unknown", "", "a", "b"]
    load(grid, links, clicks=[Visited(NOON, utm_source=each) for each in said for _ in each or "x"])
    refuse(links[0], NOON, 2)
    result = answer("breakdown", question(grid.user), dimensions=["utm_source"], limit=5)
    assert columns(result, "utm_source", "label", "value", "clicks") == [
        ("none or unknown", "none or unknown", 15),
        ("not kept", "not kept", 8),
        ("other", "other", 5),
        ("none or unknown", "", 1),
        ("a", "a", 1),
        ("other", None, 1),
        ("not kept", None, 0),
    ]
    assert result.table("utm_source").columns[0].title == "UTM source"


def test_bots_count_if_they_are_asked_for(grid: Grid, links: list[Link]) -> None:
    bots = [Visited(NOON, device="bot", verdict=Verdict.BOT)] * 3
    load(grid, links, clicks=[Visited(NOON), *bots])
    asked = question(grid.user, include_bots=True)
    result = answer("breakdown", asked, dimensions=["device"])
    rows = [("bot", 3, 0.75), ("desktop", 1, 0.25)]
    assert columns(result, "device", "value", "clicks", "share") == rows
    assert facts(result) == {
        "clicks": 4,
        "visitors": 0,
        "views": 0,
        "click_through": None,
        "bots": 3,
    }


def test_what_is_not_kept_of_a_link_is_told(grid: Grid, links: list[Link]) -> None:
    load(grid, links, clicks=[Visited(NOON), Visited(NOON + timedelta(days=30))])
    drop_rows("2026-03")
    asked = question(grid.user, until="2026-04-30", scope={"links": [links[0].slug]})
    result = answer("breakdown", asked, dimensions=["os"])
    rows = [("Linux", "Linux", 1), ("not kept", None, 1)]
    assert columns(result, "os", "label", "value", "clicks") == rows


@pytest.mark.parametrize(
    "params",
    [
        {"dimensions": []},
        {"dimensions": ["tile"]},
        {"dimensions": ["os", "os"]},
        {"dimensions": "os"},
        {"limit": 0},
        {"limit": 100_001},
        {"limit": "5"},
        {"limit": True},
        {"limit": 1.5},
        {"limits": 5},
    ],
)
def test_bad_parameters_are_named(alice: Client, params: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        answer("breakdown", question(alice.user), **params)
    assert list(caught.value.fields) == list(params)


@pytest.mark.parametrize("scope", ["grids", "links"])
def test_breakdown_is_what_counting_one_by_one_gives(
    grid: Grid, links: list[Link], scope: str
) -> None:
    named = {"grids": [grid.slug], "links": [link.slug for link in links[:2]]}[scope]
    first = {"grids": "is_first_on_grid", "links": "is_first_on_link"}[scope]

    @random
    @given(case=cases())
    def check(case: Case) -> None:
        load(grid, links, clicks=case.clicks, views=case.views)
        since, until = (moment.isoformat() for moment in (case.start, case.until))
        asked = question(grid.user, since, until, case.zone.key, {scope: named})
        result = answer("breakdown", asked, dimensions=["browser", "country", "utm_campaign"])
        mine = [click for click in case.asked if scope == "grids" or click.link < 2]
        for name in ("browser", "country", "utm_campaign"):
            counted = by(attrgetter(name), mine, is_first=first)
            expected = {key: (each["clicks"], each["visitors"]) for key, each in counted.items()}
            rows = columns(result, name, "value", "clicks", "visitors")
            assert {value: tuple(counts) for value, *counts in rows} == expected

    check()


@pytest.mark.parametrize("count", [3, 300])
def test_two_queries_for_each(
    grid: Grid, links: list[Link], count: int, django_assert_num_queries: Callable[[int], Any]
) -> None:
    load(grid, links, clicks=[Visited(NOON, referrer=str(x)) for x in range(count)])
    with django_assert_num_queries(6):
        answer("breakdown", question(grid.user))
