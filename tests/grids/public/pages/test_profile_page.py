"""Test the page of a user: the public grids, and nothing of the others."""

from __future__ import annotations

from datetime import timedelta
from math import inf
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grids.models import Grid, Link, Visibility
from grids.public.pages.messages import missing
from grids.public.pages.site import resolve_site
from tests.support.client import Client, make_user
from tests.support.grids.pages import Html, body, headers, html, public_grid

pytestmark = pytest.mark.django_db


def make_link(grid: Grid, **fields: Any) -> Link:
    made = {"url": "https://a.example/", "title": "Link", "x": 0, "y": 0, **fields}
    return Link.objects.create(user_id=grid.user_id, grid=grid, **made)


def cards(found: Html) -> list[tuple[str, str]]:
    """Where each card leads, and what it says."""
    ours = [each for each in found.all("a") if each.attributes["href"].startswith("/g/")]
    titles = [each.text for each in found.all("b")]
    return list(zip((each.attributes["href"] for each in ours), titles, strict=True))


@pytest.mark.parametrize("count", [1, 5, 150])
def test_a_profile_of_any_size_takes_few_queries(
    alice: Client, count: int, queries: CaptureQueriesContext
) -> None:
    for number in range(count):
        grid = public_grid(alice, title=f"Grid {number}", alias=f"g{number}")
        Link.objects.bulk_create(
            Link(user_id=grid.user_id, grid=grid, url="https://a.example/", title="a", x=0, y=y)
            for y in range(8)
        )
    with queries:
        answer = resolve_site("@alice")
    assert len(queries) <= 3
    found = cards(html(answer))
    assert len(found) == min(count, 100)
    # Those that were changed last come first.
    assert found[0] == (f"/g/g{count - 1}", f"Grid {count - 1}")


def test_only_what_is_public_is_shown(alice: Client, bob: Client) -> None:
    public_grid(alice, title="Public", description="For all.\nOf you.")
    public_grid(alice, title="Unlisted", visibility=Visibility.UNLISTED)
    public_grid(alice, title="Private", visibility=Visibility.PRIVATE)
    public_grid(alice, title="Trash", is_deleted=True, deleted_on=timezone.now())
    public_grid(bob, title="Bob's")
    answer = resolve_site("@alice")
    found = html(answer)
    assert [title for _, title in cards(found)] == ["Public"]
    assert found.one("span", class_="note").text == "For all. Of you."
    for word in ("Unlisted", "Private", "Trash", "Bob"):
        assert word not in body(answer).decode()


def test_what_a_profile_says_of_itself(alice: Client) -> None:
    assert alice.user
    type(alice.user).objects.update(display_name="Alice <A>")
    grid = public_grid(alice)
    answer = resolve_site("@alice")
    found = html(answer)
    assert found.one("title").text == found.one("h1").text == "Alice <A>"
    assert found.one("link", rel="canonical").attributes["href"] == "https://go.example/@alice"
    assert "x-robots-tag" not in headers(answer)
    assert answer.target is None
    pk = alice.user.pk
    assert set(answer.depends_on) == {f"user {pk}", f"profile {pk}", f"grid {grid.pk}"}
    assert answer.fresh_until == inf


def test_nobody_is_told_who_has_an_account(alice: Client, bob: Client) -> None:
    """Without a public grid, a name is as good as none."""
    public_grid(alice, visibility=Visibility.UNLISTED)
    public_grid(bob)
    assert bob.user
    type(bob.user).objects.filter(pk=bob.user.pk).update(is_active=False)
    make_user("carl")
    for name in ("alice", "bob", "carl", "never-was", "", "@", "a" * 79, "Ünïcode"):
        answer = resolve_site(f"@{name}")
        assert (answer.start, body(answer)) == (missing().start, body(missing())), name
        assert answer.depends_on == ()


def test_a_name_in_capitals(alice: Client) -> None:
    public_grid(alice)
    assert body(resolve_site("@ALICE")) == body(resolve_site("@alice"))


def test_a_preview_is_of_the_first_links(alice: Client) -> None:
    grid, now = public_grid(alice), timezone.now()
    make_link(grid, title="zzz", y=9)
    for y, title in enumerate("abcdefgh"):
        make_link(grid, title=title, y=y, x=1)
    make_link(grid, title="0", y=0, active_from=now + timedelta(hours=1))
    make_link(grid, title="1", y=0, active_until=now - timedelta(hours=1))
    make_link(grid, title="2", y=0, is_deleted=True, deleted_on=now)
    answer = resolve_site("@alice")
    letters = [
        each.text
        for each in html(answer).all("span")
        if each.attributes.get("class", "").startswith("mark")
    ]
    assert letters == list("ABCDEF")
    assert answer.fresh_until == (now + timedelta(hours=1)).timestamp()


def test_each_preview_has_the_colours_of_its_grid(alice: Client) -> None:
    from gridlink.web.themes import theme_css

    public_grid(alice, theme="dusk", colour_scheme="dark")
    style = html(resolve_site("@alice")).one("style").text
    assert theme_css("dusk", "dark", "#c0") in style
