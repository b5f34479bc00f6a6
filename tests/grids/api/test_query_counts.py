"""Test the number of queries of each request, which must not grow with the rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from grids.models import Grid, Link, Visibility
from grids.selectors import PROFILE_LINKS
from tests.support.client import Client

Counted = Callable[[int], Any]
# One of each request's queries finds the token and its user.
# Savepoints count: inside a test's transaction each `atomic` block is one, which takes two.
SIZES = pytest.mark.parametrize("rows", [3, 30])


def make_grid(client: Client, links: int, number: int = 0) -> Grid:
    """A public grid with links in a row, each with the tag `read` and a title of its own."""
    assert client.user
    grid = Grid.objects.create(
        user=client.user, title=f"Grid {number}", visibility=Visibility.PUBLIC
    )
    Link.objects.bulk_create(
        Link(
            user=client.user,
            grid=grid,
            url="https://example.org/",
            url_key=f"{index:032x}",
            title=f"Garden {index}",
            tags=["read"],
            x=0,
            y=index,
        )
        for index in range(links)
    )
    return grid


@SIZES
def test_profile(
    alice: Client, anonymous: Client, rows: int, django_assert_num_queries: Counted
) -> None:
    for number in range(rows):
        make_grid(alice, rows, number)
    with django_assert_num_queries(3):
        profile = anonymous.get("users/alice/?limit=50").json()
    assert [len(grid["links"]) for grid in profile["grids"]] == [min(rows, PROFILE_LINKS)] * rows


def test_profile_with_more_than_it_shows(
    alice: Client, anonymous: Client, django_assert_num_queries: Counted
) -> None:
    make_grid(alice, 150)
    for number in range(30):
        make_grid(alice, 0, number)
    # Newest first: a page of grids without a link has no links to ask for.
    with django_assert_num_queries(2):
        first = anonymous.get("users/alice/").json()
    with django_assert_num_queries(3):
        second = anonymous.get(first["next"]).json()
    assert [len(first["grids"]), len(second["grids"])] == [20, 11]
    assert len(second["grids"][-1]["links"]) == PROFILE_LINKS
    assert second["grids"][-1]["links_total"] == 150


@SIZES
@pytest.mark.parametrize("query", ["", "?q=grid", "?visibility=public", "?ordering=title"])
def test_grid_list(
    alice: Client, rows: int, query: str, django_assert_num_queries: Counted
) -> None:
    for number in range(rows):
        make_grid(alice, rows, number)
    with django_assert_num_queries(2):
        grids = alice.get(f"grids/{query}").json()["results"]
    assert [grid["links_total"] for grid in grids] == [rows] * rows


@SIZES
@pytest.mark.parametrize(
    ("path", "queries"),
    [
        pytest.param("grids/{slug}/", 3, id="detail"),
        pytest.param("grids/{slug}/layout/", 3, id="layout"),
        pytest.param("grids/{slug}/links/", 3, id="links"),
        pytest.param("grids/{slug}/links/?ordering=-created_on", 3, id="links newest first"),
        pytest.param("links/", 2, id="all links"),
        pytest.param("links/?q=garden", 2, id="search"),
        pytest.param("links/?tag=read", 2, id="tag"),
        pytest.param("links/?url=https://example.org/", 2, id="url"),
        pytest.param("links/?grid={slug}", 2, id="links of a grid"),
        pytest.param("links/?created_from=2020-01-01", 2, id="links since"),
        pytest.param("links/?deleted=true", 2, id="trash"),
    ],
)
def test_reads(
    alice: Client, rows: int, path: str, queries: int, django_assert_num_queries: Counted
) -> None:
    grid = make_grid(alice, rows)
    with django_assert_num_queries(queries):
        assert alice.get(path.format(slug=grid.slug)).status_code == 200


def test_link_detail(alice: Client, django_assert_num_queries: Counted) -> None:
    link = make_grid(alice, 3).links.first()
    assert link
    with django_assert_num_queries(2):
        assert alice.get(f"links/{link.slug}/").status_code == 200


@SIZES
def test_next_and_previous_page(
    alice: Client, rows: int, django_assert_num_queries: Counted
) -> None:
    make_grid(alice, rows)
    first = alice.get("links/?limit=1").json()
    with django_assert_num_queries(2):
        second = alice.get(first["next"]).json()
    with django_assert_num_queries(2):
        again = alice.get(second["previous"]).json()
    assert again["results"] == first["results"]


@SIZES
def test_create_link(alice: Client, rows: int, django_assert_num_queries: Counted) -> None:
    grid = make_grid(alice, rows)
    body = {"url": "https://example.org/", "title": "One more"}
    with django_assert_num_queries(9):
        assert alice.post("links/", {**body, "grid": grid.slug}).status_code == 201
    with django_assert_num_queries(10):
        assert alice.post(f"grids/{grid.slug}/links/", body).status_code == 201


@SIZES
def test_change_link(alice: Client, rows: int, django_assert_num_queries: Counted) -> None:
    link = make_grid(alice, rows).links.order_by("y")[0]
    # A change that moves no tile does not read the others.
    with django_assert_num_queries(9):
        answer = alice.patch(f"links/{link.slug}/", {"title": "New"}, **{"If-Match": '"1"'})
    assert answer.status_code == 200
    with django_assert_num_queries(11):
        answer = alice.patch(f"links/{link.slug}/", {"x": 5, "y": 0}, **{"If-Match": '"2"'})
    assert answer.status_code == 200


@SIZES
def test_save_layout(alice: Client, rows: int, django_assert_num_queries: Counted) -> None:
    grid = make_grid(alice, rows)
    links = alice.get(f"grids/{grid.slug}/layout/").json()["links"]
    moved = [{**link, "x": 5} for link in links]
    with django_assert_num_queries(9):
        answer = alice.put(f"grids/{grid.slug}/layout/", {"links": moved}, **{"If-Match": '"1"'})
    assert answer.json()["links"] == moved


@pytest.mark.parametrize("rows", [3, 60])
def test_bulk(alice: Client, rows: int, django_assert_num_queries: Counted) -> None:
    grid = make_grid(alice, rows)
    slugs = list(grid.links.order_by("y").values_list("slug", flat=True))
    third = rows // 3
    body = {
        "delete": [{"slug": slug} for slug in slugs[:third]],
        "update": [{"slug": slug, "title": "New"} for slug in slugs[third : 2 * third]],
        "create": [{"grid": grid.slug, "url": "https://example.org/", "title": "One more"}] * third,
    }
    with django_assert_num_queries(13):
        answer = alice.post("links/bulk/", body).json()
    assert (answer["done"], answer["failed"]) == (3 * third, 0)
