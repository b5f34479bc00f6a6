"""Query kinds of report, and return results in a form that tests can compare."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from gridlink.accounts.models import User
from grids.models import Grid, Link
from reports.analytics.periods import parse_period
from reports.reporting.kinds.base import ReportQuery
from reports.reporting.kinds.parameters import parse
from reports.reporting.kinds.registry import KINDS
from reports.reporting.kinds.scope import Scope
from reports.reporting.results.result import Result
from tests.support.reports.click_rows import make_click, make_view
from tests.support.reports.clicks import roll_up
from tests.support.reports.results import result_json

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def question(
    user: User | None,
    since: str = "2026-03-01",
    until: str = "2026-03-31",
    tz: str = "UTC",
    scope: dict[str, Any] | None = None,
    **more: Any,
) -> ReportQuery:
    """About March, when it is long over, unless it is said otherwise."""
    assert user
    period = parse_period(since=since, until=until, tz=tz, now=NOW)
    return ReportQuery(user.pk, Scope.parse(scope or {}), period, **more)


def answer(kind: str, asked: ReportQuery, **params: Any) -> Result:
    """The result, once it has shown that it can be stored and makes sense."""
    found = KINDS[kind](asked, parse(KINDS[kind].parameters, params))
    found.check()
    result = found.result()
    assert Result.from_json(result_json(result)) == result
    assert_sound(result)
    return result


def assert_sound(result: Result) -> None:
    """Names are unique and keys tell rows apart; charts are of tables and columns that there are."""
    for things in (result.facts, result.tables, result.charts):
        names = [thing.name for thing in things]
        assert len(set(names)) == len(names)
    for table in result.tables:
        names = [column.name for column in table.columns]
        assert len(set(names)) == len(names)
        assert {len(row) for row in table.rows} <= {len(names)}
        keys = list(zip(*(table.values(name) for name in table.key), strict=True))
        assert table.key
        assert len(set(keys)) == len(keys) == len(table.rows)
    for chart in result.charts:
        names = [column.name for column in result.table(chart.table).columns]
        assert {chart.labels, *chart.series} <= set(names)
        assert chart.series


def facts(result: Result) -> dict[str, Any]:
    """Their values by name."""
    return {fact.name: fact.value for fact in result.facts}


def columns(result: Result, table: str, *names: str) -> list[tuple[Any, ...]]:
    """Some columns of a table, row by row."""
    found = result.table(table)
    return list(zip(*(found.values(name) for name in names), strict=True))


def make_links(grid: Grid, count: int, **fields: Any) -> list[Link]:
    """Links L0, L1 and so on, one beside another."""
    return [
        Link.objects.create(
            **{
                "user": grid.user,
                "grid": grid,
                "url": f"https://e.org/{x}",
                "url_key": f"{x:032x}",
                "title": f"L{x}",
                "x": x,
                "y": 0,
                **fields,
            }
        )
        for x in range(count)
    ]


def add_clicks(links: Iterable[Link], at: datetime, **fields: Any) -> None:
    """One more click on each of the links, on the grid that it is on now."""
    for link in links:
        make_click(at, link.pk, grid_id=link.grid_id, user_id=link.user_id, **fields)
    roll_up()


def add_views(grid: Grid, at: datetime, count: int) -> None:
    """More human views of the grid."""
    for _ in range(count):
        make_view(at, grid_id=grid.pk, user_id=grid.user_id)
    roll_up()
