"""The numbers of accounts, of several grids and of several links, against the rows counted one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from grids.models import Grid, Link
from reports.analytics.groupings import Wish
from reports.analytics.periods import Period
from reports.analytics.subjects import (
    Subject,
    account_subject,
    grids_subject,
    links_subject,
)
from reports.selectors import analytics_read
from tests.support.clicks import Visited, load
from tests.support.client import Client
from tests.support.visits import Case, by, cases, counted, counts, local_key

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

    subject: Callable[[list[Link]], Subject]
    clicks: set[int]
    views: set[int]
    is_first: str = "is_first_on_grid"


def _grids(*numbers: int) -> Callable[[list[Link]], Subject]:
    return lambda links: grids_subject(grid_ids=[links[number].grid_id for number in numbers])


def _links(*numbers: int) -> Callable[[list[Link]], Subject]:
    return lambda links: links_subject(link_ids=[links[number].pk for number in numbers])


SCOPES = {
    "account": Scope(
        lambda links: account_subject(user_id=links[0].user_id), {0, 1, 2, 3}, {0, 1, 2, 3}
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
    wish = Wish(group_by=group_by, include_bots=True, week_start="monday", limit=limit)
    answer = analytics_read(subject=scope.subject(links), period=period, wish=wish)
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
