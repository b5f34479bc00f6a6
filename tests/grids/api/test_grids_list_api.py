"""Test `GET grids/`: filters, search, order and pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from grids.models import Grid
from tests.support.client import Client
from tests.support.grids.checks import assert_error
from tests.support.grids.grids import make_grid, make_link, titles

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def made(client: Client, title: str, day: int, **fields: Any) -> dict[str, Any]:
    """A grid made on a day of January 2026."""
    grid = make_grid(client, title=title, **fields)
    Grid.objects.filter(slug=grid["slug"]).update(created_on=BEGIN + timedelta(days=day))
    return grid


@pytest.fixture
def three(alice: Client) -> dict[str, dict[str, Any]]:
    """Made in the order b, c, a; changed in the order c, a, b."""
    grids = {
        "b": made(alice, "b", 1, visibility="public", description="Tea from Kyōto"),
        "c": made(alice, "c", 2, visibility="unlisted", description="Coffee"),
        "a": made(alice, "a", 3, visibility="public", description="TEA, black"),
    }
    for hours, name in enumerate("cab"):
        changed = BEGIN + timedelta(hours=hours)
        Grid.objects.filter(slug=grids[name]["slug"]).update(modified_on=changed)
    return grids


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "acb"),
        ("ordering=created_on", "bca"),
        ("ordering=-created_on", "acb"),
        ("ordering=modified_on", "cab"),
        ("ordering=-modified_on", "bac"),
        ("ordering=title", "abc"),
        ("ordering=-title", "cba"),
        ("visibility=public", "ab"),
        ("visibility=private", ""),
        ("q=tea", "ab"),
        ("q=te", "ab"),
        ("q=TEA black", "a"),
        ("q=KYŌTO", "b"),
        ("q=ea", ""),
        ("q=tea&visibility=unlisted", ""),
        ("deleted=true", ""),
    ],
)
@pytest.mark.usefixtures("three")
def test_filters_and_orders(alice: Client, query: str, expected: str) -> None:
    assert "".join(titles(alice.get(f"grids/?{query}"))) == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("visibility=secret", "visibility"),
        ("ordering=position", "ordering"),
        ("ordering=id", "ordering"),
        ("deleted=maybe", "deleted"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("q=" + "x" * 201, "q"),
        ("q=%21%3F", "q"),
        ("q=nul%00", "q"),
        ("page=2", "page"),
        ("user=bob", "user"),
    ],
)
def test_a_bad_parameter_is_named(alice: Client, query: str, field: str) -> None:
    assert_error(alice.get(f"grids/?{query}"), 400, "invalid", field)


@pytest.mark.parametrize(
    "ordering", ["created_on", "-created_on", "modified_on", "-modified_on", "title", "-title"]
)
def test_pages_forth_and_back_meet_every_grid_once(alice: Client, ordering: str) -> None:
    """Titles and times repeat, so only the id tells some of the rows apart."""
    for number in range(7):
        made(alice, "ab"[number % 2], number // 3)
    Grid.objects.update(modified_on=BEGIN)
    whole = [row["slug"] for row in alice.get(f"grids/?ordering={ordering}").json()["results"]]
    assert len(set(whole)) == 7
    pages, url = [], f"grids/?limit=3&ordering={ordering}"
    while url:
        page = alice.get(url).json()
        pages.append(page)
        url = page["next"]
    assert [[row["slug"] for row in page["results"]] for page in pages] == [
        whole[:3],
        whole[3:6],
        whole[6:],
    ]
    assert pages[0]["previous"] is None
    back = alice.get(pages[2]["previous"]).json()
    assert [row["slug"] for row in back["results"]] == whole[3:6]
    first = alice.get(back["previous"]).json()
    assert [row["slug"] for row in first["results"]] == whole[:3]
    assert first["previous"] is None
    assert [row["slug"] for row in alice.get(first["next"]).json()["results"]] == whole[3:6]


def test_a_page_keeps_its_place_when_grids_are_added(alice: Client) -> None:
    for number in range(4):
        made(alice, str(number), number)
    page = alice.get("grids/?limit=2").json()
    made(alice, "new", 9)
    assert titles(alice.get(page["next"])) == ["1", "0"]


def test_a_link_to_the_next_page_keeps_the_filters(alice: Client) -> None:
    for number in range(3):
        make_grid(alice, title=f"tea {number}", visibility="public")
        make_grid(alice, title="other")
    page = alice.get("grids/?q=tea&visibility=public&limit=1&ordering=title").json()
    query = parse_qs(urlsplit(page["next"]).query)
    assert {name: query[name] for name in ("q", "visibility", "limit", "ordering")} == {
        "q": ["tea"],
        "visibility": ["public"],
        "limit": ["1"],
        "ordering": ["title"],
    }
    assert titles(alice.get(page["next"])) == ["tea 1"]


def test_one_query_counts_the_links_of_all_grids(
    alice: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(3):
        grid = make_grid(alice, title=str(number))
        links = [make_link(alice, grid) for _ in range(number + 1)]
        alice.delete(f"links/{links[0]['slug']}/", if_match="*")
    with django_assert_num_queries(2):  # the token's, and the list's
        page = alice.get("grids/?ordering=title").json()
    assert [row["links_total"] for row in page["results"]] == [0, 1, 2]
