"""Metrics of accounts, grids and links equal the rows counted one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from grids.models import Grid, Link
from reports.analytics.groupings import AnalyticsQuery
from reports.analytics.periods import Period
from reports.analytics.read_plan import RawRetention
from reports.analytics.selectors import analytics_read
from reports.analytics.sources import (
    MetricsSource,
    account_source,
    grids_source,
    links_source,
)
from reports.models import Verdict
from tests.support.client import Client
from tests.support.reports.clicks import Visited, drop_rows, load, refuse
from tests.support.reports.visits import Case, by, cases, counted, counts, local_key

MOMENT = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
random = hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def links(alice: Client, bob: Client) -> list[Link]:
    """Two on a first grid, the second of which has moved to the next since, two on that, the second of which
    is gone, and one of Bob's. The grids they know are those from before."""
    assert alice.user
    assert bob.user
    places = [(alice.user, "A", 2), (alice.user, "B", 2), (bob.user, "C", 1)]
    made = [
        Link.objects.create(user=user, grid=grid, url="https://e.org/", title=f"L{x}", x=x, y=0)
        for grid, user, count in [
            (Grid.objects.create(user=user, title=title), user, count)
            for user, title, count in places
        ]
        for x in range(count)
    ]
    Link.objects.filter(pk=made[1].pk).update(grid=made[2].grid, x=5)
    Link.objects.filter(pk=made[3].pk).delete()
    return made


@dataclass(frozen=True)
class Scope:
    """What is asked for, and by the numbers of links which clicks and views are in it."""

    source: Callable[[list[Link]], MetricsSource]
    clicks: set[int]
    views: set[int]
    is_first: str = "is_first_on_grid"


def _grids(*numbers: int) -> Callable[[list[Link]], MetricsSource]:
    return lambda links: grids_source(grid_ids=[links[number].grid_id for number in numbers])


def _links(*numbers: int) -> Callable[[list[Link]], MetricsSource]:
    return lambda links: links_source(link_ids=[links[number].pk for number in numbers])


SCOPES = {
    "account": Scope(
        lambda links: account_source(user_id=links[0].user_id), {0, 1, 2, 3}, {0, 1, 2, 3}
    ),
    "a grid": Scope(_grids(0), {0, 1}, {0, 1}),
    "grids": Scope(_grids(0, 2), {0, 1, 2, 3}, {0, 1, 2, 3}),
    "grids of two accounts": Scope(_grids(2, 4), {2, 3, 4}, {2, 3, 4}),
    "no grid": Scope(_grids(), set(), set()),
    "a link": Scope(_links(0), {0}, {0, 1}, "is_first_on_link"),
    "links on one grid": Scope(_links(1, 2, 2), {1, 2}, {2, 3}, "is_first_on_link"),
    "links": Scope(_links(0, 1, 4), {0, 1, 4}, {0, 1, 2, 3, 4}, "is_first_on_link"),
    "no link": Scope(_links(), set(), set(), "is_first_on_link"),
}


def read(scope: Scope, links: list[Link], case: Case, group_by: str, limit: int = 100) -> Any:
    """The answer, once its parts have been added up."""
    period = Period(case.start, case.until, case.zone, case.until)
    query = AnalyticsQuery(
        source=scope.source(links),
        period=period,
        retention=RawRetention(period.end),
        group_by=group_by,
        include_bots=True,
        week_start="monday",
        limit=limit,
    )
    answer = analytics_read(query=query)
    names = [name for name in answer["totals"] if name not in ("views", "click_through_rate")]
    sums = {name: sum(row[name] for row in answer["results"]) for name in names}
    assert {name: answer["totals"][name] for name in names} == sums
    return answer


def key_of(case: Case, links: list[Link], group_by: str) -> Callable[[Visited], str]:
    """What a visit is grouped by."""
    if group_by == "grid":
        return lambda visit: links[visit.link].grid.slug
    if group_by == "link":
        return lambda visit: "" if visit.link == 3 else links[visit.link].slug
    if group_by == "day":
        return lambda visit: local_key(visit.at, case.zone, "day")
    return lambda visit: getattr(visit, group_by)


def spread(case: Case) -> Case:
    """Over all the links."""
    clicks, views = (
        [replace(visit, link=(visit.link + 2 * (n % 2))) for n, visit in enumerate(visits)]
        for visits in (case.clicks, case.views)
    )
    return case._replace(clicks=clicks, views=views)


@pytest.mark.parametrize("group_by", ["day", "link", "grid", "country", "os", "tile"])
@pytest.mark.parametrize("name", SCOPES)
def test_any_scope_is_counted_as_its_rows_are(links: list[Link], name: str, group_by: str) -> None:
    scope = SCOPES[name]

    @random
    @given(case=cases().map(spread))
    def check(case: Case) -> None:
        load(links[0].grid, links, clicks=case.clicks, views=case.views)
        answer = read(scope, links, case, group_by)
        key = key_of(case, links, group_by)
        mine = [click for click in case.asked if click.link in scope.clicks]
        seen = [view for view in case.seen if view.link in scope.views]
        found = {row["key"]: counts(row) for row in answer["results"] if any(counts(row).values())}
        assert found == by(key, mine, is_first=scope.is_first, bots=True)
        assert answer["totals"]["views"] == counted(seen)["humans"]
        if group_by in ("day", "grid"):
            views = {row["key"]: row["views"] for row in answer["results"] if row["views"]}
            assert views == {name: each["humans"] for name, each in by(key, seen).items()}

    check()


ALL = Case(
    ZoneInfo("UTC"), datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC), [], []
)


def test_grids_have_names_views_and_rates(links: list[Link]) -> None:
    clicks = [Visited(MOMENT, link=link) for link in (0, 0, 0, 2, 2, 3)]
    bots = [Visited(MOMENT, link=2, verdict=Verdict.BOT)]
    views = [Visited(MOMENT, link=link) for link in (0, 0, 0, 0, 2)]
    load(links[0].grid, links, clicks=[*clicks, *bots], views=views)
    Grid.objects.filter(pk=links[0].grid_id).update(is_deleted=True, deleted_on=MOMENT)
    names = ("key", "label", "slug", "title", "clicks", "humans", "views", "click_through_rate")

    def rows(limit: int) -> list[tuple[Any, ...]]:
        answer = read(SCOPES["account"], links, ALL, "grid", limit)
        assert (answer["totals"]["views"], answer["totals"]["click_through_rate"]) == (5, 1.2)
        return [tuple(row.get(name) for name in names) for row in answer["results"]]

    one, two = (links[number].grid.slug for number in (0, 2))
    second = (two, "B", two, "B", 4, 3, 1, 3.0)
    assert rows(5) == [second, (one, "A", one, "A", 3, 3, 4, 0.75)]
    assert rows(1) == [second, (None, "other", None, None, 3, 3, 4, 0.75)]
    Grid.objects.filter(pk=links[2].grid_id).delete()
    assert rows(5)[0] == ("", "deleted", None, None, 4, 3, 1, 3.0)


def test_without_clicks(links: list[Link]) -> None:
    load(links[0].grid, links, clicks=[])
    for scope in SCOPES.values():
        for group_by in ("grid", "link", "country"):
            answer = read(scope, links, ALL, group_by)
            assert (answer["results"], answer["totals"]["views"]) == ([], 0)
        assert not any(row["clicks"] for row in read(scope, links, ALL, "month")["results"])


@pytest.mark.parametrize("group_by", ["day", "link", "grid"])
@pytest.mark.parametrize("name", ["account", "grids", "links"])
def test_refused_clicks_and_dropped_rows(links: list[Link], name: str, group_by: str) -> None:
    visits = [Visited(MOMENT), Visited(MOMENT + timedelta(days=30))]
    load(links[0].grid, links, clicks=visits, views=visits)
    refuse(links[0], MOMENT.replace(minute=0), 3)
    totals = read(SCOPES[name], links, ALL, group_by)["totals"]
    assert (totals["clicks"], totals["refused"], totals["views"]) == (2, 3, 2)
    drop_rows("2026-03")
    cut = ALL._replace(until=MOMENT - timedelta(minutes=15))
    answer = read(SCOPES[name], links, cut, group_by)
    totals = answer["totals"]
    assert (totals["clicks"], totals["refused"], totals["views"]) == (1, 3, 1)
    assert answer["approximate_before"] == "2026-04-01T00:00:00+00:00"


@pytest.mark.parametrize("count", [3, 60])
@pytest.mark.parametrize("until", [ALL.until, MOMENT + timedelta(days=9, minutes=1)])
@pytest.mark.parametrize(
    ("group_by", "queries"), [("day", 2), ("grid", 3), ("link", 4), ("country", 3), ("os", 3)]
)
@pytest.mark.parametrize("name", ["account", "grids", "links"])
def test_query_counts(
    links: list[Link],
    name: str,
    group_by: str,
    queries: int,
    until: datetime,
    count: int,
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    clicks = [
        Visited(MOMENT + number * timedelta(hours=1), link=number % 3, country=f"{number:02}")
        for number in range(count)
    ]
    load(links[0].grid, links, clicks=clicks, views=clicks)
    # What cuts no hour need not know since when there are raw rows; values of links come from these alone.
    is_told = until != ALL.until or (name == "links" and group_by in ("country", "os"))
    with django_assert_num_queries(queries if is_told else queries - 1):
        answer = read(SCOPES[name], links, ALL._replace(until=until), group_by)
    mine = [click for click in clicks if click.link in SCOPES[name].clicks]
    assert answer["totals"]["clicks"] == len(mine)
