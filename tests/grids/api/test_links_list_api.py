"""Test `GET links/` and `grids/{slug}/links/`: filters, search, order and pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from grids.models import Link
from tests.support.client import Client
from tests.support.grids.checks import assert_error
from tests.support.grids.grids import make_grid, make_link, titles

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def grid(alice: Client) -> dict[str, Any]:
    """A grid of Alice's."""
    return make_grid(alice)


@pytest.fixture
def three(alice: Client, grid: dict[str, Any]) -> dict[str, Any]:
    """Made in the order b, c, a; changed c, a, b; standing a, c, b. `c` is on a grid of its own."""
    other = make_grid(alice)
    links = {
        "b": make_link(alice, grid, title="b", x=0, y=1, tags=["red", "blue"]),
        "c": make_link(alice, other, title="c", tags=["Red"]),
        "a": make_link(alice, grid, title="a", x=5, y=0, tags=["red"]),
    }
    for number, name in enumerate("bca"):
        created = BEGIN + timedelta(days=number)
        Link.objects.filter(slug=links[name]["slug"]).update(created_on=created)
    for number, name in enumerate("cab"):
        changed = BEGIN + timedelta(hours=number)
        Link.objects.filter(slug=links[name]["slug"]).update(modified_on=changed)
    return links


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "acb"),
        ("ordering=created_on", "bca"),
        ("ordering=modified_on", "cab"),
        ("ordering=-modified_on", "bac"),
        ("ordering=title", "abc"),
        ("ordering=-title", "cba"),
        ("grid={grid}", "ab"),
        ("grid=gr_00000000000000000000000000000000", ""),
        ("tag=red", "ab"),
        ("tag=Red", "c"),
        ("tag=re", ""),
        ("tag=blue&grid={grid}", "b"),
        ("created_from=2026-01-02T00:00:00Z", "ac"),
        ("created_until=2026-01-02T00:00:00Z", "b"),
        ("created_from=2026-01-02T01:00:00%2B01:00&created_until=2026-01-03T00:00:00Z", "c"),
        ("deleted=true", ""),
    ],
)
@pytest.mark.usefixtures("three")
def test_filters_and_orders(alice: Client, grid: dict[str, Any], query: str, expected: str) -> None:
    url = "links/?" + query.format(grid=grid["slug"])
    assert "".join(titles(alice.get(url))) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "ab"),
        ("ordering=position", "ab"),
        ("ordering=-position", "ba"),
        ("ordering=title", "ab"),
    ],
)
@pytest.mark.usefixtures("three")
def test_a_grids_links_come_in_reading_order(
    alice: Client, grid: dict[str, Any], query: str, expected: str
) -> None:
    assert "".join(titles(alice.get(f"grids/{grid['slug']}/links/?{query}"))) == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("ordering=position", "ordering"),
        ("grid=nonsense", "grid"),
        ("grid=gr_00000000000000000000000000000000%0ax", "grid"),
        ("tag=" + "x" * 65, "tag"),
        ("tag=nul%00", "tag"),
        ("url=javascript:alert(1)", "url"),
        ("url=nonsense", "url"),
        ("created_from=yesterday", "created_from"),
        ("created_until=2026-02-30T00:00:00Z", "created_until"),
        ("q=%26%7C%21", "q"),
        ("search=x", "search"),
    ],
)
def test_a_bad_parameter_is_named(alice: Client, query: str, field: str) -> None:
    assert_error(alice.get(f"links/?{query}"), 400, "invalid", field)


def test_pages_forth_and_back_where_all_times_are_equal(
    alice: Client, grid: dict[str, Any]
) -> None:
    for number in range(7):
        make_link(alice, grid, title=str(number))
    Link.objects.update(created_on=BEGIN)
    first = alice.get("links/?limit=3").json()
    second = alice.get(first["next"]).json()
    third = alice.get(second["next"]).json()
    pages = [[row["title"] for row in page["results"]] for page in (first, second, third)]
    assert pages == [["6", "5", "4"], ["3", "2", "1"], ["0"]]
    assert third["next"] is None
    assert titles(alice.get(third["previous"])) == pages[1]
    assert titles(alice.get(alice.get(third["previous"]).json()["previous"])) == pages[0]


def test_pages_in_reading_order(alice: Client, grid: dict[str, Any]) -> None:
    for number in range(5):
        make_link(alice, grid, title=str(number), x=number % 2, y=number // 2)
    url, seen = f"grids/{grid['slug']}/links/?limit=2", []
    while url:
        page = alice.get(url).json()
        seen.append([row["title"] for row in page["results"]])
        url = page["next"]
    assert seen == [["0", "1"], ["2", "3"], ["4"]]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a?x=1&y=2",
        "HTTPS://EXAMPLE.org:443/a?y=2&x=1",
        "https://example.org/%61?x=1&y=2",
    ],
)
def test_the_url_filter_finds_every_link_to_the_same_place(
    alice: Client, grid: dict[str, Any], url: str
) -> None:
    typed = "https://Example.ORG/a?y=2&x=1"
    make_link(alice, grid, title="same", url=typed)
    make_link(alice, grid, title="other", url="https://example.org/b?x=1&y=2")
    make_link(alice, grid, title="insecure", url="http://example.org/a?x=1&y=2")
    response = alice.http.get("/api/v1/links/", {"url": url})
    assert titles(response) == ["same"]
    assert response.json()["results"][0]["url"] == typed


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("ärger", ["umlaut"]),
        ("ÄRGER", ["umlaut"]),
        ("ärg", ["umlaut"]),
        ("rger", []),
        ("ΑΘΉΝΑ", ["greek"]),
        ("почта", ["cyrillic"]),
        ("日本", ["japanese"]),
        ("postgresql.org", ["database"]),
        ("www.postgresql.org/docs", ["database"]),
        ("POSTGRES", ["database"]),
        ("docs org", ["database"]),
        ("docs umlaut", []),
        ("don't", ["umlaut"]),
        ("snake_case", ["database"]),
        ("case", ["database"]),
        ("a & !b | (c) <-> 'd':*", []),
        ("umlaut \\", ["umlaut"]),
    ],
)
def test_search(alice: Client, grid: dict[str, Any], q: str, expected: list[str]) -> None:
    make_link(alice, grid, title="umlaut", note="Ärger, don't you?")
    make_link(alice, grid, title="greek", note="Αθήνα")
    make_link(alice, grid, title="cyrillic", note="ПОЧТА")
    make_link(alice, grid, title="japanese", note="日本語のページ")
    url = "https://www.postgresql.org/docs/snake_case.html"
    make_link(alice, grid, title="database", url=url)
    assert titles(alice.http.get("/api/v1/links/", {"q": q})) == expected


def test_search_follows_changes_and_leaves_the_trash_out(
    alice: Client, grid: dict[str, Any]
) -> None:
    link = make_link(alice, grid, title="before")
    alice.patch(f"links/{link['slug']}/", {"title": "after"}, if_match="*")
    assert titles(alice.get("links/?q=before")) == []
    assert titles(alice.get("links/?q=after")) == ["after"]
    alice.delete(f"links/{link['slug']}/", if_match="*")
    assert titles(alice.get("links/?q=after")) == []
    assert titles(alice.get("links/?q=after&deleted=true")) == ["after"]


def test_a_page_of_links_takes_two_queries(
    alice: Client, grid: dict[str, Any], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        make_link(alice, grid, title=str(number))
    with django_assert_num_queries(2):  # the token's, and the list's
        assert len(alice.get("links/?q=1").json()["results"]) == 1
    with django_assert_num_queries(3):  # the grid's, too
        assert len(alice.get(f"grids/{grid['slug']}/links/").json()["results"]) == 5
