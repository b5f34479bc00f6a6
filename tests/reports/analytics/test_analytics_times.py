"""Clicks by local hour, day, week and month equal the rows counted one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from grids.models import Grid, Link
from tests.support.client import Client
from tests.support.reports.clicks import Visited, load
from tests.support.reports.visits import COUNTS, Case, asked, by, cases, counted, counts, local_key

EMPTY = dict.fromkeys(COUNTS, 0)
random = hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("group_by", ["hour", "day", "week", "month"])
def test_a_grid_is_counted_as_its_rows_are(
    alice: Client, grid: Grid, links: list[Link], group_by: str
) -> None:
    @random
    @given(case=cases())
    def check(case: Case) -> None:
        load(grid, links, clicks=case.clicks, views=case.views)
        answer = asked(
            alice, f"grids/{grid.slug}/analytics/?{case.query}&group_by={group_by}", "views"
        )
        rows = {row["key"]: row for row in answer["results"]}
        clicks = by(lambda click: local_key(click.at, case.zone, group_by), case.asked)
        assert len(rows) == len(answer["results"])
        assert {key: counts(row) for key, row in rows.items()} == dict.fromkeys(
            rows, EMPTY
        ) | clicks
        views = by(lambda view: local_key(view.at, case.zone, group_by), case.seen)
        expected = {key: numbers["humans"] for key, numbers in views.items()}
        assert {key: row["views"] for key, row in rows.items() if row["views"]} == expected
        assert_seamless(case, answer["results"])

    check()


def assert_seamless(case: Case, rows: list[dict[str, Any]]) -> None:
    """The rows follow one another from the start to the end of the range."""
    starts = [datetime.fromisoformat(row["start"]) for row in rows]
    ends = [datetime.fromisoformat(row["end"]) for row in rows]
    assert [*starts, case.until] == [case.start, *ends]


@pytest.mark.parametrize("group_by", ["hour", "week"])
def test_a_link_is_counted_as_its_rows_are(
    alice: Client, grid: Grid, links: list[Link], group_by: str
) -> None:
    @random
    @given(case=cases())
    def check(case: Case) -> None:
        load(grid, links, clicks=case.clicks, views=case.views)
        query = f"{case.query}&group_by={group_by}&include_bots=true&week_start=sunday"
        answer = asked(alice, f"links/{links[1].slug}/analytics/?{query}", "views")
        mine = [click for click in case.asked if click.link == 1]
        expected = by(
            lambda click: local_key(click.at, case.zone, group_by, "sunday"),
            mine,
            is_first="is_first_on_link",
            bots=True,
        )
        rows = {row["key"]: counts(row) for row in answer["results"]}
        assert rows == dict.fromkeys(rows, EMPTY) | expected
        assert answer["totals"]["views"] == counted(case.seen)["humans"]

    check()


def keys(client: Client, grid: Grid, query: str) -> list[str]:
    """What the results are called."""
    answer = asked(client, f"grids/{grid.slug}/analytics/?{query}", "views")
    return [row["key"] for row in answer["results"]]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", "2025-11-02", 25),
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-03-09", 24),
        ("Asia/Kolkata", "2026-03-08", 24),
        # Half an hour twice, and half an hour that is left out.
        ("Australia/Lord_Howe", "2026-04-05", 25),
        ("Australia/Lord_Howe", "2025-10-05", 24),
        # At midnight, so that the day begins at one.
        ("Africa/Cairo", "2026-04-24", 23),
        # Midnight twice: the first hour of the day is shown again.
        ("Atlantic/Azores", "2025-10-25", 24),
        ("Atlantic/Azores", "2025-10-26", 25),
        ("America/Havana", "2025-11-01", 24),
        ("America/Havana", "2025-11-02", 25),
    ],
)
def test_a_day_has_the_hours_of_its_place(
    alice: Client, grid: Grid, zone: str, day: str, hours: int
) -> None:
    found = keys(alice, grid, f"from={day}&to={day}&tz={zone}&group_by=hour")
    assert len(set(found)) == len(found) == hours
    assert {key[:10] for key in found} == {day}


def test_repeated_hours_differ_by_offset(alice: Client, grid: Grid) -> None:
    query = "from=2025-11-02T00:00&to=2025-11-02T03:00&tz=America/New_York&group_by=hour"
    assert keys(alice, grid, query) == [
        "2025-11-02T00:00:00-04:00",
        "2025-11-02T01:00:00-04:00",
        "2025-11-02T01:00:00-05:00",
        "2025-11-02T02:00:00-05:00",
    ]


def test_weeks_and_months_are_named_by_their_start(alice: Client, grid: Grid) -> None:
    query = "from=2026-02-27&to=2026-03-09&tz=Europe/Athens&group_by="
    assert keys(alice, grid, f"{query}month") == ["2026-02", "2026-03"]
    weeks = ["2026-02-23", "2026-03-02", "2026-03-09"]
    assert keys(alice, grid, f"{query}week") == weeks
    sundays = ["2026-02-22", "2026-03-01", "2026-03-08"]
    assert keys(alice, grid, f"{query}week&week_start=sunday") == sundays


def test_a_skipped_day_has_no_bucket(alice: Client, grid: Grid) -> None:
    found = keys(alice, grid, "from=2011-12-29&to=2011-12-31&tz=Pacific/Apia")
    assert found == ["2011-12-29", "2011-12-31"]


def test_the_default_is_the_last_thirty_days_up_to_now(
    alice: Client, grid: Grid, links: list[Link]
) -> None:
    now = datetime.now(UTC)
    clicks = [Visited(now - timedelta(days=29)), Visited(now), Visited(now - timedelta(days=30))]
    load(grid, links, clicks=clicks, views=[Visited(now)] * 4)
    answer = asked(alice, f"grids/{grid.slug}/analytics/", "views")
    assert (answer["group_by"], answer["tz"], answer["include_bots"]) == ("day", "UTC", False)
    assert [row["clicks"] for row in answer["results"]] == [1, *[0] * 28, 1]
    assert answer["results"][-1]["click_through_rate"] == 0.25
    assert answer["results"][0]["click_through_rate"] is None
    assert answer["totals"]["click_through_rate"] == 0.5
