"""Test new and lost links: added, removed, and no longer clicked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from grids.models import Grid, Link
from reports.models import Verdict
from tests.support.reports.clicks import Visited, drop_rows, load
from tests.support.reports.reports import answer, columns, facts, make_links, question

EARLY = datetime(2026, 1, 1, tzinfo=UTC)
BEFORE = datetime(2026, 2, 20, 12, tzinfo=UTC)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def links(grid: Grid) -> list[Link]:
    """Five old links."""
    return make_links(grid, 5, created_on=EARLY)


def trash(thing: Grid | Link, on: datetime) -> None:
    type(thing)._default_manager.filter(pk=thing.pk).update(is_deleted=True, deleted_on=on)


def test_links_added_in_the_range(grid: Grid, links: list[Link]) -> None:
    start = datetime(2026, 2, 28, 22, tzinfo=UTC)
    day = timedelta(days=31)
    times = [start - timedelta(microseconds=1), start, NOON, start + day - timedelta(hours=1)]
    new = [make_links(grid, 1, created_on=time, title=str(x))[0] for x, time in enumerate(times)]
    trash(new[2], NOON + day)
    load(grid, new, clicks=[Visited(NOON, link=2), Visited(BEFORE, link=1)])
    result = answer("changes", question(grid.user, tz="Europe/Athens"))
    names = ("link", "title", "url", "grid_title", "clicks_before", "clicks")
    assert columns(result, "added", *names) == [
        (new[1].slug, "1", "https://e.org/0", "Grid", 1, 0),
        (new[2].slug, "2", "https://e.org/0", "Grid", 0, 1),
    ]
    first, _ = columns(result, "added", "added_on")
    assert first[0].isoformat() == "2026-03-01T00:00:00+02:00"
    assert result.table("added").note == "Before is 2026-01-29 to 2026-02-28 (Europe/Athens)."


def test_links_removed_in_the_range_themselves_or_with_their_grid(
    grid: Grid, links: list[Link]
) -> None:
    other = Grid.objects.create(user=grid.user, title="Other")
    gone = make_links(other, 2, created_on=EARLY, title="Gone")
    trash(gone[0], BEFORE)
    trash(other, NOON)
    trash(links[0], NOON + timedelta(days=1))
    trash(links[1], BEFORE)
    load(grid, links, clicks=[Visited(BEFORE), Visited(NOON), Visited(BEFORE)])
    result = answer("changes", question(grid.user))
    names = ("link", "grid_title", "removed_on", "clicks_before", "clicks")
    assert columns(result, "removed", *names) == [
        (gone[1].slug, "Other", NOON, 0, 0),
        (links[0].slug, "Grid", NOON + timedelta(days=1), 2, 1),
    ]


def test_links_gone_quiet(grid: Grid, links: list[Link]) -> None:
    trash(links[4], NOON)
    clicks = [Visited(BEFORE, link=link) for link in (0, 1, 2, 2, 4)]
    bots = [Visited(NOON, link=link, verdict=Verdict.BOT) for link in (1, 2)]
    load(grid, links, clicks=[*clicks, *bots, Visited(NOON, link=0), Visited(NOON, link=3)])
    result = answer("changes", question(grid.user))
    rows = [(links[2].slug, "L2", 2), (links[1].slug, "L1", 1)]
    assert columns(result, "quiet", "link", "title", "clicks_before") == rows
    assert facts(result) == {"added": 0, "removed": 1, "quiet": 2}
    (chart,) = result.charts
    assert (chart.table, chart.series) == ("quiet", ("clicks_before",))
    assert facts(answer("changes", question(grid.user, include_bots=True)))["quiet"] == 0
    scope = {"links": [links[1].slug]}
    result = answer("changes", question(grid.user, scope=scope))
    assert result.table("quiet").values("link") == [links[1].slug]


def test_all_are_counted_and_the_first_listed(grid: Grid, links: list[Link]) -> None:
    for link in links[3:]:
        trash(link, NOON)
    make_links(grid, 2, created_on=NOON)
    load(grid, links, clicks=[Visited(BEFORE, link=link) for link in range(3)])
    result = answer("changes", question(grid.user), limit=1)
    assert facts(result) == {"added": 2, "removed": 2, "quiet": 3}
    notes = [table.note.rpartition("). ")[2] for table in result.tables]
    assert notes == ["The first 1 of 2.", "The first 1 of 2.", "The first 1 of 3."]
    assert [len(table.rows) for table in result.tables] == [1, 1, 1]


def test_cuts_where_rows_are_gone_are_told(grid: Grid, links: list[Link]) -> None:
    load(grid, links, clicks=[Visited(BEFORE), Visited(NOON)])
    drop_rows("2026-02")
    result = answer("changes", question(grid.user, "2026-03-01", "2026-03-31T23:30"))
    (remark,) = result.remarks
    assert remark.startswith("Individual clicks from before 2026-03-01 00:00")


@pytest.mark.parametrize("count", [3, 20])
def test_seven_queries(
    grid: Grid, count: int, django_assert_num_queries: Callable[[int], Any]
) -> None:
    links = make_links(grid, count, created_on=EARLY)
    load(grid, links, clicks=[Visited(BEFORE, link=x) for x in range(count)])
    with django_assert_num_queries(7):
        assert facts(answer("changes", question(grid.user)))["quiet"] == count
