"""Clicks by link and by value equal the rows counted one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from grids.models import Grid, Link
from reports.models import Click, Dimension, Verdict
from tests.support.client import Client
from tests.support.reports.clicks import Visited, drop_rows, load, refuse
from tests.support.reports.visits import COUNTS, Case, asked, by, cases, counted, counts

MOMENT = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
MARCH = "from=2026-03-01&to=2026-03-31"
VALUES = [dimension.name.lower() for dimension in Dimension]
random = hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def by_key(answer: dict[str, Any]) -> dict[str, dict[str, int]]:
    """The counts of each result."""
    return {row["key"]: counts(row) for row in answer["results"]}


@pytest.mark.parametrize("group_by", ["browser", "country", "utm_campaign", "tile"])
def test_values_are_counted_as_the_rows_are(
    alice: Client, grid: Grid, links: list[Link], group_by: str
) -> None:
    @random
    @given(case=cases())
    def check(case: Case) -> None:
        load(grid, links, clicks=case.clicks, views=case.views)
        query = f"{case.query}&group_by={group_by}"
        value: Callable[[Visited], str] = lambda click: getattr(click, group_by)  # noqa: E731
        answer = asked(alice, f"grids/{grid.slug}/analytics/?{query}")
        assert by_key(answer) == by(value, case.asked)
        assert answer["totals"]["views"] == counted(case.seen)["humans"]
        mine = [click for click in case.asked if click.link == 2]
        answer = asked(alice, f"links/{links[2].slug}/analytics/?{query}")
        assert by_key(answer) == by(value, mine, is_first="is_first_on_link")

    check()


def test_links_are_counted_as_the_rows_are(alice: Client, grid: Grid, links: list[Link]) -> None:
    @random
    @given(case=cases())
    def check(case: Case) -> None:
        load(grid, links, clicks=case.clicks, views=case.views)
        answer = asked(alice, f"grids/{grid.slug}/analytics/?{case.query}&group_by=link")
        assert by_key(answer) == by(lambda click: links[click.link].slug, case.asked)
        assert answer["totals"]["views"] == counted(case.seen)["humans"]

    check()


@pytest.mark.parametrize("group_by", VALUES)
@pytest.mark.parametrize("query", [MARCH, "from=2026-03-10T06:00Z&to=2026-03-10T18:00Z"])
def test_every_value(
    alice: Client, grid: Grid, links: list[Link], group_by: str, query: str
) -> None:
    values: Any = {name: name[:2] for name in VALUES if name != "tile"}
    load(grid, links, clicks=[Visited(MOMENT, **values), Visited(MOMENT, tile="x", **values)])
    expected = ["0,0,1,1", "x"] if group_by == "tile" else [group_by[:2]]
    for path in (f"grids/{grid.slug}", f"links/{links[0].slug}"):
        answer = asked(alice, f"{path}/analytics/?{query}&group_by={group_by}")
        assert [row["key"] for row in answer["results"]] == expected


HOSTS = {
    "facebook.com": ["facebook.com", "l.facebook.com", "lm.facebook.com", "m.facebook.com"],
    "instagram.com": ["l.instagram.com", "com.instagram.android"],
    "linkedin.com": ["lnkd.in"],
    "mail.google.com": ["com.google.android.gm", "mail.google.com"],
    "reddit.com": ["out.reddit.com", "old.reddit.com"],
    "x.com": ["t.co", "mobile.twitter.com"],
    # Each by itself, whatever it looks like.
    "notfacebook.com": ["notfacebook.com"],
    "facebook.com.example": ["facebook.com.example"],
    "google.com": ["google.com"],
    "": [""],
}


@pytest.mark.parametrize("query", [MARCH, "from=2026-03-10T06:00Z&to=2026-03-10T18:00Z"])
def test_the_hosts_of_a_site_are_one_referrer(
    alice: Client, grid: Grid, links: list[Link], query: str
) -> None:
    load(
        grid,
        links,
        clicks=[Visited(MOMENT, referrer=host) for hosts in HOSTS.values() for host in hosts],
    )
    expected = {site: len(hosts) for site, hosts in HOSTS.items()}
    for path in (f"grids/{grid.slug}/analytics", f"links/{links[0].slug}/analytics"):
        answer = asked(alice, f"{path}/?{query}&group_by=referrer")
        assert {row["key"]: row["clicks"] for row in answer["results"]} == expected
    # The hosts themselves are kept.
    stored = set(Click.objects.values_list("referrer", flat=True))
    assert stored == {host for hosts in HOSTS.values() for host in hosts}


def test_groups_over_the_limit_are_one_row(alice: Client, grid: Grid, links: list[Link]) -> None:
    bots = [Visited(MOMENT, country="BB", verdict=Verdict.BOT)] * 5
    clicks = [Visited(MOMENT, country=country) for country in ["AA", "DD", "CC", "CC", ""]]
    load(grid, links, clicks=[*clicks, *bots])

    def rows(query: str) -> list[tuple[str | None, str, int]]:
        answer = asked(alice, f"grids/{grid.slug}/analytics/?{MARCH}&group_by=country&{query}")
        return [(row["key"], row["label"], row["clicks"]) for row in answer["results"]]

    none = ("", "none or unknown", 1)
    assert rows("limit=2") == [("CC", "CC", 2), none, (None, "other", 2)]
    assert rows("limit=1&include_bots=true") == [("BB", "BB", 5), (None, "other", 5)]
    assert rows("") == [("CC", "CC", 2), none, ("AA", "AA", 1), ("DD", "DD", 1), ("BB", "BB", 0)]


def test_tiles_have_a_place_and_a_rate(alice: Client, grid: Grid, links: list[Link]) -> None:
    clicks = [Visited(MOMENT, tile="2,0,3,1")] * 3
    load(grid, links, clicks=clicks, views=[Visited(MOMENT)] * 8)
    answer = asked(alice, f"grids/{grid.slug}/analytics/?{MARCH}&group_by=tile")
    (tile,) = answer["results"]
    assert {name: tile[name] for name in ("label", "x", "y", "width", "height")} == {
        "label": "2,0,3,1",
        "x": 2,
        "y": 0,
        "width": 3,
        "height": 1,
    }
    assert tile["click_through_rate"] == 0.375
    assert answer["totals"]["views"] == 8


def test_trashed_and_deleted_links_have_names(alice: Client, grid: Grid, links: list[Link]) -> None:
    load(grid, links, clicks=[Visited(MOMENT, link=link) for link in (0, 0, 0, 1, 1, 2)])
    alice.delete(f"links/{links[1].slug}/", **{"If-Match": "*"})
    links[2].delete()
    answer = asked(alice, f"grids/{grid.slug}/analytics/?{MARCH}&group_by=link")
    names = ("key", "label", "slug", "title", "url", "clicks")
    assert [tuple(row[name] for name in names) for row in answer["results"]] == [
        (links[0].slug, "L0", links[0].slug, "L0", "https://e.org/0", 3),
        (links[1].slug, "L1", links[1].slug, "L1", "https://e.org/1", 2),
        ("", "deleted", None, None, None, 1),
    ]


def test_refused_clicks_have_a_time_and_a_link_but_no_value(
    alice: Client, grid: Grid, links: list[Link]
) -> None:
    load(grid, links, clicks=[Visited(MOMENT)])
    refuse(links[0], MOMENT.replace(minute=0), 3)
    # The hour begins before this, and only what is in rows can be cut.
    cut = "from=2026-03-10T12:15Z&to=2026-03-11"
    for path in (f"grids/{grid.slug}", f"links/{links[0].slug}"):
        for group_by, expected in [("day", [3]), ("link", [3]), ("os", [0, 3])]:
            answer = asked(alice, f"{path}/analytics/?{MARCH}&group_by={group_by}")
            refused = [row["refused"] for row in answer["results"]]
            assert [count for count in refused if count] == [count for count in expected if count]
            assert len(refused) >= len(expected)
            answer = asked(alice, f"{path}/analytics/?{cut}&group_by={group_by}")
            totals = answer["totals"]
            assert (totals["refused"], totals["clicks"]) == (0, 1)
    assert asked(alice, f"grids/{grid.slug}/analytics/?{MARCH}&group_by=os")["results"][-1] == {
        "key": None,
        "label": "not kept",
        **dict.fromkeys(COUNTS, 0),
        "refused": 3,
    }


@pytest.mark.parametrize("group_by", ["day", "link", "country", "tile"])
@pytest.mark.parametrize(
    ("query", "clicks"),
    [
        ("from=2026-03-01&to=2026-04-30", 3),
        # The hour and the day of the first click are cut, and begin before this.
        ("from=2026-03-10T12:15Z&to=2026-04-30", 1),
        # They are cut, and begin within it.
        ("from=2026-03-01&to=2026-03-10T12:15Z", 2),
    ],
)
def test_cut_days_without_raw_rows_count_as_a_whole(
    alice: Client, grid: Grid, links: list[Link], group_by: str, query: str, clicks: int
) -> None:
    visits = [Visited(MOMENT), Visited(MOMENT), Visited(MOMENT + timedelta(days=30))]
    load(grid, links, clicks=visits, views=visits)
    whole = asked(alice, f"grids/{grid.slug}/analytics/?{query}&group_by={group_by}")
    assert whole["approximate_before"] is None
    drop_rows("2026-03")
    for path in (f"grids/{grid.slug}", f"links/{links[0].slug}"):
        answer = asked(alice, f"{path}/analytics/?{query}&group_by={group_by}")
        assert answer["totals"]["clicks"] == answer["totals"]["views"] == clicks
        cut = "2026-04-01T00:00:00+00:00" if "T12" in query else None
        assert answer["approximate_before"] == cut


def test_values_of_a_link_without_raw_rows_are_one_row(
    alice: Client, grid: Grid, links: list[Link]
) -> None:
    load(grid, links, clicks=[Visited(MOMENT), Visited(MOMENT + timedelta(days=30))])
    drop_rows("2026-03")
    path = f"links/{links[0].slug}/analytics/?from=2026-03-01&to=2026-04-30&group_by=country"
    rows = [(row["key"], row["label"], row["clicks"]) for row in asked(alice, path)["results"]]
    assert rows == [("GR", "GR", 1), (None, "not kept", 1)]


def test_clicks_from_before_a_link_was_moved_stay_with_the_old_grid(
    alice: Client, grid: Grid, links: list[Link]
) -> None:
    load(grid, links, clicks=[Visited(MOMENT), Visited(MOMENT, link=1)])
    other = Grid.objects.create(user=grid.user, title="Other")
    Link.objects.filter(pk=links[0].pk).update(grid=other)
    for group_by in ("day", "link", "country"):
        for query in (MARCH, "from=2026-03-10T12:30Z&to=2026-03-10T12:31Z"):
            ask = f"analytics/?{query}&group_by={group_by}"
            assert asked(alice, f"grids/{grid.slug}/{ask}")["totals"]["clicks"] == 2
            assert asked(alice, f"grids/{other.slug}/{ask}")["totals"]["clicks"] == 0
            assert asked(alice, f"links/{links[0].slug}/{ask}")["totals"]["clicks"] == 1
