"""Test `links/bulk/`: many items in one call, each with its own verdict."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grids.models import Grid, Link
from grids.services.bulk import BULK_MAX
from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.grids.grids import bulk, make_grid, make_link, new, place, shown

NOT_FOUND = "There is no such link, or the request names it twice."


@pytest.fixture
def grid(alice: Client) -> dict[str, Any]:
    """A grid of two columns."""
    return make_grid(alice, columns=2)


def test_one_of_each(alice: Client, grid: dict[str, Any]) -> None:
    old, gone = make_link(alice, grid), make_link(alice, grid)
    answer = bulk(
        alice,
        create=[new(grid, title="made", tags=["a"], width=2)],
        update=[{"slug": old["slug"], "title": "renamed"}],
        delete=[{"slug": gone["slug"]}],
    )
    made = Link.objects.get(title="made")
    done = {"index": 0, "status": "done", "error": None}
    assert answer == {
        "done": 3,
        "failed": 0,
        "results": [
            {**done, "operation": "delete", "slug": gone["slug"], "version": 2},
            {**done, "operation": "update", "slug": old["slug"], "version": 2},
            {**done, "operation": "create", "slug": made.slug, "version": 1},
        ],
    }
    assert shown(alice, made.slug)["tags"] == ["a"]
    assert place(shown(alice, made.slug)) == (0, 1, 2, 1)
    renamed = shown(alice, old["slug"])
    assert renamed == {
        **old, "title": "renamed", "version": 2, "modified_on": renamed["modified_on"]
    }  # fmt: skip
    assert alice.get(f"links/{gone['slug']}/").status_code == 404
    assert alice.post(f"links/{gone['slug']}/restore/").status_code == 200


def test_deletes_come_first_then_updates_then_creates(alice: Client, grid: dict[str, Any]) -> None:
    first = make_link(alice, grid, x=0, y=0, alias="one")
    second = make_link(alice, grid, x=1, y=0, alias="two")
    answer = bulk(
        alice,
        create=[new(grid, x=1, y=0, alias="two")],
        update=[{"slug": second["slug"], "x": 0, "y": 0, "alias": "one"}],
        delete=[{"slug": first["slug"]}],
    )
    assert answer["failed"] == 0
    moved = shown(alice, second["slug"])
    assert (place(moved), moved["alias"]) == ((0, 0, 1, 1), "one")
    made = shown(alice, answer["results"][2]["slug"])
    assert (place(made), made["alias"]) == ((1, 0, 1, 1), "two")


def test_aliases_are_compared_without_case(alice: Client, grid: dict[str, Any]) -> None:
    one, two = (make_link(alice, grid, alias=alias)["slug"] for alias in ("One", "Two"))
    answer = bulk(
        alice,
        update=[{"slug": one, "alias": "ONE"}, {"slug": two, "alias": "one"}],
        create=[new(grid, alias="TWO"), new(grid, alias="New"), new(grid, alias="nEW")],
    )
    statuses = [verdict["status"] for verdict in answer["results"]]
    assert statuses == ["done", "failed", "failed", "done", "failed"]
    assert set(Link.objects.values_list("alias", flat=True)) == {"ONE", "Two", "New"}


@pytest.mark.parametrize("giver", [0, 1])
def test_an_alias_goes_from_one_link_to_another(
    alice: Client, grid: dict[str, Any], giver: int
) -> None:
    links = [make_link(alice, grid), make_link(alice, grid)]
    start, end = links[giver]["slug"], links[1 - giver]["slug"]
    alice.patch(f"links/{start}/", {"alias": "fox"}, if_match="*")
    answer = bulk(alice, update=[{"slug": start, "alias": None}, {"slug": end, "alias": "fox"}])
    assert answer["failed"] == 0
    assert (shown(alice, start)["alias"], shown(alice, end)["alias"]) == (None, "fox")


def test_the_same_link_twice(alice: Client, grid: dict[str, Any]) -> None:
    one, two, three = (make_link(alice, grid) for _ in range(3))
    answer = bulk(
        alice,
        delete=[{"slug": one["slug"]}, {"slug": one["slug"]}],
        update=[
            {"slug": one["slug"], "title": "x"},
            {"slug": two["slug"], "title": "first"},
            {"slug": two["slug"], "title": "second"},
            {"slug": three["slug"], "width": 3},
            {"slug": three["slug"], "title": "after a failure"},
        ],
    )
    statuses = [result["status"] for result in answer["results"]]
    assert statuses == ["done", "failed", "failed", "done", "failed", "failed", "done"]
    messages = {
        result["error"]["message"]
        for result in answer["results"]
        if result["error"] and result["error"]["code"] == "not_found"
    }
    assert messages == {NOT_FOUND}
    assert [shown(alice, link["slug"])["title"] for link in (two, three)] == [
        "first",
        "after a failure",
    ]
    assert shown(alice, two["slug"])["version"] == 2


def test_versions_guard_items_as_if_match_would(alice: Client, grid: dict[str, Any]) -> None:
    stale, fresh, gone = (make_link(alice, grid) for _ in range(3))
    answer = bulk(
        alice,
        update=[
            {"slug": stale["slug"], "version": 2, "title": "x"},
            {"slug": fresh["slug"], "version": 1, "title": "x"},
        ],
        delete=[{"slug": gone["slug"], "version": 2}],
    )
    verdicts = [
        (r["status"], r["version"], (r["error"] or {}).get("code")) for r in answer["results"]
    ]
    assert verdicts == [
        ("failed", None, "precondition_failed"),
        ("failed", None, "precondition_failed"),
        ("done", 2, None),
    ]


def test_an_empty_request_does_nothing(alice: Client) -> None:
    assert bulk(alice) == {"done": 0, "failed": 0, "results": []}


def test_a_thousand_items_and_no_more(alice: Client, grid: dict[str, Any]) -> None:
    deletes = [{"slug": make_link(alice, grid)["slug"]}]
    with nothing_changes():
        body = {"create": [new(grid)] * BULK_MAX, "delete": deletes}
        error = assert_error(alice.post("links/bulk/", body), 400, "invalid")
        assert error["message"] == "At most 1000 items go in one call."
    answer = bulk(alice, create=[new(grid)] * (BULK_MAX - 1), delete=deletes)
    assert (answer["done"], answer["failed"]) == (1000, 0)
    assert Link.objects.filter(is_deleted=False).count() == 999
    # All of it is one change of the layout.
    assert Grid.objects.get().layout_version == 3


def test_the_number_of_queries_does_not_grow_with_the_items(
    alice: Client, grid: dict[str, Any]
) -> None:
    def queries(items: int) -> int:
        links = [make_link(alice, grid) for _ in range(2 * items)]
        slugs = [link["slug"] for link in links]
        with CaptureQueriesContext(connection) as captured:
            answer = bulk(
                alice,
                create=[new(grid, alias=f"a{items}-{n}") for n in range(items)],
                update=[{"slug": slug, "title": "x"} for slug in slugs[:items]],
                delete=[{"slug": slug} for slug in slugs[items:]],
            )
        assert answer["failed"] == 0
        return len(captured)

    assert queries(2) == queries(20)
