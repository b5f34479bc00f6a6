"""Test `grids/`: make, read, change, trash and restore."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.utils.dateparse import parse_datetime

from grids.models import Grid
from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.grids.grids import make_grid, make_link

DEFAULTS = {
    "description": "",
    "alias": None,
    "visibility": "private",
    "theme": "auto",
    "colour_scheme": "auto",
    "columns": 6,
}
FULL = {
    "title": "Lesezeichen 🦊 ‏עברית",
    "description": "Two\nlines",
    "alias": "my-page",
    "visibility": "unlisted",
    "theme": "dusk",
    "colour_scheme": "dark",
    "columns": 24,
}


def test_a_grid_of_a_title_alone_has_the_defaults(alice: Client) -> None:
    response = alice.post("grids/", {"title": "  Mine "})
    assert response.status_code == 201
    made = dict(response.json())
    slug, created = made.pop("slug"), made["created_on"]
    assert re.fullmatch("gr_[0-9a-f]{32}", slug)
    assert parse_datetime(created) is not None
    assert made == {
        **DEFAULTS,
        "title": "  Mine ",
        "links_total": 0,
        "version": 1,
        "layout_version": 1,
        "created_on": created,
        "modified_on": made["modified_on"],
        "is_deleted": False,
        "deleted_on": None,
    }
    assert response["ETag"] == '"1-1-0"'
    assert response["Location"] == f"http://testserver/api/v1/grids/{slug}/"
    shown = alice.get(response["Location"])
    assert shown.json() == response.json()
    assert shown["ETag"] == '"1-1-0"'


def test_every_field_is_kept_as_sent(alice: Client) -> None:
    made = alice.post("grids/", FULL).json()
    assert {name: made[name] for name in FULL} == FULL
    assert Grid.objects.get(slug=made["slug"]).user == alice.user


def test_put_sets_what_is_left_out_to_its_default(alice: Client) -> None:
    grid = make_grid(alice, **FULL)
    response = alice.put(f"grids/{grid['slug']}/", {"title": "Bare"}, if_match='"1"')
    assert response.status_code == 200
    body = response.json()
    assert {name: body[name] for name in DEFAULTS} == DEFAULTS
    assert (body["title"], body["version"], response["ETag"]) == ("Bare", 2, '"2-1-0"')
    assert body["created_on"] == grid["created_on"]
    assert body["modified_on"] > grid["modified_on"]
    assert alice.get(f"grids/{grid['slug']}/").json() == body


def test_patch_changes_only_what_is_sent(alice: Client) -> None:
    grid = make_grid(alice, **FULL)
    response = alice.patch(f"grids/{grid['slug']}/", {"theme": "ocean"}, if_match='"1"')
    assert response.status_code == 200
    assert response.json() == {
        **grid,
        "theme": "ocean",
        "version": 2,
        "modified_on": response.json()["modified_on"],
    }


BAD = [
    ({}, "title"),
    ({"title": ""}, "title"),
    ({"title": None}, "title"),
    ({"title": 5}, "title"),
    ({"title": "x" * 301}, "title"),
    ({"title": "nul\x00"}, "title"),
    ({"title": "x", "description": "x" * 10_001}, "description"),
    ({"title": "x", "description": None}, "description"),
    ({"title": "x", "visibility": "secret"}, "visibility"),
    ({"title": "x", "visibility": ["public"]}, "visibility"),
    ({"title": "x", "theme": {}}, "theme"),
    ({"title": "x", "columns": 0}, "columns"),
    ({"title": "x", "columns": 25}, "columns"),
    ({"title": "x", "columns": "6"}, "columns"),
    ({"title": "x", "columns": 6.0}, "columns"),
    ({"title": "x", "columns": True}, "columns"),
    ({"title": "x", "columns": 10**400}, "columns"),
    ({"title": "x", "slug": "gr_" + "0" * 32}, "slug"),
    ({"title": "x", "user": "bob"}, "user"),
    ({"title": "x", "is_deleted": True}, "is_deleted"),
    ({"title": "x", "search": "x"}, "search"),
    ({"title": "x", "alias": ""}, "alias"),
    ({"title": "x", "alias": "-hyphen"}, "alias"),
    ({"title": "x", "alias": "hyphen-"}, "alias"),
    ({"title": "x", "alias": "under_score"}, "alias"),
    ({"title": "x", "alias": "line\n"}, "alias"),
    ({"title": "x", "alias": "ümlaut"}, "alias"),
    ({"title": "x", "alias": "a" * 65}, "alias"),
]


@pytest.mark.parametrize(("body", "field"), BAD)
def test_a_bad_field_is_named_and_nothing_is_made(
    alice: Client, body: dict[str, Any], field: str
) -> None:
    with nothing_changes():
        assert_error(alice.post("grids/", body), 400, "invalid", field)


def test_all_bad_fields_are_named_at_once(alice: Client) -> None:
    body = {"title": "", "columns": 99, "colour": "red"}
    assert_error(alice.post("grids/", body), 400, "invalid", "title", "columns", "colour")


@pytest.mark.parametrize("body", [{"title": ""}, {"columns": 0}, {"nope": 1}, {"version": 9}])
@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_bad_change_changes_nothing(alice: Client, method: str, body: dict[str, Any]) -> None:
    grid = make_grid(alice)
    with nothing_changes():
        response = getattr(alice, method)(f"grids/{grid['slug']}/", body, if_match="*")
        assert response.status_code == 400


@pytest.mark.parametrize("alias", ["a", "0", "a-b", "a--b", "x" * 64])
def test_aliases_that_are_allowed(alice: Client, alias: str) -> None:
    assert make_grid(alice, alias=alias)["alias"] == alias


def test_an_alias_is_given_once_among_all_accounts(alice: Client, bob: Client) -> None:
    make_grid(alice, alias="home")
    mine = make_grid(bob, alias="other")
    with nothing_changes():
        refused = bob.post("grids/", {"title": "x", "alias": "home"})
        assert_error(refused, 409, "conflict", "alias")
        refused = bob.patch(f"grids/{mine['slug']}/", {"alias": "home"}, if_match="*")
        assert_error(refused, 409, "conflict", "alias")


def test_grids_and_links_have_aliases_of_their_own(alice: Client) -> None:
    grid = make_grid(alice, alias="same")
    assert make_link(alice, grid, alias="same")["alias"] == "same"


def test_trash_frees_the_alias_and_restore_does_not_take_it_back(alice: Client) -> None:
    old = make_grid(alice, alias="home")
    assert alice.delete(f"grids/{old['slug']}/", if_match='"1"').status_code == 204
    new = make_grid(alice, alias="home")
    with nothing_changes():
        assert_error(alice.post(f"grids/{old['slug']}/restore/"), 409, "conflict", "alias")
    alice.patch(f"grids/{new['slug']}/", {"alias": None}, if_match="*")
    restored = alice.post(f"grids/{old['slug']}/restore/")
    assert restored.status_code == 200
    assert restored.json()["alias"] == "home"


def test_trash_and_restore_bring_back_the_same_grid(alice: Client) -> None:
    grid = make_grid(alice, **FULL)
    link = make_link(alice, grid)
    path = f"grids/{grid['slug']}/"
    assert alice.delete(path, if_match="*").status_code == 204
    for gone in (path, f"{path}layout/", f"{path}links/", f"links/{link['slug']}/"):
        assert_error(alice.get(gone), 404, "not_found")
    assert_error(alice.delete(path, if_match="*"), 404, "not_found")
    assert_error(alice.patch(path, {"title": "x"}, if_match="*"), 404, "not_found")
    (trashed,) = alice.get("grids/?deleted=true").json()["results"]
    assert (trashed["slug"], trashed["is_deleted"]) == (grid["slug"], True)
    assert parse_datetime(trashed["deleted_on"]) is not None
    assert alice.get("grids/").json()["results"] == []
    assert alice.get("links/").json()["results"] == []

    response = alice.post(f"{path}restore/")
    assert response.status_code == 200
    restored = response.json()
    assert (restored["version"], response["ETag"]) == (3, '"3-2-1"')
    assert (restored["is_deleted"], restored["deleted_on"]) == (False, None)
    assert {name: restored[name] for name in FULL} == FULL
    assert restored["links_total"] == 1
    assert alice.get(f"links/{link['slug']}/").json() == link
    assert_error(alice.post(f"{path}restore/"), 404, "not_found")


def test_etags(alice: Client) -> None:
    grid = make_grid(alice)
    path = f"grids/{grid['slug']}/"
    with nothing_changes():
        for method, body in (("put", {"title": "x"}), ("patch", {"title": "x"}), ("delete", None)):
            change = getattr(alice, method)
            arguments = [path] if body is None else [path, body]
            assert_error(change(*arguments), 428, "precondition_required")
            stale = change(*arguments, if_match='"2"')
            assert_error(stale, 412, "precondition_failed")
            assert stale["ETag"] == '"1"'
            for nonsense in ("1", 'W/"1"', '"1", "2"', '"one"', '"-1"', '"1', '"' + "1" * 19 + '"'):
                assert_error(change(*arguments, if_match=nonsense), 400, "invalid")
    assert alice.patch(path, {"title": "b"}, if_match='"1"')["ETag"] == '"2-1-0"'
    assert_error(alice.patch(path, {"title": "c"}, if_match='"1"'), 412, "precondition_failed")
    assert alice.patch(path, {"title": "d"}, if_match="*").json()["title"] == "d"
    assert alice.delete(path, if_match='"3"').status_code == 204


def test_columns_may_not_cut_a_tile_off(alice: Client) -> None:
    grid = make_grid(alice, columns=6)
    link = make_link(alice, grid, x=3, y=0, width=2)
    path = f"grids/{grid['slug']}/"
    with nothing_changes():
        error = assert_error(
            alice.patch(path, {"columns": 4}, if_match="*"), 400, "invalid", "columns"
        )
    assert error["message"] == "A tile reaches column 5; move it before narrowing the grid to 4."
    assert alice.patch(path, {"columns": 5}, if_match="*").json()["columns"] == 5
    alice.delete(f"links/{link['slug']}/", if_match="*")
    assert alice.patch(path, {"columns": 1}, if_match="*").json()["columns"] == 1
