"""Test the place of a link: given, found, refused, moved and restored."""

from __future__ import annotations

from typing import Any

import pytest

from grids.models import Grid, Link
from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.grids.grids import URL, make_grid, make_link, place


def layout_version(grid: dict[str, Any]) -> int:
    return Grid.objects.get(slug=grid["slug"]).layout_version


def test_the_first_free_place_row_by_row(alice: Client) -> None:
    grid = make_grid(alice, columns=3)
    sizes = [(1, 1), (2, 2), (1, 1), (3, 1), (1, 1)]
    links = [make_link(alice, grid, width=width, height=height) for width, height in sizes]
    assert [place(link) for link in links] == [
        (0, 0, 1, 1),
        (1, 0, 2, 2),
        (0, 1, 1, 1),
        (0, 2, 3, 1),
        (0, 3, 1, 1),
    ]
    assert layout_version(grid) == 6


def test_a_gap_is_filled_first(alice: Client) -> None:
    grid = make_grid(alice, columns=2)
    links = [make_link(alice, grid) for _ in range(4)]
    alice.delete(f"links/{links[1]['slug']}/", if_match="*")
    assert place(make_link(alice, grid)) == (1, 0, 1, 1)
    assert place(make_link(alice, grid)) == (0, 2, 1, 1)


def test_a_wished_place_is_given_to_the_edges(alice: Client) -> None:
    grid = make_grid(alice, columns=24)
    link = make_link(alice, grid, x=23, y=1_000_000, height=50)
    assert place(link) == (23, 1_000_000, 1, 50)
    assert place(make_link(alice, grid, x=0, y=0, width=24)) == (0, 0, 24, 1)


TAKEN = "The cells at x={x}, y={y} are taken."
WIDE = "A tile at x={x} of width {width} leaves the grid's 4 columns."
REFUSED = [
    ({"x": 1, "y": 1}, TAKEN),
    ({"x": 0, "y": 0, "width": 2, "height": 2}, TAKEN),
    ({"x": 2, "y": 2, "width": 2, "height": 1}, TAKEN),
    ({"x": 0, "y": 1, "width": 4, "height": 1}, TAKEN),
    ({"x": 4, "y": 0, "width": 1}, WIDE),
    ({"x": 3, "y": 0, "width": 2}, WIDE),
]


@pytest.mark.parametrize(("tile", "message"), REFUSED)
def test_a_place_that_is_taken_or_outside_is_refused(
    alice: Client, tile: dict[str, Any], message: str
) -> None:
    grid = make_grid(alice, columns=4)
    make_link(alice, grid, x=1, y=1, width=2, height=2)
    mover = make_link(alice, grid, x=0, y=5)
    with nothing_changes():
        body = {"grid": grid["slug"], "url": URL, "title": "T", **tile}
        error = assert_error(alice.post("links/", body), 400, "bad_tile", "x")
        assert error["message"] == message.format(**tile)
        moved = alice.patch(f"links/{mover['slug']}/", tile, if_match="*")
        assert_error(moved, 400, "bad_tile", "x")


def test_a_tile_wider_than_the_grid_has_no_place(alice: Client) -> None:
    grid = make_grid(alice, columns=4)
    with nothing_changes():
        body = {"grid": grid["slug"], "url": URL, "title": "T", "width": 5}
        error = assert_error(alice.post("links/", body), 400, "bad_tile", "x")
    assert error["message"] == "A tile of width 5 is wider than 4 columns."


@pytest.mark.parametrize("half", [{"x": 1}, {"y": 1}])
def test_half_a_place_is_refused(alice: Client, half: dict[str, int]) -> None:
    grid = make_grid(alice)
    with nothing_changes():
        body = {"grid": grid["slug"], "url": URL, "title": "T", **half}
        assert_error(alice.post("links/", body), 400, "invalid", "x")


def test_a_link_may_grow_over_its_own_cells_and_move_by_one_coordinate(alice: Client) -> None:
    grid = make_grid(alice, columns=4)
    link = make_link(alice, grid, x=1, y=1)
    path = f"links/{link['slug']}/"
    grown = alice.patch(path, {"x": 0, "y": 0, "width": 3, "height": 3}, if_match="*").json()
    assert place(grown) == (0, 0, 3, 3)
    assert place(alice.patch(path, {"x": 1}, if_match="*").json()) == (1, 0, 3, 3)
    assert place(alice.patch(path, {"y": 2}, if_match="*").json()) == (1, 2, 3, 3)
    # Its old cells are free again.
    assert place(make_link(alice, grid, width=4, height=2)) == (0, 0, 4, 2)


def test_only_a_change_of_place_counts_for_the_layout(alice: Client) -> None:
    grid = make_grid(alice)
    link = make_link(alice, grid)
    path = f"links/{link['slug']}/"
    assert layout_version(grid) == 2
    alice.patch(path, {"title": "new", "tags": ["a"]}, if_match="*")
    assert layout_version(grid) == 2
    alice.patch(path, {"y": 1}, if_match="*")
    assert layout_version(grid) == 3
    alice.delete(path, if_match="*")
    assert layout_version(grid) == 4
    alice.post(f"{path}restore/")
    assert layout_version(grid) == 5


def test_moving_to_another_grid(alice: Client) -> None:
    start, end = make_grid(alice), make_grid(alice, columns=2)
    standing = make_link(alice, end)
    link = make_link(alice, start, x=5, y=7, alias="fox")
    path = f"links/{link['slug']}/"
    moved = alice.patch(path, {"grid": end["slug"]}, if_match='"1"').json()
    assert (moved["grid"], place(moved), moved["version"]) == (end["slug"], (1, 0, 1, 1), 2)
    assert [layout_version(start), layout_version(end)] == [3, 3]
    assert alice.get(f"grids/{start['slug']}/links/").json()["results"] == []
    slugs = [row["slug"] for row in alice.get(f"grids/{end['slug']}/links/").json()["results"]]
    assert slugs == [standing["slug"], link["slug"]]
    back = {"grid": start["slug"], "x": 3, "y": 3, "width": 2}
    assert place(alice.patch(path, back, if_match="*").json()) == (3, 3, 2, 1)


def test_naming_the_same_grid_is_no_move(alice: Client) -> None:
    grid = make_grid(alice)
    link = make_link(alice, grid, x=4, y=4)
    same = alice.patch(f"links/{link['slug']}/", {"grid": grid["slug"]}, if_match="*").json()
    assert place(same) == (4, 4, 1, 1)


def test_moves_that_are_refused(alice: Client, bob: Client) -> None:
    grid, narrow = make_grid(alice), make_grid(alice, columns=2)
    link = make_link(alice, grid, width=3)
    make_link(alice, narrow, x=0, y=0)
    gone = make_grid(alice)
    alice.delete(f"grids/{gone['slug']}/", if_match="*")
    theirs = make_grid(bob, visibility="public")
    path = f"links/{link['slug']}/"
    with nothing_changes():
        for slug in (theirs["slug"], gone["slug"], "gr_" + "0" * 32, "nonsense"):
            answer = alice.patch(path, {"grid": slug}, if_match="*")
            assert_error(answer, 404, "not_found", "grid")
            body = {"grid": slug, "url": URL, "title": "T"}
            assert_error(alice.post("links/", body), 404, "not_found", "grid")
        wide = alice.patch(path, {"grid": narrow["slug"]}, if_match="*")
        assert_error(wide, 400, "bad_tile", "x")
        taken = {"grid": narrow["slug"], "width": 1, "x": 0, "y": 0}
        assert_error(alice.patch(path, taken, if_match="*"), 400, "bad_tile", "x")
        half = {"grid": narrow["slug"], "width": 1, "x": 1}
        assert_error(alice.patch(path, half, if_match="*"), 400, "invalid", "x")


def test_restore_to_the_old_place_when_it_is_free(alice: Client) -> None:
    grid = make_grid(alice)
    link = make_link(alice, grid, x=4, y=2, width=2)
    alice.delete(f"links/{link['slug']}/", if_match="*")
    make_link(alice, grid)
    assert place(alice.post(f"links/{link['slug']}/restore/").json()) == (4, 2, 2, 1)


def test_restore_to_the_first_free_place_when_it_is_taken(alice: Client) -> None:
    grid = make_grid(alice)
    link = make_link(alice, grid, x=0, y=0, width=2)
    alice.delete(f"links/{link['slug']}/", if_match="*")
    make_link(alice, grid, x=1, y=0)
    assert place(alice.post(f"links/{link['slug']}/restore/").json()) == (2, 0, 2, 1)


def test_restore_to_a_grid_that_became_narrower(alice: Client) -> None:
    grid = make_grid(alice, columns=6)
    link = make_link(alice, grid, x=2, y=0, width=4)
    alice.delete(f"links/{link['slug']}/", if_match="*")
    alice.patch(f"grids/{grid['slug']}/", {"columns": 3}, if_match="*")
    assert place(alice.post(f"links/{link['slug']}/restore/").json()) == (0, 0, 3, 1)


def test_no_two_tiles_overlap_after_all_that(alice: Client) -> None:
    grid = make_grid(alice, columns=5)
    links = [make_link(alice, grid, width=1 + n % 3, height=1 + n % 2) for n in range(12)]
    for link in links[::3]:
        alice.delete(f"links/{link['slug']}/", if_match="*")
    make_link(alice, grid, width=5)
    for link in links[::3]:
        alice.post(f"links/{link['slug']}/restore/")
    cells = [
        (x, y)
        for link in Link.objects.filter(is_deleted=False)
        for x in range(link.x, link.x + link.width)
        for y in range(link.y, link.y + link.height)
    ]
    assert len(cells) == len(set(cells)) == 5 + sum((1 + n % 3) * (1 + n % 2) for n in range(12))
    assert max(x for x, _ in cells) == 4
