"""Test concurrent writers: threads that wait at one row until all are there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from grids.models import Grid, Link
from tests.support.client import Client, make_user
from tests.support.grids.grids import URL, make_grid, make_link, place
from tests.support.race import race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner() -> Client:
    """An owner whose rows all connections see."""
    return Client(make_user("owner"))


def row(grid: dict[str, Any]) -> Any:
    return Grid.objects.filter(slug=grid["slug"])


def post(client: Client, path: str, body: dict[str, Any]) -> Callable[[], Any]:
    return lambda: client.post(path, body)


def patch(client: Client, path: str, body: dict[str, Any], if_match: str) -> Callable[[], Any]:
    return lambda: client.patch(path, body, if_match=if_match)


def statuses(responses: list[Any]) -> list[int]:
    return sorted(response.status_code for response in responses)


@pytest.mark.parametrize("kind", ["grid", "link"])
def test_of_two_changes_of_one_version_one_wins(owner: Client, kind: str) -> None:
    grid = make_grid(owner)
    path = f"grids/{grid['slug']}/"
    if kind == "link":
        path = f"links/{make_link(owner, grid)['slug']}/"
    responses = race(
        row(grid), *(patch(owner, path, {"title": title}, '"1"') for title in ("one", "two"))
    )
    assert statuses(responses) == [200, 412]
    (winner,) = (response.json() for response in responses if response.status_code == 200)
    kept = owner.get(path).json()
    assert (kept["title"], kept["version"]) == (winner["title"], 2)


def test_of_many_creates_at_one_place_exactly_one_succeeds(owner: Client) -> None:
    grid = make_grid(owner)
    body = {"grid": grid["slug"], "url": URL, "title": "T", "x": 2, "y": 3}
    responses = race(row(grid), *[post(owner, "links/", body)] * 4)
    assert statuses(responses) == [201, 400, 400, 400]
    refused = [r.json()["error"]["code"] for r in responses if r.status_code == 400]
    assert refused == ["bad_tile"] * 3
    assert Link.objects.count() == 1


def test_creates_without_a_place_never_overlap(owner: Client) -> None:
    grid = make_grid(owner, columns=2)
    body = {"grid": grid["slug"], "url": URL, "title": "T"}
    many = {"create": [body, {**body, "width": 2}]}
    responses = race(
        row(grid), *[post(owner, "links/", body)] * 2, *[post(owner, "links/bulk/", many)] * 2
    )
    assert statuses(responses) == [200, 200, 201, 201]
    cells = [(x, link.y) for link in Link.objects.all() for x in range(link.x, link.x + link.width)]
    assert len(cells) == len(set(cells)) == 2 * 1 + 2 * 3


def test_a_create_and_a_layout_never_overlap(owner: Client) -> None:
    grid = make_grid(owner)
    link = make_link(owner, grid)
    tiles = {"links": [{"slug": link["slug"], "x": 5, "y": 5, "width": 1, "height": 1}]}
    body = {"grid": grid["slug"], "url": URL, "title": "T", "x": 5, "y": 5}
    saved, created = race(
        row(grid),
        lambda: owner.put(f"grids/{grid['slug']}/layout/", tiles, if_match='"2"'),
        post(owner, "links/", body),
    )
    # Whoever came second was told: the layout that it was out of date, the link that its place is taken.
    assert (saved.status_code, created.status_code) in [(200, 400), (412, 201)]
    assert Link.objects.filter(x=5, y=5).count() == 1


def test_narrowing_and_placing_never_leave_a_tile_outside(owner: Client) -> None:
    grid = make_grid(owner, columns=6)
    body = {"grid": grid["slug"], "url": URL, "title": "T", "x": 5, "y": 0}
    narrowed, created = race(
        row(grid),
        patch(owner, f"grids/{grid['slug']}/", {"columns": 3}, '"1"'),
        post(owner, "links/", body),
    )
    assert (narrowed.status_code, created.status_code) in [(200, 400), (400, 201)]
    columns = row(grid).get().columns
    assert all(link.x + link.width <= columns for link in Link.objects.all())


def test_a_link_is_moved_to_one_of_two_grids(owner: Client) -> None:
    start, one, two = make_grid(owner), make_grid(owner), make_grid(owner)
    link = make_link(owner, start)
    path = f"links/{link['slug']}/"
    responses = race(
        row(start), *(patch(owner, path, {"grid": grid["slug"]}, '"1"') for grid in (one, two))
    )
    assert statuses(responses) == [200, 412]
    (winner,) = (response.json() for response in responses if response.status_code == 200)
    assert owner.get(path).json() == winner
    assert place(winner) == (0, 0, 1, 1)


def test_a_change_that_meets_a_move_is_told_and_does_nothing(owner: Client) -> None:
    start, end = make_grid(owner), make_grid(owner)
    link = make_link(owner, start)
    path = f"links/{link['slug']}/"
    moved, renamed = race(
        row(start),
        patch(owner, path, {"grid": end["slug"]}, "*"),
        patch(owner, path, {"title": "new"}, "*"),
    )
    assert moved.status_code == 200
    assert renamed.status_code in (200, 409)
    kept = owner.get(path).json()
    assert kept["grid"] == end["slug"]
    assert (kept["title"] == "new") == (renamed.status_code == 200)


@pytest.mark.parametrize("kind", ["grids", "links"])
def test_a_trashed_thing_is_restored_once(owner: Client, kind: str) -> None:
    grid = make_grid(owner)
    slug = grid["slug"] if kind == "grids" else make_link(owner, grid)["slug"]
    owner.delete(f"{kind}/{slug}/", if_match="*")
    responses = race(row(grid), *[post(owner, f"{kind}/{slug}/restore/", {})] * 2)
    assert statuses(responses) == [200, 404]


def test_links_that_change_places_between_two_grids_do_not_lock_each_other_out(
    owner: Client,
) -> None:
    """Both writers need both grids; they lock them in one order, so neither waits for ever."""
    grids = [make_grid(owner), make_grid(owner)]
    links = [make_link(owner, grid) for grid in grids]
    responses = race(
        row(grids[0]),
        patch(owner, f"links/{links[0]['slug']}/", {"grid": grids[1]["slug"]}, "*"),
        patch(owner, f"links/{links[1]['slug']}/", {"grid": grids[0]["slug"]}, "*"),
    )
    assert statuses(responses) == [200, 200]
    assert [response.json()["grid"] for response in responses] == [
        grids[1]["slug"],
        grids[0]["slug"],
    ]


def test_an_alias_wanted_by_two_is_given_to_one(owner: Client) -> None:
    other = Client(make_user("other"))
    keeper = make_grid(owner, alias="fox")
    mine, theirs = make_grid(owner), make_grid(other)
    owner.patch(f"grids/{keeper['slug']}/", {"alias": None}, if_match="*")
    responses = race(
        Grid.objects.filter(slug__in=[mine["slug"], theirs["slug"]]),
        patch(owner, f"grids/{mine['slug']}/", {"alias": "fox"}, "*"),
        patch(other, f"grids/{theirs['slug']}/", {"alias": "fox"}, "*"),
    )
    assert statuses(responses) == [200, 409]
    assert Grid.objects.filter(alias="fox").count() == 1
