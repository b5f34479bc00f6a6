"""Test the feeds of a grid: each can be read by whatever reads feeds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grids.models import Grid, Link
from grids.public.pages.grid_page import resolve_grid_page
from tests.support.client import Client
from tests.support.grids.pages import body, headers, public_grid

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC)
HOSTILE = "]]></title><script>&amp;\x00\x08\x1b\ufffe\uffff\u202e😀"


@pytest.fixture
def grid(alice: Client) -> Grid:
    about = {"title": "My <links> & more", "description": "What I read."}
    return public_grid(alice, alias="page", **about)


def make_link(grid: Grid, number: int = 0, **fields: Any) -> Link:
    made = {"url": "https://a.example/", "title": f"Link {number}", "x": 0, "y": number, **fields}
    link = Link.objects.create(user_id=grid.user_id, grid=grid, **made)
    Link.objects.filter(pk=link.pk).update(created_on=MOMENT + timedelta(days=number))
    return link


def rss() -> ElementTree.Element:
    """The channel."""
    answer = resolve_grid_page("page/feed.xml")
    assert headers(answer)["content-type"] == "application/rss+xml; charset=utf-8"
    root = ElementTree.fromstring(body(answer))
    assert (root.tag, root.attrib["version"]) == ("rss", "2.0")
    (channel,) = root
    return channel


def json_feed() -> dict[str, Any]:
    answer = resolve_grid_page("page/feed.json")
    assert headers(answer)["content-type"] == "application/feed+json; charset=utf-8"
    feed: dict[str, Any] = json.loads(body(answer))
    return feed


def test_rss(grid: Grid) -> None:
    make_link(grid, 0)
    link = make_link(grid, 1, alias="news", note="<b>5 < 6</b>", tags=["a & b"])
    channel = rss()
    said = {name: channel.findtext(name) for name in ("title", "link", "description", "language")}
    assert said == {
        "title": "My <links> & more",
        "link": "https://go.example/g/page",
        "description": "What I read.",
        "language": "en",
    }
    (itself,) = channel.findall("{http://www.w3.org/2005/Atom}link")
    assert itself.attrib == {"rel": "self", "href": "https://go.example/g/page/feed.xml"}
    first, second = channel.findall("item")
    assert [each.findtext("title") for each in (first, second)] == ["Link 1", "Link 0"]
    assert first.findtext("link") == "https://go.example/l/news"
    # Readers show it as HTML, so that it says what was written.
    assert first.findtext("description") == "&lt;b&gt;5 &lt; 6&lt;/b&gt;"
    (guid,) = first.findall("guid")
    assert (guid.text, guid.attrib) == (link.slug, {"isPermaLink": "false"})
    # An owner's own sorting words, which the page does not show either.
    assert first.findtext("category") is None
    published = parsedate_to_datetime(first.findtext("pubDate") or "")
    assert published == (MOMENT + timedelta(days=1)).replace(microsecond=0)


def test_json(grid: Grid) -> None:
    make_link(grid, 0)
    link = make_link(grid, 1, alias="news", note="A note", tags=["a"])
    feed = json_feed()
    items = feed.pop("items")
    assert feed == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "My <links> & more",
        "home_page_url": "https://go.example/g/page",
        "feed_url": "https://go.example/g/page/feed.json",
        "description": "What I read.",
        "language": "en",
        "authors": [{"name": "alice"}],
    }
    assert [item["title"] for item in items] == ["Link 1", "Link 0"]
    assert items[0] == {
        "id": link.slug,
        "url": "https://go.example/l/news",
        "title": "Link 1",
        "content_text": "A note",
        "date_published": "2026-01-03T03:04:05+00:00",
    }


@pytest.mark.parametrize("read", [rss, json_feed])
def test_texts_of_any_kind_leave_the_feed_readable(grid: Grid, read: Any) -> None:
    # As Postgres takes them, which is without NUL.
    hostile = HOSTILE.replace("\x00", "")
    Grid.objects.update(title=hostile, description=hostile)
    make_link(grid, title=hostile, note=hostile, tags=[hostile])
    type(grid.user).objects.update(display_name=hostile)
    read()


def test_a_feed_holds_the_newest(grid: Grid, queries: CaptureQueriesContext) -> None:
    for number in range(60):
        make_link(grid, number)
    now = timezone.now()
    make_link(grid, 61, active_from=now + timedelta(days=1))
    make_link(grid, 62, active_until=now - timedelta(days=1))
    make_link(grid, 63, is_deleted=True, deleted_on=now)
    wanted = [f"Link {number}" for number in range(59, 9, -1)]
    with queries:
        assert [item["title"] for item in json_feed()["items"]] == wanted
    assert len(queries) <= 3
    assert [each.findtext("title") for each in rss().findall("item")] == wanted


def test_an_empty_grid_has_an_empty_feed(grid: Grid) -> None:
    assert rss().findall("item") == json_feed()["items"] == []


def test_who_fetches_a_feed_is_no_visitor(grid: Grid) -> None:
    for key in ("page/feed.xml", "page/feed.json", "page/icon.svg"):
        answer = resolve_grid_page(key)
        assert answer.target is None
        assert answer.depends_on == (f"grid {grid.pk}", f"user {grid.user_id}")
