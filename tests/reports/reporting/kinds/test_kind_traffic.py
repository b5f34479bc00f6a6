"""Test traffic: exact numbers over time, beside those of another period."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from gridlink.lib.errors import Invalid
from grids.models import Grid, Link
from reports.models import Verdict
from reports.reporting.kinds.comparison_period import COMPARISONS
from tests.support.client import Client
from tests.support.reports.clicks import Visited, drop_rows, load
from tests.support.reports.reports import answer, columns, facts, question
from tests.support.reports.visits import Case, by, cases, counted, local_key

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
random = hypothesis_settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def test_a_week_beside_the_one_before(grid: Grid, links: list[Link]) -> None:
    first = Visited(NOON, is_first_on_grid=True)
    clicks = [first, Visited(NOON), Visited(NOON + DAY), Visited(NOON, verdict=Verdict.BOT)]
    before = [Visited(NOON - 7 * DAY), Visited(NOON - 5 * DAY, is_first_on_grid=True)]
    load(grid, links, clicks=[*clicks, *before], views=[Visited(NOON)] * 4)
    asked = question(grid.user, "2026-03-09", "2026-03-15", "Europe/Athens")
    result = answer("traffic", asked)
    assert (result.kind, result.title, result.zone) == ("traffic", "Traffic", "Europe/Athens")
    assert result.subtitle == "All grids, 2026-03-09 to 2026-03-15 (Europe/Athens)"
    assert facts(result) == {
        "clicks": 3,
        "clicks_before": 2,
        "clicks_change": 0.5,
        "visitors": 1,
        "visitors_before": 1,
        "visitors_change": 0.0,
        "views": 4,
        "views_before": 0,
        "views_change": None,
        "click_through": 0.75,
        "click_through_before": None,
        "click_through_change": None,
    }
    assert result.table("traffic").note == ("Before is 2026-03-02 to 2026-03-08 (Europe/Athens).")
    names = ("time", "clicks", "visitors", "views", "click_through", "clicks_before")
    assert columns(result, "traffic", *names) == [
        (date(2026, 3, 9), 0, 0, 0, None, 0),
        (date(2026, 3, 10), 2, 1, 4, 0.5, 1),
        (date(2026, 3, 11), 1, 0, 0, None, 0),
        (date(2026, 3, 12), 0, 0, 0, None, 1),
        (date(2026, 3, 13), 0, 0, 0, None, 0),
        (date(2026, 3, 14), 0, 0, 0, None, 0),
        (date(2026, 3, 15), 0, 0, 0, None, 0),
    ]
    (chart,) = result.charts
    assert (chart.shape, chart.series, chart.rows) == ("line", ("clicks", "clicks_before"), 7)


def test_bots_if_they_are_asked_for(grid: Grid, links: list[Link]) -> None:
    load(grid, links, clicks=[Visited(NOON), *[Visited(NOON, verdict=Verdict.BOT)] * 2])
    asked = question(grid.user, "2026-03-10", "2026-03-10", include_bots=True)
    result = answer("traffic", asked, step="day", compare="none")
    names = ("time", "clicks", "bots")
    assert columns(result, "traffic", *names) == [(date(2026, 3, 10), 3, 2)]
    assert facts(result) == {
        "clicks": 3,
        "visitors": 0,
        "views": 0,
        "click_through": None,
        "bots": 2,
    }
    assert result.charts[0].series == ("clicks", "visitors")


@pytest.mark.parametrize(
    ("since", "until", "rows", "kind"),
    [
        ("2026-03-10", "2026-03-11", 48, "moment"),
        ("2026-03-01", "2026-05-31", 92, "day"),
        ("2025-01-01", "2026-03-31", 66, "day"),
        ("2016-03-02", "2026-03-01", 121, "day"),
    ],
)
def test_steps_go_by_the_length(
    alice: Client, since: str, until: str, rows: int, kind: str
) -> None:
    result = answer("traffic", question(alice.user, since, until))
    table = result.table("traffic")
    assert (len(table.rows), table.columns[0].type) == (rows, kind)


def test_an_hour_that_comes_twice_is_two_rows(grid: Grid, links: list[Link]) -> None:
    second = datetime(2025, 11, 2, 6, 30, tzinfo=UTC)
    load(grid, links, clicks=[Visited(second), Visited(second - timedelta(hours=24))])
    asked = question(grid.user, "2025-11-02", "2025-11-02", "America/New_York")
    result = answer("traffic", asked, step="hour")
    rows = columns(result, "traffic", "time", "clicks", "clicks_before")
    assert len(rows) == 25
    assert [(time.isoformat(), *counts) for time, *counts in rows[1:4]] == [
        ("2025-11-02T01:00:00-04:00", 0, 0),
        ("2025-11-02T01:00:00-05:00", 1, 0),
        ("2025-11-02T02:00:00-05:00", 0, 1),
    ]


def test_weeks_and_months_stand_beside_as_many_days(grid: Grid, links: list[Link]) -> None:
    before = [datetime(2026, 1, 29, tzinfo=UTC), datetime(2026, 2, 3, tzinfo=UTC)]
    load(grid, links, clicks=[Visited(NOON), *map(Visited, before)])
    asked = question(grid.user, week_start="sunday")
    result = answer("traffic", asked, step="month")
    assert columns(result, "traffic", "time", "clicks", "clicks_before") == [
        (date(2026, 3, 1), 1, 2)
    ]
    result = answer("traffic", asked, step="week")
    assert columns(result, "traffic", "time", "clicks", "clicks_before") == [
        (date(2026, 3, 1), 0, 2),
        (date(2026, 3, 8), 1, 0),
        (date(2026, 3, 15), 0, 0),
        (date(2026, 3, 22), 0, 0),
        (date(2026, 3, 29), 0, 0),
    ]
    result = answer("traffic", question(grid.user, "2026-03-04", "2026-03-06"), step="week")
    assert columns(result, "traffic", "time") == [(date(2026, 3, 2),)]


def test_months_stand_beside_those_of_a_year_before(grid: Grid, links: list[Link]) -> None:
    last_year = [datetime(2024, 2, 29, 12, tzinfo=UTC), datetime(2024, 3, 1, 12, tzinfo=UTC)]
    now = datetime(2025, 2, 28, 12, tzinfo=UTC)
    load(grid, links, clicks=[Visited(now), *map(Visited, last_year)])
    asked = question(grid.user, "2025-02-01", "2025-03-31")
    result = answer("traffic", asked, step="month", compare="year")
    assert columns(result, "traffic", "time", "clicks", "clicks_before") == [
        (date(2025, 2, 1), 1, 1),
        (date(2025, 3, 1), 0, 1),
    ]
    assert facts(result)["clicks_before"] == 2


def _instant(key: str) -> Any:
    """What keys of hours, days, weeks or months are in the order of."""
    return datetime.fromisoformat(key).timestamp() if "T" in key else key


def test_too_many_steps_are_refused(alice: Client) -> None:
    asked = question(alice.user, "2016-01-01", "2025-12-31")
    with pytest.raises(Invalid) as caught:
        answer("traffic", asked, step="hour")
    assert list(caught.value.fields) == ["step"]


def test_cuts_where_rows_are_gone_are_told(grid: Grid, links: list[Link]) -> None:
    load(grid, links, clicks=[Visited(NOON), Visited(NOON + 30 * DAY)])
    drop_rows("2026-03")
    asked = question(grid.user, "2026-03-10T11:30", "2026-04-30")
    result = answer("traffic", asked, compare="none")
    assert facts(result)["clicks"] == 2
    (remark,) = result.remarks
    assert remark.startswith("Individual clicks from before 2026-04-01 00:00 are no longer kept")


@pytest.mark.parametrize(
    ("step", "compare"),
    [
        ("day", "previous"),
        ("day", "year"),
        ("hour", "previous"),
        ("week", "previous"),
        ("month", "year"),
    ],
)
def test_traffic_is_what_counting_one_by_one_gives(
    grid: Grid, links: list[Link], step: str, compare: str
) -> None:
    @random
    @given(case=cases())
    def check(case: Case) -> None:
        load(grid, links, clicks=case.clicks, views=case.views)
        since, until = (moment.isoformat() for moment in (case.start, case.until))
        asked = question(grid.user, since, until, case.zone.key)
        result = answer("traffic", asked, step=step, compare=compare)
        totals = counted(case.asked)
        assert {name: facts(result)[name] for name in ("clicks", "visitors")} == {
            name: totals[name] for name in ("clicks", "visitors")
        }
        rows = columns(result, "traffic", "time", "clicks", "clicks_before")
        keys = by(lambda click: local_key(click.at, case.zone, step), case.asked)
        assert [clicks for _, clicks, _ in rows if clicks] == [
            keys[key]["clicks"] for key in sorted(keys, key=_instant) if keys[key]["clicks"]
        ]
        earlier = COMPARISONS[compare](asked.period)
        assert earlier
        before = [
            click
            for click in case.clicks
            if earlier.period.start <= click.at < earlier.period.until
        ]
        assert facts(result)["clicks_before"] == counted(before)["clicks"]
        assert sum(before for *_, before in rows) == counted(before)["clicks"]

    check()


@pytest.mark.parametrize("count", [3, 300])
def test_two_queries_and_the_scopes(
    grid: Grid, links: list[Link], count: int, django_assert_num_queries: Callable[[int], Any]
) -> None:
    load(grid, links, clicks=[Visited(NOON)] * count)
    with django_assert_num_queries(2):
        assert facts(answer("traffic", question(grid.user)))["clicks"] == count
    with django_assert_num_queries(3):
        answer("traffic", question(grid.user, scope={"grids": [grid.slug]}))
