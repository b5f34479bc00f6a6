"""Test `links/`: make, read, change, trash and restore."""

from __future__ import annotations

import re
from typing import Any

import pytest

from grids.models import Link
from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.grids.grids import URL, make_grid, make_link, place

DEFAULTS: dict[str, Any] = {
    "note": "",
    "tags": [],
    "alias": None,
    "background": "",
    "style": {},
    "active_from": None,
    "active_until": None,
    "forward_query": True,
}
FULL = {
    "url": "HTTPS://Example.ORG:443/a/../b?z=1&a=%7e#Top",
    "title": "‮ right to left‬ 🦊",
    "note": "line\nline",
    "tags": ["b", "a", "ärger"],
    "alias": "fox",
    "background": "#1E90ff",
    "style": {"text_colour": "#ffffff", "radius": 8, "shadow": True},
    "active_from": "2026-01-01T00:00:00Z",
    "active_until": "2026-06-01T12:30:00Z",
    "forward_query": False,
}


def test_a_link_of_url_and_title_has_the_defaults(alice: Client) -> None:
    grid = make_grid(alice)
    response = alice.post("links/", {"grid": grid["slug"], "url": URL, "title": "T"})
    assert response.status_code == 201
    made = dict(response.json())
    slug = made.pop("slug")
    assert re.fullmatch("li_[0-9a-f]{32}", slug)
    assert made == {
        **DEFAULTS,
        "grid": grid["slug"],
        "url": URL,
        "short_url": f"http://127.0.0.1:8001/l/{slug}",
        "clicks_before_import": 0,
        "clicks_before_import_from": "",
        "title": "T",
        "x": 0,
        "y": 0,
        "width": 1,
        "height": 1,
        "version": 1,
        "created_on": made["created_on"],
        "modified_on": made["modified_on"],
        "is_deleted": False,
        "deleted_on": None,
    }
    assert response["ETag"] == '"1"'
    assert response["Location"] == f"http://testserver/api/v1/links/{slug}/"
    shown = alice.get(response["Location"])
    assert (shown.json(), shown["ETag"]) == (response.json(), '"1"')


def test_a_grids_own_list_makes_links_too(alice: Client) -> None:
    grid = make_grid(alice)
    response = alice.post(
        f"grids/{grid['slug']}/links/", {"url": URL, "title": "T", "x": 4, "y": 2}
    )
    assert response.status_code == 201
    made = response.json()
    assert (made["grid"], made["x"], made["y"]) == (grid["slug"], 4, 2)
    assert response["Location"] == f"http://testserver/api/v1/links/{made['slug']}/"
    assert response["ETag"] == '"1"'
    body = {"url": URL, "title": "T", "grid": grid["slug"]}
    assert_error(alice.post(f"grids/{grid['slug']}/links/", body), 400, "invalid", "grid")


def test_every_field_is_kept_as_sent(alice: Client) -> None:
    made = make_link(alice, make_grid(alice), **FULL)
    assert {name: made[name] for name in FULL} == FULL
    assert Link.objects.get(slug=made["slug"]).user == alice.user


def test_spaces_around_urls_and_tags_are_cut_and_repeats_dropped(alice: Client) -> None:
    link = make_link(alice, make_grid(alice), url=" https://x.example/ ", tags=[" b", "a", "b "])
    assert (link["url"], link["tags"]) == ("https://x.example/", ["b", "a"])


def test_put_resets_what_is_left_out_but_not_the_place(alice: Client) -> None:
    grid = make_grid(alice)
    link = make_link(alice, grid, **FULL, x=2, y=3, width=2, height=2)
    body = {"grid": grid["slug"], "url": URL, "title": "Bare"}
    response = alice.put(f"links/{link['slug']}/", body, if_match='"1"')
    assert response.status_code == 200
    changed = response.json()
    assert {name: changed[name] for name in DEFAULTS} == DEFAULTS
    assert {name: changed[name] for name in body} == body
    assert place(changed) == (2, 3, 2, 2)
    assert (changed["version"], response["ETag"]) == (2, '"2"')
    assert changed["modified_on"] > link["modified_on"]
    assert alice.get(f"links/{link['slug']}/").json() == changed


def test_patch_changes_only_what_is_sent(alice: Client) -> None:
    link = make_link(alice, make_grid(alice), **FULL)
    response = alice.patch(f"links/{link['slug']}/", {"note": "new"}, if_match='"1"')
    modified = response.json()["modified_on"]
    assert response.json() == {**link, "note": "new", "version": 2, "modified_on": modified}


EARLIER = {"clicks_before_import": 12, "clicks_before_import_from": "csv"}


def test_what_was_counted_elsewhere_is_for_the_owner(
    alice: Client, bob: Client, anonymous: Client
) -> None:
    grid = make_grid(alice, visibility="public")
    link = make_link(alice, grid)
    Link.objects.update(**EARLIER)
    paths = [f"links/{link['slug']}/", f"grids/{grid['slug']}/links/", "users/alice/"]
    for path in paths[:2]:
        shown = alice.get(path).json()
        row = shown["results"][0] if "results" in shown else shown
        assert {name: row[name] for name in EARLIER} == EARLIER
    for client in (bob, anonymous):
        for path in [*paths, f"grids/{grid['slug']}/layout/"]:
            response = client.get(path)
            assert response.status_code == 200
            assert link["slug"] in response.content.decode()
            assert "clicks_before_import" not in response.content.decode()
    # All else is shown as to the owner.
    owner = alice.get(paths[0]).json()
    assert anonymous.get(paths[0]).json() == {k: owner[k] for k in owner.keys() - EARLIER.keys()}


BAD: list[tuple[dict[str, Any], str]] = [
    ({"url": ""}, "url"),
    ({"url": None}, "url"),
    ({"url": "javascript:alert(1)"}, "url"),
    ({"url": "JaVaScRiPt://x.example/%0aalert(1)"}, "url"),
    ({"url": "java\nscript:alert(1)"}, "url"),
    ({"url": "data:text/html,x"}, "url"),
    ({"url": "//x.example/"}, "url"),
    ({"url": "ftp://x.example/"}, "url"),
    ({"url": "https://x.example/" + "x" * 4096}, "url"),
    ({"title": ""}, "title"),
    ({"title": "x" * 301}, "title"),
    ({"title": "nul\x00"}, "title"),
    ({"note": "x" * 10_001}, "note"),
    ({"tags": "a"}, "tags"),
    ({"tags": [""]}, "tags"),
    ({"tags": [" "]}, "tags"),
    ({"tags": ["x" * 65]}, "tags"),
    ({"tags": ["nul\x00"]}, "tags"),
    ({"tags": [str(number) for number in range(51)]}, "tags"),
    ({"tags": [1]}, "tags"),
    ({"tags": {"a": 1}}, "tags"),
    ({"alias": "Not This"}, "alias"),
    ({"forward_query": None}, "forward_query"),
    ({"forward_query": "perhaps"}, "forward_query"),
    ({"forward_query": []}, "forward_query"),
    ({"background": "red"}, "background"),
    ({"background": "#12345"}, "background"),
    ({"background": "#123456\n"}, "background"),
    ({"background": "javascript:alert(1)"}, "background"),
    ({"background": "url(https://x.example/)"}, "background"),
    ({"background": None}, "background"),
    ({"style": []}, "style"),
    ({"style": "color: red"}, "style"),
    ({"style": None}, "style"),
    ({"style": {"position": "fixed"}}, "style"),
    ({"style": {"text_colour": "red"}}, "style"),
    ({"style": {"text_colour": "#ffffff\n"}}, "style"),
    ({"style": {"border_width": 17}}, "style"),
    ({"style": {"border_width": 1.5}}, "style"),
    ({"style": {"border_width": True}}, "style"),
    ({"style": {"radius": -1}}, "style"),
    ({"style": {"font": "comic"}}, "style"),
    ({"style": {"icon": "x" * 65}}, "style"),
    ({"style": {"icon": "nul\x00"}}, "style"),
    ({"style": {"shadow": 1}}, "style"),
    ({"active_from": "soon"}, "active_from"),
    ({"active_from": "2026-13-01T00:00:00Z"}, "active_from"),
    ({"active_from": 5}, "active_from"),
    ({"active_from": "0001-01-01T00:00:00+23:59"}, "active_from"),
    (
        {"active_from": "2026-01-02T00:00:00Z", "active_until": "2026-01-01T00:00:00Z"},
        "active_until",
    ),
    (
        {"active_from": "2026-01-02T00:00:00Z", "active_until": "2026-01-02T01:00:00+01:00"},
        "active_until",
    ),
    ({"x": -1, "y": 0}, "x"),
    ({"x": 24, "y": 0}, "x"),
    ({"x": 0, "y": -1}, "y"),
    ({"x": 0, "y": 1_000_001}, "y"),
    ({"x": "0", "y": 0}, "x"),
    ({"width": 0}, "width"),
    ({"width": 25}, "width"),
    ({"height": 51}, "height"),
    ({"height": None}, "height"),
    ({"grid": 7}, "grid"),
    ({"grid": "gr_" + "0" * 33}, "grid"),
    ({"user": "bob"}, "user"),
    ({"url_key": "0"}, "url_key"),
    ({"version": 1}, "version"),
]


@pytest.mark.parametrize(("change", "field"), BAD)
def test_a_bad_field_is_named_and_nothing_is_written(
    alice: Client, change: dict[str, Any], field: str
) -> None:
    grid = make_grid(alice)
    link = make_link(alice, grid)
    with nothing_changes():
        body = {"grid": grid["slug"], "url": URL, "title": "T", **change}
        assert_error(alice.post("links/", body), 400, "invalid", field)
        assert_error(alice.put(f"links/{link['slug']}/", body, if_match="*"), 400, "invalid", field)
        patched = alice.patch(f"links/{link['slug']}/", change, if_match="*")
        assert_error(patched, 400, "invalid", field)


def test_the_window_is_judged_with_the_half_that_is_kept(alice: Client) -> None:
    link = make_link(alice, make_grid(alice), active_from="2026-05-01T00:00:00Z")
    path = f"links/{link['slug']}/"
    with nothing_changes():
        early = alice.patch(path, {"active_until": "2026-04-01T00:00:00Z"}, if_match="*")
        assert_error(early, 400, "invalid", "active_until")
    ends = "2026-05-01T00:00:01Z"
    assert alice.patch(path, {"active_until": ends}, if_match="*").json()["active_until"] == ends
    opened = alice.patch(path, {"active_from": None}, if_match="*").json()
    assert (opened["active_from"], opened["active_until"]) == (None, ends)


@pytest.mark.parametrize(
    "background", ["", "#000000", "https://x.example/a.png", "http://x.example"]
)
def test_backgrounds_that_are_allowed(alice: Client, background: str) -> None:
    assert make_link(alice, make_grid(alice), background=background)["background"] == background


def test_an_alias_is_given_once_among_all_accounts(alice: Client, bob: Client) -> None:
    make_link(alice, make_grid(alice), alias="fox")
    grid = make_grid(bob)
    mine = make_link(bob, grid)
    with nothing_changes():
        body = {"grid": grid["slug"], "url": URL, "title": "T", "alias": "fox"}
        assert_error(bob.post("links/", body), 409, "conflict", "alias")
        taken = bob.patch(f"links/{mine['slug']}/", {"alias": "fox"}, if_match="*")
        assert_error(taken, 409, "conflict", "alias")


def test_trash_frees_the_alias_and_restore_does_not_take_it_back(alice: Client) -> None:
    grid = make_grid(alice)
    old = make_link(alice, grid, alias="fox")
    alice.delete(f"links/{old['slug']}/", if_match='"1"')
    make_link(alice, grid, alias="fox")
    with nothing_changes():
        assert_error(alice.post(f"links/{old['slug']}/restore/"), 409, "conflict", "alias")


def test_trash_and_restore_bring_back_the_same_link(alice: Client) -> None:
    link = make_link(alice, make_grid(alice), **FULL, x=1, y=1)
    path = f"links/{link['slug']}/"
    response = alice.delete(path, if_match='"1"')
    assert (response.status_code, response.content) == (204, b"")
    assert_error(alice.get(path), 404, "not_found")
    assert_error(alice.patch(path, {"title": "x"}, if_match="*"), 404, "not_found")
    assert_error(alice.delete(path, if_match="*"), 404, "not_found")
    (trashed,) = alice.get("links/?deleted=true").json()["results"]
    assert (trashed["slug"], trashed["is_deleted"]) == (link["slug"], True)
    response = alice.post(f"{path}restore/")
    assert response.status_code == 200
    restored = response.json()
    modified = restored["modified_on"]
    assert restored == {**link, "version": 3, "modified_on": modified}
    assert response["ETag"] == '"3"'
    assert_error(alice.post(f"{path}restore/"), 404, "not_found")


def test_a_link_on_a_trashed_grid_cannot_be_restored(alice: Client) -> None:
    grid = make_grid(alice)
    link = make_link(alice, grid)
    alice.delete(f"links/{link['slug']}/", if_match="*")
    alice.delete(f"grids/{grid['slug']}/", if_match="*")
    with nothing_changes():
        assert_error(alice.post(f"links/{link['slug']}/restore/"), 404, "not_found")


def test_etags(alice: Client) -> None:
    grid = make_grid(alice)
    path = f"links/{make_link(alice, grid)['slug']}/"
    whole = {"grid": grid["slug"], "url": URL, "title": "T"}
    with nothing_changes():
        for method, body in (("put", whole), ("patch", {"title": "x"}), ("delete", None)):
            change = getattr(alice, method)
            arguments = [path] if body is None else [path, body]
            assert_error(change(*arguments), 428, "precondition_required")
            stale = change(*arguments, if_match='"7"')
            assert_error(stale, 412, "precondition_failed")
            assert stale["ETag"] == '"1"'
            assert_error(change(*arguments, if_match="1"), 400, "invalid")
    assert alice.patch(path, {"title": "b"}, if_match='"1"')["ETag"] == '"2"'
    assert_error(alice.delete(path, if_match='"1"'), 412, "precondition_failed")
    assert alice.delete(path, if_match='"2"').status_code == 204
