"""Test `users/{username}/`: what visitors see of a user."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from grids.models import Grid, Link
from grids.selectors import PROFILE_LINKS
from tests.support.client import Client
from tests.support.grids.checks import assert_error
from tests.support.grids.grids import make_grid, make_link

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def public_grids(client: Client, count: int) -> list[dict[str, Any]]:
    """Public grids named 0, 1, …, a day after each other."""
    grids = [make_grid(client, title=str(number), visibility="public") for number in range(count)]
    for number, grid in enumerate(grids):
        Grid.objects.filter(slug=grid["slug"]).update(created_on=BEGIN + timedelta(days=number))
    return grids


def test_the_whole_answer(alice: Client, anonymous: Client) -> None:
    assert alice.user
    alice.user.display_name, alice.user.email = "Alice A.", "alice@example.org"
    alice.user.save()
    grid = make_grid(
        alice, title="Mine", description="d", alias="mine", visibility="public", columns=3
    )
    second = make_link(alice, grid, title="second", x=0, y=1, note="n", tags=["t"], alias="al")
    first = make_link(
        alice, grid, title="first", x=2, y=0, background="#000000", style={"radius": 1}
    )
    response = anonymous.get("users/alice/")
    assert response.status_code == 200
    shown = ("slug", "url", "short_url", "title", "tags", "x", "y", "width", "height")
    assert response.json() == {
        "slug": alice.user.slug,
        "username": "alice",
        "display_name": "Alice A.",
        "created_on": alice.user.created_on.isoformat().replace("+00:00", "Z"),
        "next": None,
        "previous": None,
        "grids": [
            {
                **{name: grid[name] for name in ("slug", "title", "description", "alias")},
                **{
                    name: grid[name] for name in ("theme", "colour_scheme", "columns", "created_on")
                },
                "links_total": 2,
                "links_url": f"http://testserver/api/v1/grids/{grid['slug']}/links/",
                "links": [
                    {name: link[name] for name in (*shown, "background", "style")}
                    for link in (first, second)
                ],
            }
        ],
    }


def test_only_public_live_grids_and_live_links_are_shown(alice: Client, bob: Client) -> None:
    for visibility in ("private", "unlisted"):
        make_link(alice, make_grid(alice, visibility=visibility))
    gone = make_grid(alice, visibility="public")
    alice.delete(f"grids/{gone['slug']}/", if_match="*")
    shown = make_grid(alice, visibility="public", title="shown")
    make_link(alice, shown, title="live")
    trashed = make_link(alice, shown)
    alice.delete(f"links/{trashed['slug']}/", if_match="*")
    make_link(bob, make_grid(bob, visibility="public"))
    for client in (alice, bob, Client()):
        grids = client.get("users/alice/").json()["grids"]
        assert [grid["title"] for grid in grids] == ["shown"]
        assert [link["title"] for link in grids[0]["links"]] == ["live"]
        assert grids[0]["links_total"] == 1


def test_three_queries_at_any_size(
    alice: Client, anonymous: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for grid in public_grids(alice, 4):
        for _ in range(3):
            make_link(alice, grid)
    with django_assert_num_queries(3):
        assert len(anonymous.get("users/alice/").json()["grids"]) == 4
    with django_assert_num_queries(3):
        assert len(anonymous.get("users/alice/?limit=1").json()["grids"]) == 1


def test_pages_of_grids_newest_first(alice: Client, anonymous: Client) -> None:
    public_grids(alice, 5)
    first = anonymous.get("users/alice/?limit=2").json()
    second = anonymous.get(first["next"]).json()
    third = anonymous.get(second["next"]).json()
    pages = [[grid["title"] for grid in page["grids"]] for page in (first, second, third)]
    assert pages == [["4", "3"], ["2", "1"], ["0"]]
    assert (first["previous"], third["next"]) == (None, None)
    assert anonymous.get(second["previous"]).json()["grids"] == first["grids"]


def test_a_large_grid_shows_its_first_links_and_says_how_many_there_are(
    alice: Client, anonymous: Client
) -> None:
    (made,) = public_grids(alice, 1)
    grid = Grid.objects.get(slug=made["slug"])
    Link.objects.bulk_create(
        Link(user=grid.user, grid=grid, url="https://x.example/", title=str(n), x=0, y=n)
        for n in range(PROFILE_LINKS + 5)
    )
    (shown,) = anonymous.get("users/alice/").json()["grids"]
    assert shown["links_total"] == PROFILE_LINKS + 5
    assert [link["title"] for link in shown["links"]] == [str(n) for n in range(PROFILE_LINKS)]


def test_a_profile_appears_with_the_first_public_grid(alice: Client, anonymous: Client) -> None:
    """Before, it is in no way different from that of a name that nobody has."""
    for visibility in ("private", "unlisted"):
        make_grid(alice, visibility=visibility)
    trashed = make_grid(alice, visibility="public")
    alice.delete(f"grids/{trashed['slug']}/", if_match="*")
    for query in ("", "?limit=1", "?cursor=nonsense"):
        answers = {
            (answer.status_code, answer.content, str(sorted(answer.items())))
            for client in (anonymous, alice)
            for name in ("alice", "nobody")
            for answer in [client.get(f"users/{name}/{query}")]
        }
        assert len(answers) == 1
    assert_error(anonymous.get("users/alice/"), 404, "not_found")
    public_grids(alice, 1)
    assert anonymous.get("users/alice/").status_code == 200


def test_an_empty_grid(alice: Client, anonymous: Client) -> None:
    public_grids(alice, 1)
    (grid,) = anonymous.get("users/alice/").json()["grids"]
    assert (grid["links_total"], grid["links"]) == (0, [])


@pytest.mark.parametrize("name", ["alice", "ALICE", "Alice"])
def test_names_are_found_however_they_are_typed(
    alice: Client, anonymous: Client, name: str
) -> None:
    public_grids(alice, 1)
    assert anonymous.get(f"users/{name}/").json()["username"] == "alice"


@pytest.mark.parametrize(
    "name", ["nobody", "a" * 5000, "%00", "al%00ice", "%ED%A0%80", "%ff", "🦊", "..", "%2e%2e", "*"]
)
def test_an_unknown_name_is_not_found(anonymous: Client, name: str) -> None:
    assert_error(anonymous.get(f"users/{name}/"), 404, "not_found")


def test_a_closed_account_is_not_found(alice: Client, anonymous: Client) -> None:
    public_grids(alice, 1)
    assert alice.user
    alice.user.is_active = False
    alice.user.save()
    assert_error(anonymous.get("users/alice/"), 404, "not_found")


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "q=x", "cursor=nonsense"])
def test_a_bad_parameter_is_refused(alice: Client, anonymous: Client, query: str) -> None:
    public_grids(alice, 1)
    response = anonymous.get(f"users/alice/?{query}")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid"
