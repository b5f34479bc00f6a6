"""The analytics API: permissions, parameters and number of queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from grids.models import Grid, Link
from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.reports.clicks import Visited, load

MOMENT = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
EXACT = "from=2026-03-01&to=2026-03-31"
# Half an hour before the rest of the world.
CUT = "from=2026-03-01&to=2026-03-31&tz=Asia/Kolkata"


@pytest.fixture
def grid(alice: Client) -> Grid:
    """A public grid of Alice's."""
    assert alice.user
    return Grid.objects.create(user=alice.user, title="Grid", visibility="public")


@pytest.fixture
def link(grid: Grid) -> Link:
    """A link on it."""
    return Link.objects.create(user=grid.user, grid=grid, url="https://e.org/", title="L", x=0, y=0)


@pytest.fixture(params=["grid", "link"])
def path(request: pytest.FixtureRequest, grid: Grid, link: Link) -> str:
    """Where the numbers are."""
    return {
        "grid": f"grids/{grid.slug}/analytics/",
        "link": f"links/{link.slug}/analytics/",
    }[request.param]


def test_only_the_owner_sees_the_numbers(
    bob: Client, carol: Client, anonymous: Client, path: str
) -> None:
    assert carol.get(path).status_code == 200
    with nothing_changes():
        assert_error(bob.get(path), 404, "not_found")
        assert_error(anonymous.get(path), 401, "unauthenticated")
    assert_error(carol.post(path), 403, "forbidden")


def test_what_is_in_the_trash_has_no_numbers(alice: Client, grid: Grid, path: str) -> None:
    alice.delete(f"grids/{grid.slug}/", **{"If-Match": "*"})
    assert_error(alice.get(path), 404, "not_found")


def test_the_whole_answer(alice: Client, grid: Grid, link: Link) -> None:
    load(grid, [link], clicks=[Visited(MOMENT, is_first_on_grid=True)], views=[Visited(MOMENT)] * 3)
    query = "from=2026-03-10&to=2026-03-10&tz=Europe/Athens"
    counts = {
        "clicks": 1,
        "humans": 1,
        "bots": 0,
        "duplicates": 0,
        "refused": 0,
        "visitors": 1,
        "views": 3,
        "click_through_rate": 0.3333,
    }
    times = ("2026-03-10T00:00:00+02:00", "2026-03-11T00:00:00+02:00")
    assert alice.get(f"grids/{grid.slug}/analytics/?{query}").json() == {
        "from": times[0],
        "to": times[1],
        "tz": "Europe/Athens",
        "group_by": "day",
        "include_bots": False,
        "approximate_before": None,
        "totals": counts,
        "results": [
            {
                "key": "2026-03-10",
                "label": "2026-03-10",
                **counts,
                "start": times[0],
                "end": times[1],
            }
        ],
    }


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from"),
        ("from=2026-02-30", "from"),
        ("from=2026-01-01T00:00:00 02:00", "from"),
        ("from=1999-12-31", "from"),
        ("from=0001-01-01T00:00%2B14:00", "from"),
        ("to=9999-12-31", "to"),
        ("to=2200-01-01", "to"),
        ("from=2026-03-02&to=2026-03-01", "to"),
        ("from=2026-03-02T00:00Z&to=2026-03-02T00:00Z", "to"),
        ("from=2150-01-01", "to"),
        ("from=2010-01-01&to=2026-01-01", "from"),
        ("from=2024-01-01&to=2026-01-01&group_by=hour", "group_by"),
        ("tz=Mars/Olympus", "tz"),
        ("tz=../../etc/passwd", "tz"),
        ("tz=/usr/share/zoneinfo/UTC", "tz"),
        ("tz=europe/athens", "tz"),
        ("tz=%00", "tz"),
        ("group_by=year", "group_by"),
        ("include_bots=maybe", "include_bots"),
        ("week_start=tuesday", "week_start"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("cursor=x", "cursor"),
        ("since=2026-01-01", "since"),
    ],
)
def test_what_makes_no_sense_is_refused(alice: Client, path: str, query: str, field: str) -> None:
    assert_error(alice.get(f"{path}?{query}"), 400, "invalid", field)


@pytest.mark.parametrize(
    ("query", "start", "stop"),
    [
        ("from=2026-03-01&to=2026-03-02", "2026-03-01T00:00:00+00:00", "2026-03-03T00:00:00+00:00"),
        (
            "from=2026-03-28&to=2026-03-29&tz=Europe/Athens",
            "2026-03-28T00:00:00+02:00",
            "2026-03-30T00:00:00+03:00",
        ),
        (
            "from=2026-03-01T05:30&to=2026-03-01T06:00Z&tz=Asia/Kolkata",
            "2026-03-01T05:30:00+05:30",
            "2026-03-01T11:30:00+05:30",
        ),
        ("to=2026-03-30", "2026-03-01T00:00:00+00:00", "2026-03-31T00:00:00+00:00"),
        ("to=2026-03-30T12:00", "2026-03-01T00:00:00+00:00", "2026-03-30T12:00:00+00:00"),
        (
            "from=2016-01-01&to=2025-12-31&group_by=month",
            "2016-01-01T00:00:00+00:00",
            "2026-01-01T00:00:00+00:00",
        ),
        (
            "from=2025-01-01&to=2026-02-20&group_by=hour",
            "2025-01-01T00:00:00+00:00",
            "2026-02-21T00:00:00+00:00",
        ),
    ],
)
def test_ranges(alice: Client, path: str, query: str, start: str, stop: str) -> None:
    response = alice.get(f"{path}?{query}")
    assert response.status_code == 200, response.content
    assert (response.json()["from"], response.json()["to"]) == (start, stop)


# One finds the token and its user, one the grid or link, one since when rows are kept: that is not asked of
# what cuts no hour and is not counted in these alone.
@pytest.mark.parametrize("rows", [3, 60])
@pytest.mark.parametrize("query", [EXACT, CUT])
@pytest.mark.parametrize(
    ("group_by", "queries"),
    [("hour", 4), ("day", 4), ("month", 4), ("link", 6), ("country", 5), ("os", 5), ("tile", 5)],
)
def test_query_counts(
    alice: Client,
    grid: Grid,
    link: Link,
    path: str,
    rows: int,
    query: str,
    group_by: str,
    queries: int,
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    clicks = [
        Visited(
            MOMENT + number * timedelta(hours=1), country=f"{number:02}", tile=f"{number},0,1,1"
        )
        for number in range(rows)
    ]
    load(grid, [link], clicks=clicks, views=clicks)
    is_told = query == CUT or (path.startswith("links") and group_by in ("country", "os", "tile"))
    with django_assert_num_queries(queries if is_told else queries - 1):
        answer = alice.get(f"{path}?{query}&group_by={group_by}").json()
    assert answer["totals"]["clicks"] == answer["totals"]["views"] == rows
