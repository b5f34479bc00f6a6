"""Test the ledger as a report: every accepted click, row by row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db.models import F
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from gridlink.lib.errors import Invalid
from grids.models import Grid, Link
from reports.analytics.periods import hour_floor
from reports.models import GridHour, Verdict
from tests.support.client import Client
from tests.support.reports.clicks import Visited, load, refuse
from tests.support.reports.reports import answer, columns, facts, question
from tests.support.reports.visits import Case, cases, counted

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
COUNTS = ("accepted", "humans", "duplicates", "bots", "refused")
random = hypothesis_settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def filled(grid: Grid, links: list[Link]) -> None:
    """Clicks of every kind."""
    bots = [Visited(NOON, verdict=Verdict.BOT)] * 2
    again = [Visited(NOON, verdict=Verdict.DUPLICATE)]
    later = [Visited(NOON + timedelta(days=2), link=1)]
    load(grid, links, clicks=[Visited(NOON), *bots, *again, *later])
    refuse(links[0], NOON, 5)


@pytest.mark.usefixtures("filled")
def test_it_adds_up_row_by_row(grid: Grid) -> None:
    result = answer("ledger", question(grid.user, "2026-03-10", "2026-03-12"), step="day")
    assert columns(result, "ledger", "time", *COUNTS, "balanced") == [
        (date(2026, 3, 10), 9, 1, 1, 2, 5, True),
        (date(2026, 3, 11), 0, 0, 0, 0, 0, True),
        (date(2026, 3, 12), 1, 1, 0, 0, 0, True),
    ]
    totals = {"accepted": 10, "humans": 2, "duplicates": 1, "bots": 2, "refused": 5}
    assert facts(result) == {**totals, "balanced": True}
    (chart,) = result.charts
    assert (chart.shape, chart.rows) == ("line", 3)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("scope", ["account", "links"])
def test_what_does_not_add_up_is_told(grid: Grid, links: list[Link], scope: str) -> None:
    GridHour.objects.filter(hour=NOON).update(accepted=F("accepted") + 1)
    asked = question(
        grid.user,
        "2026-03-10",
        "2026-03-12",
        scope={"account": {}, "links": {"links": [links[0].slug]}}[scope],
    )
    result = answer("ledger", asked, step="day")
    # The sums of links are kept apart from those of grids.
    is_balanced = scope == "links"
    assert result.table("ledger").values("balanced") == [is_balanced, True, True]
    assert facts(result)["balanced"] is is_balanced


@pytest.mark.usefixtures("filled")
def test_an_hour_counts_where_it_begins(grid: Grid) -> None:
    asked = question(grid.user, "2026-03-10T12:01", "2026-03-12T12:01")
    assert facts(answer("ledger", asked))["accepted"] == 1
    asked = question(grid.user, "2026-03-10T11:59", "2026-03-10T12:01")
    assert facts(answer("ledger", asked))["accepted"] == 9


def test_too_many_steps_are_refused(alice: Client) -> None:
    with pytest.raises(Invalid) as caught:
        answer("ledger", question(alice.user, "2016-01-01", "2025-12-31"), step="hour")
    assert list(caught.value.fields) == ["step"]


def test_the_ledger_is_what_counting_one_by_one_gives(grid: Grid, links: list[Link]) -> None:
    @random
    @given(case=cases())
    def check(case: Case) -> None:
        load(grid, links, clicks=case.clicks)
        since, until = (moment.isoformat() for moment in (case.start, case.until))
        result = answer("ledger", question(grid.user, since, until, case.zone.key), step="hour")
        mine = [click for click in case.clicks if case.start <= hour_floor(click.at) < case.until]
        totals = counted(mine)
        names = ("humans", "duplicates", "bots")
        assert {name: facts(result)[name] for name in names} == {
            name: totals[name] for name in names
        }
        for _, accepted, *parts, balanced in columns(result, "ledger", "time", *COUNTS, "balanced"):
            assert (sum(parts), balanced) == (accepted, True)
        assert facts(result)["accepted"] == len(mine)

    check()


@pytest.mark.parametrize("count", [3, 300])
def test_one_query(
    grid: Grid, links: list[Link], count: int, django_assert_num_queries: Callable[[int], Any]
) -> None:
    load(grid, links, clicks=[Visited(NOON)] * count)
    with django_assert_num_queries(1):
        assert facts(answer("ledger", question(grid.user)))["accepted"] == count
