"""The number of queries of each request of reports and exports, which must not grow with what it names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from grids.models import Grid, Link
from tests.support.client import Client
from tests.support.platform import user_of
from tests.support.reports.report_runs import define

pytestmark = pytest.mark.usefixtures("published")
Counted = Callable[[int], Any]
# Savepoints count: inside a test's transaction each `atomic` block is one, which takes two.
SIZES = pytest.mark.parametrize("rows", [3, 90])


def scope_of(client: Client, rows: int) -> dict[str, list[str]]:
    """So many grids with a link each."""
    user = user_of(client)
    grids = Grid.objects.bulk_create(Grid(user=user, title=str(n)) for n in range(rows))
    links = Link.objects.bulk_create(
        Link(user=user, grid=grid, url="https://example.org/", title="t", x=0, y=0)
        for grid in grids
    )
    return {"grids": [grid.slug for grid in grids], "links": [link.slug for link in links]}


@SIZES
def test_define_a_report(alice: Client, rows: int, django_assert_num_queries: Counted) -> None:
    scope = scope_of(alice, rows)
    with django_assert_num_queries(8):
        report = define(alice, scope=scope)
    assert {name: report["scope"][name] for name in scope} == scope
    body = {"scope": {**scope, "tags": ["new"]}}
    with django_assert_num_queries(9):
        answer = alice.patch(f"reports/{report['slug']}/", body, if_match="*")
    assert answer.json()["scope"] == body["scope"]


@SIZES
def test_start_an_export(alice: Client, rows: int, django_assert_num_queries: Counted) -> None:
    body = {"kind": "clicks", "format": "csv", "filters": scope_of(alice, rows)}
    with django_assert_num_queries(12):
        assert alice.post("exports/", body).status_code == 202


@SIZES
def test_plan_an_export(alice: Client, rows: int, django_assert_num_queries: Counted) -> None:
    body = {
        "name": "Daily", "action": "export", "form": "cron", "rule": "0 9 * * *", "time_zone": "UTC",
        "params": {"kind": "clicks", "filters": scope_of(alice, rows)},
    }  # fmt: skip
    with django_assert_num_queries(11):
        assert alice.post("schedules/", body).status_code == 201


@SIZES
def test_start_a_check(alice: Client, rows: int, django_assert_num_queries: Counted) -> None:
    with django_assert_num_queries(13):
        assert alice.post("links/checks/", scope_of(alice, rows)).status_code == 202


@SIZES
def test_the_list_of_reports(alice: Client, rows: int, django_assert_num_queries: Counted) -> None:
    for _ in range(min(rows, 20)):
        define(alice)
    with django_assert_num_queries(3):
        assert alice.get("reports/").status_code == 200


@pytest.mark.parametrize("where", ["grids", "links"])
def test_one_of_many_that_is_not_ones_own_is_not_found(
    alice: Client, bob: Client, where: str
) -> None:
    scope = scope_of(alice, 3)
    scope[where][1] = scope_of(bob, 1)[where][0]
    bodies = {
        "reports/": {"title": "t", "kind": "traffic", "scope": scope},
        "exports/": {"kind": "clicks", "filters": scope},
        "links/checks/": scope,
    }
    for path, body in bodies.items():
        assert alice.post(path, body).status_code == 404
