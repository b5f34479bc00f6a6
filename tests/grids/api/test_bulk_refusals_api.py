"""Test `links/bulk/`: refused items say why, and leave no trace beside the others."""

from __future__ import annotations

from typing import Any

import pytest

from grids.models import Link
from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.grids.grids import bulk, make_grid, make_link, new, place, shown


@pytest.fixture
def grid(alice: Client) -> dict[str, Any]:
    """A grid of two columns."""
    return make_grid(alice, columns=2)


def test_a_failed_item_leaves_no_trace(alice: Client, grid: dict[str, Any]) -> None:
    """Neither a taken cell, nor a taken alias, nor a version."""
    standing = make_link(alice, grid, x=0, y=0)
    mover = make_link(alice, grid, x=0, y=1)
    with nothing_changes():
        answer = bulk(
            alice,
            update=[
                {"slug": mover["slug"], "x": 0, "y": 0, "alias": "fox"},
                {"slug": mover["slug"], "width": 3},
                {"slug": standing["slug"], "version": 9, "title": "x"},
            ],
            create=[
                new(grid, x=0, y=0, height=2, alias="fox"),
                new(grid, width=3, alias="fox"),
                new(grid, active_from="2026-01-02T00:00:00Z", active_until="2026-01-01T00:00:00Z"),
            ],
        )
    codes = [result["error"]["code"] for result in answer["results"]]
    assert codes == [
        "bad_tile",
        "bad_tile",
        "precondition_failed",
        "bad_tile",
        "bad_tile",
        "invalid",
    ]
    assert (answer["done"], answer["failed"]) == (0, 6)
    # The cells and the alias that were wished for in vain are to be had in the same call.
    answer = bulk(
        alice,
        update=[{"slug": mover["slug"], "x": 0, "y": 0}],
        create=[new(grid, x=0, y=1), new(grid, width=3, alias="fox"), new(grid, alias="fox")],
    )
    statuses = [result["status"] for result in answer["results"]]
    assert statuses == ["failed", "failed", "failed", "done"]
    made = shown(alice, answer["results"][3]["slug"])
    assert (place(made), made["alias"]) == ((1, 0, 1, 1), "fox")
    assert place(shown(alice, mover["slug"])) == (0, 1, 1, 1)


def test_a_failed_move_does_not_change_the_other_grid(alice: Client, grid: dict[str, Any]) -> None:
    full = make_grid(alice, columns=1)
    make_link(alice, full, x=0, y=0)
    link = make_link(alice, grid)
    with nothing_changes():
        answer = bulk(alice, update=[{"slug": link["slug"], "grid": full["slug"], "x": 0, "y": 0}])
        assert answer["results"][0]["error"]["fields"] == {
            "x": ["The cells at x=0, y=0 are taken."]
        }


def test_each_items_faults_are_its_own(alice: Client, grid: dict[str, Any]) -> None:
    answer = bulk(
        alice,
        create=[
            {},
            new(grid, url="javascript:alert(1)"),
            new(grid, title="good"),
            new(grid, nope=1, title="nul\x00"),
            new({"slug": "gr_" + "0" * 32}),
        ],
        update=[{"title": "x"}, {"slug": 5}, {"slug": "li_x", "version": 0}],
        delete=[{}, {"slug": "li_x", "title": "x"}],
    )
    faults = [
        (result["operation"], result["index"], result["status"], sorted(_fields(result)))
        for result in answer["results"]
    ]
    assert faults == [
        ("delete", 0, "failed", ["slug"]),
        ("delete", 1, "failed", ["title"]),
        ("update", 0, "failed", ["slug"]),
        ("update", 1, "failed", ["slug"]),
        ("update", 2, "failed", ["version"]),
        ("create", 0, "failed", ["grid", "title", "url"]),
        ("create", 1, "failed", ["url"]),
        ("create", 2, "done", []),
        ("create", 3, "failed", ["nope", "title"]),
        ("create", 4, "failed", ["grid"]),
    ]
    assert (answer["done"], answer["failed"]) == (1, 9)
    assert [link.title for link in Link.objects.all()] == ["good"]


def _fields(result: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = (result["error"] or {}).get("fields", {})
    return fields


def test_others_links_and_grids_are_not_found(
    alice: Client, bob: Client, grid: dict[str, Any]
) -> None:
    link = make_link(alice, grid, alias="fox")
    mine = make_link(bob, make_grid(bob))
    with nothing_changes():
        answer = bulk(
            bob,
            delete=[{"slug": link["slug"]}],
            update=[
                {"slug": link["slug"], "title": "x"},
                {"slug": mine["slug"], "grid": grid["slug"]},
                {"slug": mine["slug"], "alias": "fox"},
            ],
            create=[new(grid)],
        )
    codes = [result["error"]["code"] for result in answer["results"]]
    assert codes == ["not_found", "not_found", "not_found", "conflict", "not_found"]


def test_links_of_a_trashed_grid_are_not_found(alice: Client, grid: dict[str, Any]) -> None:
    link = make_link(alice, grid)
    alice.delete(f"grids/{grid['slug']}/", if_match="*")
    with nothing_changes():
        answer = bulk(
            alice,
            delete=[{"slug": link["slug"]}],
            update=[{"slug": link["slug"], "title": "x"}],
            create=[new(grid)],
        )
    assert [result["error"]["code"] for result in answer["results"]] == ["not_found"] * 3


@pytest.mark.parametrize(
    "body",
    [
        {"create": {}},
        {"create": "all"},
        {"create": [None]},
        {"drop": []},
    ],
)
def test_nonsense_is_refused(alice: Client, body: dict[str, Any]) -> None:
    with nothing_changes():
        assert_error(alice.post("links/bulk/", body), 400, "invalid", *body)


@pytest.mark.parametrize("body", [{"update": [1]}, {"delete": ["li_x"]}, {"create": [[]]}])
def test_an_item_that_is_no_object_gets_a_verdict(alice: Client, body: dict[str, Any]) -> None:
    with nothing_changes():
        answer = alice.post("links/bulk/", body).json()
    assert (answer["done"], answer["failed"]) == (0, 1)
    assert answer["results"][0]["error"]["code"] == "invalid"
