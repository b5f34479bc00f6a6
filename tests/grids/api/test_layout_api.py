"""Test `grids/{slug}/layout/`: every tile's place in one call, or none."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grids.layout import occupancy
from grids.models import Link
from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.grids.grids import URL, make_grid, make_link
from tests.support.rows import load_links


class Laid:
    """A grid of four columns with three links: a and b beside each other, c below."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.grid = make_grid(client, columns=4)
        places = {"a": (0, 0), "b": (1, 0), "c": (0, 1)}
        self.slugs = {
            name: make_link(client, self.grid, title=name, x=x, y=y)["slug"]
            for name, (x, y) in places.items()
        }
        self.path = f"grids/{self.grid['slug']}/layout/"

    def tile(self, name: str, x: int, y: int, width: int = 1, height: int = 1) -> dict[str, Any]:
        slug = self.slugs.get(name, name)
        return {"slug": slug, "x": x, "y": y, "width": width, "height": height}

    def put(self, *tiles: dict[str, Any], if_match: str = "*") -> Any:
        return self.client.put(self.path, {"links": list(tiles)}, if_match=if_match)


@pytest.fixture
def laid(alice: Client) -> Laid:
    """A grid with three links."""
    return Laid(alice)


def test_it_is_shown_ready_to_be_sent_back(laid: Laid) -> None:
    response = laid.client.get(laid.path)
    assert response.status_code == 200
    shown = response.json()
    assert shown == {
        "next": None,
        "previous": None,
        "links": [laid.tile("a", 0, 0), laid.tile("b", 1, 0), laid.tile("c", 0, 1)],
    }
    assert response["ETag"] == '"4"'
    sent = laid.put(*shown["links"], if_match='"4"')
    assert sent.status_code == 200
    assert sent.json() == shown
    assert sent["ETag"] == '"5"'


def test_all_tiles_move_at_once_and_may_swap(laid: Laid) -> None:
    before = {link.slug: link.version for link in Link.objects.all()}
    tiles = [laid.tile("b", 0, 0), laid.tile("a", 1, 0), laid.tile("c", 0, 1)]
    response = laid.put(*tiles, if_match='"4"')
    assert response.status_code == 200
    assert response.json()["links"] == tiles
    assert laid.client.get(laid.path).json() == response.json()
    after = {link.slug: link.version - before[link.slug] for link in Link.objects.all()}
    assert after == {laid.slugs["a"]: 1, laid.slugs["b"]: 1, laid.slugs["c"]: 0}
    assert laid.client.get(f"grids/{laid.grid['slug']}/").json()["version"] == 1


def test_sizes_change_too(laid: Laid) -> None:
    tiles = [laid.tile("c", 0, 0, 4, 2), laid.tile("a", 0, 2, 2, 50), laid.tile("b", 2, 2, 2, 1)]
    assert laid.put(*tiles).json()["links"] == tiles


def test_trashed_links_take_no_part(laid: Laid) -> None:
    laid.client.delete(f"links/{laid.slugs['b']}/", if_match="*")
    assert [tile["slug"] for tile in laid.client.get(laid.path).json()["links"]] == [
        laid.slugs["a"],
        laid.slugs["c"],
    ]
    assert laid.put(laid.tile("a", 1, 0), laid.tile("c", 0, 0)).status_code == 200
    with nothing_changes():
        refused = laid.put(laid.tile("a", 1, 0), laid.tile("c", 0, 0), laid.tile("b", 3, 3))
        error = assert_error(refused, 400, "invalid", "unknown")
    assert error["fields"]["unknown"] == [laid.slugs["b"]]


def test_missing_and_unknown_links_are_named(laid: Laid) -> None:
    elsewhere = make_link(laid.client, make_grid(laid.client))["slug"]
    stray = "li_" + "0" * 32
    with nothing_changes():
        answer = laid.put(laid.tile("a", 2, 2), laid.tile(stray, 0, 0), laid.tile(elsewhere, 1, 0))
        error = assert_error(answer, 400, "invalid", "missing", "unknown")
    assert error["fields"] == {
        "missing": sorted([laid.slugs["b"], laid.slugs["c"]]),
        "unknown": sorted([stray, elsewhere]),
    }


def test_overlaps_and_tiles_outside_are_named_and_none_moves(laid: Laid) -> None:
    with nothing_changes():
        answer = laid.put(
            laid.tile("a", 0, 0, 2, 2), laid.tile("b", 1, 1), laid.tile("c", 3, 0, 2, 1)
        )
        error = assert_error(answer, 400, "bad_tile", laid.slugs["b"], laid.slugs["c"])
    assert error["fields"] == {
        laid.slugs["b"]: ["The cells at x=1, y=1 are taken."],
        laid.slugs["c"]: ["A tile at x=3 of width 2 leaves the grid's 4 columns."],
    }


def test_a_link_named_twice_is_refused(laid: Laid) -> None:
    with nothing_changes():
        answer = laid.put(laid.tile("a", 0, 0), laid.tile("a", 1, 0), laid.tile("b", 2, 0))
        assert_error(answer, 400, "invalid", "links")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"links": None},
        {"links": {}},
        {"links": "all"},
        {"links": [1]},
        {"links": [{}]},
        {"links": [{"slug": "li_x", "x": 0, "y": 0, "width": 1}]},
        {"links": [{"slug": "li_x", "x": 0, "y": 0, "width": 1, "height": 1, "z": 1}]},
        {"links": [{"slug": "li_x", "x": -1, "y": 0, "width": 1, "height": 1}]},
        {"links": [{"slug": "li_x", "x": 24, "y": 0, "width": 1, "height": 1}]},
        {"links": [{"slug": "li_x", "x": 0, "y": 0.5, "width": 1, "height": 1}]},
    ],
)
def test_nonsense_is_refused(laid: Laid, body: dict[str, Any]) -> None:
    with nothing_changes():
        answer = laid.client.put(laid.path, body, if_match="*")
        assert_error(answer, 400, "invalid", "links")


def test_an_unknown_field_is_named(laid: Laid) -> None:
    with nothing_changes():
        answer = laid.client.put(laid.path, {"links": [], "columns": 2}, if_match="*")
        assert_error(answer, 400, "invalid", "columns")


def test_etags(laid: Laid) -> None:
    tiles = [laid.tile("a", 3, 3), laid.tile("b", 1, 0), laid.tile("c", 0, 1)]
    with nothing_changes():
        body = {"links": tiles}
        assert_error(laid.client.put(laid.path, body), 428, "precondition_required")
        stale = laid.put(*tiles, if_match='"3"')
        assert_error(stale, 412, "precondition_failed")
        assert stale["ETag"] == '"4"'
    # The grid's own fields have a version of their own.
    laid.client.patch(f"grids/{laid.grid['slug']}/", {"title": "new"}, if_match="*")
    assert laid.put(*tiles, if_match='"4"').status_code == 200
    # A link that comes makes the layout another one.
    make_link(laid.client, laid.grid)
    assert_error(laid.put(*tiles, if_match='"5"'), 412, "precondition_failed")


def test_an_empty_grid_has_an_empty_layout(alice: Client) -> None:
    path = f"grids/{make_grid(alice)['slug']}/layout/"
    shown = alice.get(path)
    assert (shown.json(), shown["ETag"]) == ({"next": None, "previous": None, "links": []}, '"1"')
    assert alice.put(path, {"links": []}, if_match='"1"')["ETag"] == '"2"'


def test_a_narrower_grid_is_judged_by_its_columns_now(laid: Laid) -> None:
    tiles = [laid.tile("a", 3, 0), laid.tile("b", 1, 0), laid.tile("c", 0, 1)]
    laid.client.patch(f"grids/{laid.grid['slug']}/", {"columns": 3}, if_match="*")
    with nothing_changes():
        assert_error(laid.put(*tiles), 400, "bad_tile", laid.slugs["a"])


def test_many_tiles_move_in_one_statement(alice: Client) -> None:
    """Their number, of 1,500, is more than one batch of Django's bulk_update."""
    assert alice.user
    grid = load_links(alice.user, 1_500)
    links = list(Link.objects.order_by("pk"))
    tiles = [
        {"slug": link.slug, "x": link.x, "y": link.y + 1, "width": 1, "height": 1} for link in links
    ]
    path = f"grids/{grid.slug}/layout/"
    with CaptureQueriesContext(connection) as queries:
        assert alice.put(path, {"links": tiles}, if_match="*").status_code == 200
    updates = [query for query in queries if query["sql"].lstrip().startswith("UPDATE")]
    assert len(updates) == 2  # the links, and the grid's version
    after = Link.objects.order_by("pk")
    assert [(link.x, link.y, link.version) for link in after] == [
        (link.x, link.y + 1, link.version + 1) for link in links
    ]
    modified = {link.modified_on for link in after}
    assert len(modified) == 1
    assert modified.pop() > links[0].modified_on


def test_only_the_first_tiles_that_do_not_fit_are_named(alice: Client) -> None:
    assert alice.user
    grid = load_links(alice.user, 100)
    tiles = [
        {"slug": link.slug, "x": 23, "y": 0, "width": 1, "height": 1}
        for link in Link.objects.order_by("pk")
    ]
    answer = alice.put(f"grids/{grid.slug}/layout/", {"links": tiles}, if_match="*")
    named = [str(tile["slug"]) for tile in tiles[:20]]
    assert_error(answer, 400, "bad_tile", *named)


def test_a_link_for_a_full_grid_is_refused(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(occupancy, "Y_MAX", 1)
    grid = make_grid(alice, columns=1)
    make_link(alice, grid)
    make_link(alice, grid)
    with nothing_changes():
        body = {"grid": grid["slug"], "url": URL, "title": "x"}
        error = assert_error(alice.post("links/", body), 400, "bad_tile", "x")
    assert error["fields"] == {"x": ["The grid is full."]}
