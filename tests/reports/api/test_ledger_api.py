"""The ledger API: accepted clicks and their outcomes by link and hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from grids.models import Grid, Link
from reports.models import LinkHour, Verdict
from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.reports.clicks import Visited, load, refuse

MOMENT = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
MARCH = "from=2026-03-01&to=2026-03-31"


@pytest.fixture
def grid(alice: Client) -> Grid:
    """A public grid of Alice's."""
    assert alice.user
    return Grid.objects.create(user=alice.user, title="Grid", visibility="public")


@pytest.fixture
def links(grid: Grid) -> list[Link]:
    """Two links on it."""
    return [
        Link.objects.create(
            user=grid.user, grid=grid, url="https://e.org/", title=f"L{x}", x=x, y=0
        )
        for x in range(2)
    ]


@pytest.fixture
def filled(grid: Grid, links: list[Link]) -> None:
    """Clicks of every kind."""
    bots = [Visited(MOMENT, verdict=Verdict.BOT)] * 2
    again = [Visited(MOMENT, verdict=Verdict.DUPLICATE)]
    later = [Visited(MOMENT + timedelta(hours=1), link=1)]
    load(grid, links, clicks=[Visited(MOMENT), Visited(MOMENT, link=1), *bots, *again, *later])
    refuse(links[0], MOMENT.replace(minute=0), 5)


def row(hour: str, link: Link, *counts: int) -> dict[str, Any]:
    """A row as the API shows it."""
    names = ("accepted", "humans", "duplicates", "bots", "refused")
    return {"hour": hour, "link": link.slug, **dict(zip(names, counts, strict=True))}


@pytest.mark.usefixtures("filled")
def test_the_whole_ledger(alice: Client, grid: Grid, links: list[Link]) -> None:
    answer = alice.get(f"grids/{grid.slug}/ledger/?{MARCH}&tz=Asia/Kolkata").json()
    assert answer == {
        "from": "2026-03-01T00:00:00+05:30",
        "to": "2026-04-01T00:00:00+05:30",
        "tz": "Asia/Kolkata",
        "balanced": True,
        "totals": {"accepted": 11, "humans": 3, "duplicates": 1, "bots": 2, "refused": 5},
        "next": None,
        "previous": None,
        "results": [
            row("2026-03-10T18:30:00+05:30", links[1], 1, 1, 0, 0, 0),
            row("2026-03-10T17:30:00+05:30", links[1], 1, 1, 0, 0, 0),
            row("2026-03-10T17:30:00+05:30", links[0], 9, 1, 1, 2, 5),
        ],
    }


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("query", "accepted"),
    [
        ("from=2026-03-10T12:00Z&to=2026-03-10T13:00Z", [1, 9]),
        # Hours that begin in the range.
        ("from=2026-03-10T12:01Z&to=2026-03-10T13:01Z", [1]),
        ("from=2026-03-11&to=2026-03-12", []),
    ],
)
def test_ranges(alice: Client, grid: Grid, query: str, accepted: list[int]) -> None:
    answer = alice.get(f"grids/{grid.slug}/ledger/?{query}").json()
    assert [row["accepted"] for row in answer["results"]] == accepted
    assert (answer["totals"]["accepted"], answer["balanced"]) == (sum(accepted), True)


@pytest.mark.usefixtures("filled")
def test_pages_have_the_totals_of_all(alice: Client, grid: Grid, links: list[Link]) -> None:
    seen = []
    url = f"grids/{grid.slug}/ledger/?{MARCH}&limit=2"
    while url:
        answer = alice.get(url).json()
        assert answer["totals"]["accepted"] == 11
        seen += [(row["hour"][11:13], row["link"]) for row in answer["results"]]
        url = answer["next"]
    assert seen == [("13", links[1].slug), ("12", links[1].slug), ("12", links[0].slug)]


@pytest.mark.usefixtures("filled")
def test_of_one_link(alice: Client, bob: Client, grid: Grid, links: list[Link]) -> None:
    path = f"grids/{grid.slug}/ledger/?{MARCH}&link="
    answer = alice.get(f"{path}{links[1].slug}").json()
    assert [row["accepted"] for row in answer["results"]] == [1, 1]
    assert answer["totals"]["accepted"] == 2
    assert alice.get(f"{path}li_{0:032x}").json()["results"] == []
    assert_error(alice.get(f"{path}{grid.slug}"), 400, "invalid", "link")


@pytest.mark.usefixtures("filled")
def test_rows_that_do_not_add_up_are_told_of(alice: Client, grid: Grid, links: list[Link]) -> None:
    # Together they would.
    for link, change in zip(links, (1, -1), strict=True):
        hour = LinkHour.objects.get(link_id=link.pk, hour=MOMENT.replace(minute=0))
        LinkHour.objects.filter(pk=hour.pk).update(accepted=hour.accepted + change)
    answer = alice.get(f"grids/{grid.slug}/ledger/?{MARCH}").json()
    assert (answer["balanced"], answer["totals"]["accepted"]) == (False, 11)


@pytest.mark.usefixtures("filled")
def test_a_link_that_is_gone_keeps_its_rows(alice: Client, grid: Grid, links: list[Link]) -> None:
    links[0].delete()
    answer = alice.get(f"grids/{grid.slug}/ledger/?{MARCH}").json()
    assert [row["link"] for row in answer["results"]] == [links[1].slug, links[1].slug, None]


def test_only_the_owner_sees_it(bob: Client, carol: Client, anonymous: Client, grid: Grid) -> None:
    path = f"grids/{grid.slug}/ledger/"
    assert carol.get(path).status_code == 200
    with nothing_changes():
        assert_error(bob.get(path), 404, "not_found")
        assert_error(anonymous.get(path), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("query", "field"),
    [("to=never", "to"), ("tz=Nowhere", "tz"), ("group_by=day", "group_by"), ("limit=0", "limit")],
)
def test_what_makes_no_sense_is_refused(alice: Client, grid: Grid, query: str, field: str) -> None:
    assert_error(alice.get(f"grids/{grid.slug}/ledger/?{query}"), 400, "invalid", field)


def test_a_made_up_cursor_is_refused(alice: Client, grid: Grid) -> None:
    assert_error(alice.get(f"grids/{grid.slug}/ledger/?cursor=x"), 400, "invalid")


# One finds the token and its user, one the grid; then the sums, the page, and the names of its links.
@pytest.mark.parametrize("rows", [3, 40])
def test_query_count(
    alice: Client,
    grid: Grid,
    links: list[Link],
    rows: int,
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    clicks = [
        Visited(MOMENT + number * timedelta(hours=1), link=number % 2) for number in range(rows)
    ]
    load(grid, links, clicks=clicks)
    with django_assert_num_queries(5):
        answer = alice.get(f"grids/{grid.slug}/ledger/?{MARCH}").json()
    assert len(answer["results"]) == answer["totals"]["accepted"] == rows
