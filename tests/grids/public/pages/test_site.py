"""Test what belongs to the whole site: robots.txt and the map."""

from __future__ import annotations

from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree

import pytest
from django.test.utils import CaptureQueriesContext

from grids.models import Grid, Visibility
from grids.public.pages import site
from grids.public.pages.messages import missing
from grids.public.pages.site import resolve_site
from tests.support.client import Client, make_user
from tests.support.grids.pages import body, headers, public_grid

pytestmark = pytest.mark.django_db
NAMES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "time", lambda: 1000.0)


def places(key: str) -> list[str]:
    """The addresses of a map."""
    answer = resolve_site(key)
    assert headers(answer)["content-type"] == "application/xml; charset=utf-8"
    root = ElementTree.fromstring(body(answer))
    return [str(each.text) for each in root.findall(".//s:loc", NAMES)]


def test_previewers_may_fetch_and_the_map_is_named() -> None:
    """A card of a link is shown only where robots.txt lets the page be fetched."""
    answer = resolve_site("robots.txt")
    rules = RobotFileParser()
    rules.parse(body(answer).decode().splitlines())
    for agent in ("Twitterbot/1.0", "LinkedInBot/1.0", "Googlebot/2.1", "Mozilla/5.0"):
        for path in ("/l/one", "/g/page", "/@alice", "/static/web/public.css"):
            assert rules.can_fetch(agent, f"https://go.example{path}")
    assert rules.site_maps() == ["https://go.example/sitemap.xml"]
    assert headers(answer)["content-type"] == "text/plain; charset=utf-8"


def test_the_map_holds_what_is_public(alice: Client) -> None:
    public_grid(alice, alias="one")
    public_grid(alice, alias="two")
    public_grid(alice, alias="unlisted", visibility=Visibility.UNLISTED)
    public_grid(alice, alias="private", visibility=Visibility.PRIVATE)
    closed = make_user("closed")
    Grid.objects.create(user=closed, alias="closed", visibility=Visibility.PUBLIC)
    type(closed).objects.filter(pk=closed.pk).update(is_active=False)
    assert places("sitemap.xml") == ["https://go.example/sitemap-1.xml"]
    assert places("sitemap-1.xml") == ["https://go.example/g/one", "https://go.example/g/two"]


def test_a_large_site_has_several_maps(
    alice: Client, monkeypatch: pytest.MonkeyPatch, queries: CaptureQueriesContext
) -> None:
    monkeypatch.setattr(site, "_MAP_GRIDS", 2)
    for number in range(5):
        public_grid(alice, alias=f"g{number}")
    keys = [f"sitemap-{number}.xml" for number in (1, 2, 3)]
    assert places("sitemap.xml") == [f"https://go.example/{key}" for key in keys]
    with queries:
        assert [len(places(key)) for key in keys] == [2, 2, 1]
    assert len(queries) == 3


def test_a_map_is_some_minutes_old_at_most(alice: Client) -> None:
    public_grid(alice, alias="one")
    for key in ("robots.txt", "sitemap.xml", "sitemap-1.xml"):
        answer = resolve_site(key)
        assert answer.fresh_until == 1600.0
        # Without it, it would not be kept at all.
        assert answer.depends_on
        assert answer.target is None


@pytest.mark.parametrize(
    "key",
    [
        "",
        "robots.txt ",
        "sitemap-0.xml",
        "sitemap-2.xml",
        "sitemap-.xml",
        "sitemap--1.xml",
        "sitemap-01.xml",
        "sitemap-١.xml",
        "sitemap-1.xml.xml",
        f"sitemap-{'9' * 60}.xml",
        "sitemap-9223372036854775807.xml",
        ".env",
        "wp-login.php",
        "@",
    ],
)
def test_what_is_not_there(alice: Client, key: str) -> None:
    public_grid(alice, alias="one")
    answer = resolve_site(key)
    assert (answer.start, body(answer)) == (missing().start, body(missing()))
