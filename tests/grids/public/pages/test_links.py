"""Test resolving keys in the database."""

from __future__ import annotations

from datetime import timedelta
from math import inf
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grids.models import Grid, Link
from grids.public.pages.links import resolve_link, resolve_view
from grids.public.pages.messages import missing
from grids.public.wire import Kind, Target
from tests.support.client import Client
from tests.support.grids.grids import make_grid, make_link

NOBODY = "li_" + "0" * 32


@pytest.fixture
def grid(alice: Client) -> dict[str, Any]:
    return make_grid(alice, visibility="public", alias="page")


def row(link: dict[str, Any]) -> Link:
    return Link.objects.get(slug=link["slug"])


def of(row: Grid | Link) -> tuple[str, str]:
    """The notices of a grid's change, and of its owner's."""
    return f"grid {row.grid_id if isinstance(row, Link) else row.pk}", f"user {row.user_id}"


def leads_to(key: str) -> str:
    """The URL, or the answer's status."""
    answer = resolve_link(key)
    headers: dict[bytes, bytes] = dict(answer.start["headers"])
    return headers.get(b"location", b"%d" % answer.start["status"]).decode()


def test_a_link_in_one_query(
    alice: Client, grid: dict[str, Any], django_assert_num_queries: Any
) -> None:
    made = make_link(alice, grid, alias="a", x=1, y=2, width=2, height=3)
    link = row(made)
    for key in (link.slug, "a"):
        with django_assert_num_queries(1):
            answer = resolve_link(key)
        target = Target(Kind.CLICK, link.user_id, link.grid_id, link.pk, "1,2,2,3")
        assert (answer.start["status"], answer.target) == (302, target)
        assert (answer.depends_on, answer.since, answer.until) == (of(link), -inf, inf)
        assert (b"location", b"https://example.org/") in answer.start["headers"]


def test_nothing_in_one_query(db: None, django_assert_num_queries: Any) -> None:
    for resolve in (resolve_link, resolve_view):
        for key in (NOBODY, "nobody"):
            with django_assert_num_queries(1):
                assert resolve(key) is missing()


def test_a_grid_in_one_query(grid: dict[str, Any], django_assert_num_queries: Any) -> None:
    found = Grid.objects.get(slug=grid["slug"])
    for key in (found.slug, "page"):
        with django_assert_num_queries(1):
            answer = resolve_view(key)
        assert (answer.start["status"], answer.depends_on) == (204, of(found))
        assert answer.target == Target(Kind.VIEW, found.user_id, found.pk)


@pytest.mark.parametrize(("visibility", "seen"), [("public", 1), ("unlisted", 1), ("private", 0)])
def test_who_may_be_visited(alice: Client, visibility: str, seen: int) -> None:
    grid = make_grid(alice, visibility=visibility, alias="page")
    link = make_link(alice, grid, alias="a")
    for key in (link["slug"], "a"):
        assert leads_to(key) == ("https://example.org/" if seen else "404")
    for key in (grid["slug"], "page"):
        assert resolve_view(key).start["status"] == (204 if seen else 404)


def test_a_private_link_is_as_good_as_none(alice: Client) -> None:
    link = make_link(alice, make_grid(alice), alias="a")
    alice.delete(f"links/{link['slug']}/", if_match="*")
    # Not even that it was there is told.
    assert resolve_link(link["slug"]) is resolve_link("a") is missing()


def test_the_trash(alice: Client, grid: dict[str, Any]) -> None:
    link, other = (make_link(alice, grid, alias=alias) for alias in "ab")
    alice.delete(f"links/{link['slug']}/", if_match="*")
    assert [leads_to(key) for key in (link["slug"], "a", other["slug"])] == [
        "410",
        "410",
        "https://example.org/",
    ]
    answer = resolve_link("a")
    assert (answer.target, answer.depends_on) == (None, of(row(link)))
    alice.delete(f"grids/{grid['slug']}/", if_match="*")
    assert [leads_to(key) for key in ("a", "b")] == ["410", "410"]
    assert resolve_view(grid["slug"]) is missing()
    alice.post(f"grids/{grid['slug']}/restore/")
    assert leads_to("b") == "https://example.org/"


def test_an_alias_that_is_used_again(alice: Client, grid: dict[str, Any]) -> None:
    first = make_link(alice, grid, alias="a", url="https://one.example/")
    alice.delete(f"links/{first['slug']}/", if_match="*")
    second = make_link(alice, grid, alias="a", url="https://two.example/")
    assert leads_to("a") == "https://two.example/"
    alice.delete(f"links/{second['slug']}/", if_match="*")
    assert leads_to("a") == "410"
    answer = resolve_link("a")
    assert answer.depends_on == of(row(second))
    third = make_link(alice, make_grid(alice), alias="a")
    # The living one is private: the one in the trash is the last that visitors know.
    assert leads_to("a") == "410"
    assert row(third).is_deleted is False


def test_an_alias_of_several_links_in_the_trash_is_that_of_the_last(
    alice: Client, grid: dict[str, Any]
) -> None:
    """Whatever the order in which they were made."""
    links = []
    for number in range(3):
        other = make_grid(alice, visibility="public")
        links.append(make_link(alice, other, alias="a" if number % 2 else "A"))
        alice.delete(f"links/{links[-1]['slug']}/", if_match="*")
    for last in (1, 0, 2):
        Link.objects.filter(slug=links[last]["slug"]).update(deleted_on=timezone.now())
        assert resolve_link("a").depends_on[0] == f"grid {row(links[last]).grid_id}"


def test_aliases_are_the_same_in_capitals(alice: Client, grid: dict[str, Any]) -> None:
    link = make_link(alice, grid, alias="Spring-Sale26")
    assert link["alias"] == "Spring-Sale26"
    for key in ("Spring-Sale26", "spring-sale26", "SPRING-SALE26"):
        assert leads_to(key) == "https://example.org/"
    alice.patch(f"grids/{grid['slug']}/", {"alias": "Page-Two"}, if_match="*")
    for key in ("Page-Two", "page-two"):
        assert resolve_view(key).depends_on[0] == f"grid {row(link).grid_id}"
    taken = alice.post(
        "links/",
        {"grid": grid["slug"], "url": "https://b.example/", "title": "B", "alias": "SPRING-sale26"},
    )
    assert (taken.status_code, list(taken.json()["error"]["fields"])) == (409, ["alias"])
    assert Link.objects.count() == 1


def test_look_ups_are_by_index(alice: Client, grid: dict[str, Any]) -> None:
    link = make_link(alice, grid, alias="Code")
    own = row(link)
    Link.objects.bulk_create(
        Link(user_id=own.user_id, grid_id=own.grid_id, url=own.url, title="x", x=0, y=number)
        for number in range(1, 500)
    )
    Grid.objects.bulk_create(Grid(user_id=own.user_id, title="x") for _ in range(500))
    with connection.cursor() as cursor:
        # With an empty table's statistics any plan is as good as another.
        cursor.execute("ANALYZE grids_link, grids_grid, accounts_user")
        cursor.execute("SET LOCAL enable_seqscan = off")
        for key in ("code", link["slug"], "page", grid["slug"]):
            with CaptureQueriesContext(connection) as queries:
                (resolve_view if key in ("page", grid["slug"]) else resolve_link)(key)
            cursor.execute(f"EXPLAIN {queries[0]['sql']}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            name = "slug" if "_" in key else "alias"
            table = "grid" if key in ("page", grid["slug"]) else "link"
            assert f"{table}_{name}" in plan
            assert "Seq Scan on grids_" not in plan


def test_an_active_window(alice: Client, grid: dict[str, Any]) -> None:
    link = make_link(alice, grid, alias="a")
    begin = timezone.now().replace(microsecond=0) + timedelta(days=1)
    end = begin + timedelta(hours=1)
    Link.objects.filter(slug=link["slug"]).update(active_from=begin, active_until=end)
    answer = resolve_link("a")
    assert (answer.start["status"], answer.depends_on) == (302, of(row(link)))
    assert (answer.since, answer.until) == (begin.timestamp(), end.timestamp())


def test_links_of_an_account_that_is_closed(alice: Client, grid: dict[str, Any]) -> None:
    assert alice.user
    make_link(alice, grid, alias="a")
    type(alice.user).objects.filter(pk=alice.user.pk).update(is_active=False)
    assert resolve_link("a") is missing()
    assert resolve_view("page") is missing()


def test_keys_of_grids_are_not_keys_of_links(alice: Client, grid: dict[str, Any]) -> None:
    link = make_link(alice, grid, alias="a")
    assert resolve_view(link["slug"]) is resolve_view("a") is missing()
    assert resolve_link(grid["slug"]) is resolve_link("page") is missing()
