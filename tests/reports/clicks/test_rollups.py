"""Roll-ups are the sums of the rows, whatever was clicked and however it arrived."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grids.public.wire import Event, Flag, Kind, Target
from reports.clicks.ingest.ingest import drain
from tests.support.reports.stream import CHROME, FIREFOX, GOOGLEBOT, Redirect, click, forget, rows

pytestmark = pytest.mark.django_db(transaction=True)

_HUMANS = "count(*) FILTER (WHERE verdict = 0)"
_COUNTS = f"""
count(*) AS accepted, {_HUMANS}, count(*) FILTER (WHERE verdict = 2),
count(*) FILTER (WHERE verdict = 1), 0 AS refused, count(*) FILTER (WHERE is_first_on_grid)
"""
_LINK_COUNTS = f"{_COUNTS}, count(*) FILTER (WHERE is_first_on_link)"
_VALUES = f"""
{_HUMANS}, count(*) FILTER (WHERE verdict = 2), count(*) FILTER (WHERE verdict = 1),
count(*) FILTER (WHERE is_first_on_grid)
"""
COLUMNS = "accepted, humans, duplicates, bots, refused, visitors"
VIEW_COLUMNS = ", ".join(
    f"views_{name}" if name != "humans" else "views" for name in COLUMNS.split(", ")
)
DIMENSIONS = (
    "country", "device", "browser", "os", "referrer", "language", "utm_source", "utm_medium",
    "utm_campaign", "utm_term", "utm_content", "tile",
)  # fmt: skip
# By grid, whose it is.
USERS = {1: 7, 2: 7, 3: 8}
HOURS = "date_trunc('hour', clicked_on, 'UTC')"
DAYS = "(clicked_on AT TIME ZONE 'UTC')::date"


def visits() -> st.SearchStrategy[Event]:
    """Of few people and places, close together, about midnight and noon."""
    seconds = st.integers(-13 * 3600, -11 * 3600) | st.integers(0, 40)
    grids = st.integers(1, 3)
    clicks = st.builds(
        lambda grid, link, tile: Target(Kind.CLICK, USERS[grid], grid, 10 * grid + link, tile),
        grids, st.integers(1, 2), st.sampled_from(["0,0,1,1", "1,0,2,1"]),
    )  # fmt: skip
    return st.builds(
        lambda at, **changes: click(at)._replace(**changes),
        seconds,
        target=clicks | st.builds(lambda grid: Target(Kind.VIEW, USERS[grid], grid), grids),
        address=st.sampled_from(["192.0.2.1", "192.0.2.2"]),
        user_agent=st.sampled_from([CHROME, CHROME, FIREFOX, GOOGLEBOT]),
        referrer=st.sampled_from([b"", b"https://a.example/", b"https://b.example/\xff"]),
        language=st.sampled_from([b"", b"de", b"en-GB"]),
        query=st.sampled_from([b"", b"utm_source=x&utm_term=y", b"utm_content=%09%5C"]),
        flags=st.sampled_from([0, 0, 0, int(Flag.HEAD), int(Flag.DO_NOT_TRACK)]),
    )


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(groups=st.lists(st.lists(visits(), max_size=8), max_size=6), events=st.integers(1, 30))
def test_sums_equal_rows(redis: Any, groups: list[list[Event]], events: int) -> None:
    forget()
    redirect = Redirect(redis)
    for group in groups:
        redirect.send(*group)
        if events % 2:
            drain(seconds=60)
    drain(seconds=60, events=events)
    links = rows(
        "reports_click GROUP BY 1, 2, 3, 4", f"link_id, {HOURS}, grid_id, user_id, {_LINK_COUNTS}"
    )
    assert (
        rows("reports_link_hour", f"link_id, hour, grid_id, user_id, {COLUMNS}, link_visitors")
        == links
    )
    links = rows(
        "reports_click GROUP BY 1, 2, 3, 4", f"link_id, {DAYS}, grid_id, user_id, {_LINK_COUNTS}"
    )
    assert (
        rows("reports_link_day", f"link_id, day, grid_id, user_id, {COLUMNS}, link_visitors")
        == links
    )
    assert_grids()
    assert_grids("user")
    assert_values()
    assert_values("user")
    assert_balanced()


def assert_grids(whose: str = "grid") -> None:
    clicks = rows("reports_click GROUP BY 1, 2", f"{whose}_id, {HOURS}, {_COUNTS}")
    table = f"reports_{whose}_hour"
    assert rows(f"{table} WHERE accepted > 0", f"{whose}_id, hour, {COLUMNS}") == clicks
    viewed = HOURS.replace("clicked", "viewed")
    views = rows("reports_view GROUP BY 1, 2", f"{whose}_id, {viewed}, {_COUNTS}")
    assert rows(f"{table} WHERE views_accepted > 0", f"{whose}_id, hour, {VIEW_COLUMNS}") == views


def assert_values(whose: str = "grid") -> None:
    table = "reports_click JOIN reports_user_agent AS agent ON agent.id = user_agent_id"
    wanted = [
        row
        for number, name in enumerate(DIMENSIONS, 1)
        for row in rows(
            f"{table} GROUP BY 1, 2, 3, 4", f"{whose}_id, {DAYS}, {number}, {name}, {_VALUES}"
        )
    ]
    columns = f"{whose}_id, day, dimension, value, humans, duplicates, bots, visitors"
    assert rows(f"reports_{whose}_day_value", columns) == sorted(wanted, key=repr)


def assert_balanced() -> None:
    for table in ("reports_link_hour", "reports_link_day", "reports_grid_hour"):
        unbalanced = "accepted <> humans + duplicates + bots + refused OR visitors > humans"
        assert rows(f"{table} WHERE {unbalanced}", "*") == []
    unbalanced = "views_accepted <> views + views_duplicates + views_bots + views_refused"
    assert rows(f"reports_grid_hour WHERE {unbalanced}", "*") == []
    firsts = "SELECT DISTINCT grid_id, visitor, clicked_on::date FROM reports_click WHERE visitor IS NOT NULL"
    assert rows(f"({firsts} AND verdict = 0) AS people", "count(*)") == rows(
        "reports_grid_hour", "coalesce(sum(visitors), 0)::bigint"
    )


def test_a_link_that_moves_counts_for_each_grid_what_it_had_there(redis: Any) -> None:
    redirect = Redirect(redis)
    redirect.send(click(0), click(20, target=Target(Kind.CLICK, 7, 71, 700, "1,1,1,1")))
    redirect.send(click(40, target=Target(Kind.CLICK, 7, 71, 700, "1,1,1,1")))
    drain(seconds=60)
    for table in ("reports_link_hour", "reports_link_day"):
        assert rows(table, "link_id, grid_id, accepted", "grid_id") == [(700, 70, 1), (700, 71, 2)]
    assert rows("reports_grid_hour", "grid_id, accepted", "grid_id") == [(70, 1), (71, 2)]
