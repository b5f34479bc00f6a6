"""Test who may see and change a grid and its links, and what others get."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.grids.grids import URL, make_grid, make_link

READS = ["grids/{grid}/", "grids/{grid}/layout/", "grids/{grid}/links/", "links/{link}/"]
WRITES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("put", "grids/{grid}/", {"title": "taken over"}),
    ("patch", "grids/{grid}/", {"title": "taken over"}),
    ("delete", "grids/{grid}/", None),
    ("put", "grids/{grid}/layout/", {"links": []}),
    ("post", "grids/{grid}/links/", {"url": URL, "title": "planted"}),
    ("post", "grids/{trashed_grid}/restore/", {}),
    ("post", "links/", {"grid": "{grid}", "url": URL, "title": "planted"}),
    ("put", "links/{link}/", {"grid": "{grid}", "url": URL, "title": "taken over"}),
    ("patch", "links/{link}/", {"title": "taken over"}),
    ("delete", "links/{link}/", None),
    ("post", "links/{trashed_link}/restore/", {}),
]
# What was counted elsewhere, before a link was imported.
OWNERS_ONLY = ("clicks_before_import", "clicks_before_import_from")
OWNERLESS_WRITES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("post", "grids/", {"title": "x"}),
    ("post", "links/bulk/", {"delete": [{"slug": "{link}"}]}),
]


@pytest.fixture(params=["public", "unlisted", "private"])
def slugs(request: pytest.FixtureRequest, alice: Client) -> dict[str, str]:
    """Alice's grid of each visibility with a link, and another of each in the trash."""
    grid = make_grid(alice, visibility=request.param)
    gone_grid = make_grid(alice, visibility=request.param)
    link, gone_link = make_link(alice, grid), make_link(alice, grid)
    assert alice.delete(f"grids/{gone_grid['slug']}/", if_match="*").status_code == 204
    assert alice.delete(f"links/{gone_link['slug']}/", if_match="*").status_code == 204
    return {
        "visibility": request.param,
        "grid": grid["slug"],
        "trashed_grid": gone_grid["slug"],
        "link": link["slug"],
        "trashed_link": gone_link["slug"],
    }


def filled(value: Any, slugs: dict[str, str]) -> Any:
    if isinstance(value, str):
        return value.format(**slugs)
    if isinstance(value, list):
        return [filled(item, slugs) for item in value]
    return {k: filled(v, slugs) for k, v in value.items()} if isinstance(value, dict) else value


def send(client: Client, method: str, path: str, body: Any, slugs: dict[str, str]) -> Any:
    arguments = [filled(path, slugs)] + ([] if body is None else [filled(body, slugs)])
    return getattr(client, method)(*arguments, if_match="*")


def as_strangers_see(shown: Any) -> Any:
    if isinstance(shown, list):
        return [as_strangers_see(item) for item in shown]
    if isinstance(shown, dict):
        return {k: as_strangers_see(v) for k, v in shown.items() if k not in OWNERS_ONLY}
    return shown


@pytest.mark.parametrize("path", READS)
def test_others_read_all_but_what_is_the_owners(
    alice: Client, bob: Client, carol: Client, anonymous: Client, slugs: dict[str, str], path: str
) -> None:
    seen = alice.get(path.format(**slugs))
    assert seen.status_code == 200
    assert carol.get(path.format(**slugs)).content == seen.content
    for stranger in (bob, anonymous):
        answer = stranger.get(path.format(**slugs))
        if slugs["visibility"] == "private":
            assert_error(answer, 404, "not_found")
        else:
            assert (answer.status_code, answer.json()) == (200, as_strangers_see(seen.json()))


@pytest.mark.parametrize("path", READS)
def test_a_bad_token_is_refused_even_where_none_is_needed(alice: Client, path: str) -> None:
    grid = make_grid(alice, visibility="public")
    slugs = {"grid": grid["slug"], "link": make_link(alice, grid)["slug"]}
    response = Client().get(path.format(**slugs), authorization="Token nonsense")
    assert_error(response, 401, "unauthenticated")


def test_trash_is_shown_to_nobody(alice: Client, bob: Client, slugs: dict[str, str]) -> None:
    for client in (alice, bob, Client()):
        for path in (
            "grids/{trashed_grid}/",
            "grids/{trashed_grid}/links/",
            "links/{trashed_link}/",
        ):
            assert_error(client.get(path.format(**slugs)), 404, "not_found")


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_somebody_elses_is_not_found_and_stays_as_it_is(
    bob: Client, slugs: dict[str, str], method: str, path: str, body: dict[str, Any] | None
) -> None:
    with nothing_changes():
        response = send(bob, method, path, body, slugs)
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(("method", "path", "body"), [*WRITES, *OWNERLESS_WRITES])
def test_a_reading_token_writes_nothing(
    carol: Client, slugs: dict[str, str], method: str, path: str, body: dict[str, Any] | None
) -> None:
    with nothing_changes():
        error = assert_error(send(carol, method, path, body, slugs), 403, "forbidden")
    assert error["message"] == "The token lacks the scope 'write'."


@pytest.mark.parametrize(("method", "path", "body"), [*WRITES, *OWNERLESS_WRITES])
def test_without_a_token_nothing_is_written(
    anonymous: Client, slugs: dict[str, str], method: str, path: str, body: dict[str, Any] | None
) -> None:
    with nothing_changes():
        response = send(anonymous, method, path, body, slugs)
        assert_error(response, 401, "unauthenticated")
    assert response["WWW-Authenticate"] == "Token"


def test_lists_hold_ones_own_only(alice: Client, bob: Client, slugs: dict[str, str]) -> None:
    for path in ("grids/", "links/", "grids/?deleted=true", "links/?deleted=true"):
        assert bob.get(path).json() == {"next": None, "previous": None, "results": []}
        assert len(alice.get(path).json()["results"]) == 1
        assert_error(Client().get(path), 401, "unauthenticated")
    found = bob.get(f"links/?grid={slugs['grid']}").json()
    assert found["results"] == []


def test_a_closed_account_shows_nothing(alice: Client, bob: Client) -> None:
    grid = make_grid(alice, visibility="public")
    link = make_link(alice, grid)
    assert alice.user
    alice.user.is_active = False
    alice.user.save()
    for path in READS:
        answer = bob.get(path.format(grid=grid["slug"], link=link["slug"]))
        assert_error(answer, 404, "not_found")
    assert_error(alice.get("grids/"), 401, "unauthenticated")


@pytest.mark.parametrize("slug", ["gr_" + "0" * 32, "li_" + "0" * 32])
def test_what_is_not_there_is_not_found(alice: Client, slug: str) -> None:
    for path in (
        f"grids/{slug}/",
        f"grids/{slug}/layout/",
        f"grids/{slug}/links/",
        f"links/{slug}/",
    ):
        assert_error(alice.get(path), 404, "not_found")
