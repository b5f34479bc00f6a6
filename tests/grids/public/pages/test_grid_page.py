"""Test the page of a grid, its parts, and what lies below it."""

from __future__ import annotations

import json
from datetime import timedelta
from math import inf
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grids.models import Grid, Link, Visibility
from grids.public.pages.grid_page import resolve_grid_page
from grids.public.pages.messages import missing
from grids.public.responses import Response
from grids.public.wire import Kind, Target
from tests.support.client import Client, make_user
from tests.support.grids.pages import Html, body, headers, html, public_grid, scope

pytestmark = pytest.mark.django_db
QUERIES_MAX = 3
SIX_THEMES = ["paper", "meadow", "dusk", "sand", "ocean", "mono"]


@pytest.fixture
def grid(alice: Client) -> Grid:
    """Alice's public grid without links."""
    return public_grid(alice, alias="page", title="My links")


def make_links(grid: Grid, count: int, **fields: Any) -> list[Link]:
    """Links in rows of four."""
    rows = [
        Link(
            user_id=grid.user_id,
            grid=grid,
            **{
                "url": f"https://site{number}.example/page",
                "title": f"Link number {number}",
                "x": number % 4,
                "y": number // 4,
                **fields,
            },
        )
        for number in range(count)
    ]
    return Link.objects.bulk_create(rows)


def titles(found: Html) -> list[str]:
    return [each.text for each in found.all("b")]


def status(key: str) -> int:
    found: int = resolve_grid_page(key).start["status"]
    return found


def is_missing(answer: Response) -> bool:
    """Whether it says, byte by byte, what is said of what never was."""
    said = [(each.start, body(each)) for each in (answer, missing())]
    return said[0] == said[1] and answer.target is None


@pytest.mark.parametrize("count", [0, 1, 60, 5_000])
def test_a_page_of_any_size_takes_few_queries(
    grid: Grid, count: int, queries: CaptureQueriesContext
) -> None:
    make_links(grid, count)
    with queries:
        answer = resolve_grid_page("page")
    assert len(queries) <= QUERIES_MAX
    assert answer.start["status"] == 200
    assert answer.target == Target(Kind.VIEW, grid.user_id, grid.pk)
    assert answer.depends_on == (f"grid {grid.pk}", f"user {grid.user_id}")
    assert titles(html(answer)) == [f"Link number {number}" for number in range(min(count, 200))]


def test_a_page_of_sixty_tiles_is_small(grid: Grid) -> None:
    make_links(grid, 60, note="A sentence that says what is to be found behind the link.", width=2)
    answer = resolve_grid_page("page")
    for encoding in ("gzip", "br"):
        assert len(answer.negotiate(scope(accept_encoding=encoding)).body["body"]) <= 14_000


def test_thousands_of_links_come_in_parts(grid: Grid) -> None:
    make_links(grid, 450)
    keys = ["page", "page/2", "page/3"]
    answers = [resolve_grid_page(key) for key in keys]
    pages = [html(answer) for answer in answers]
    assert [len(titles(page)) for page in pages] == [200, 200, 50]
    assert [title for page in pages for title in titles(page)] == [
        f"Link number {number}" for number in range(450)
    ]
    following = [[each.attributes["href"] for each in page.all("a", rel="next")] for page in pages]
    before = [[each.attributes["href"] for each in page.all("a", rel="prev")] for page in pages]
    assert following == [["/g/page/2"], ["/g/page/3"], []]
    assert before == [[], ["/g/page"], ["/g/page/2"]]
    assert pages[0].one("a", rel="next").text == "More links"
    canonical = [page.one("link", rel="canonical").attributes["href"] for page in pages]
    assert canonical == [f"https://go.example/g/{key}" for key in keys]
    # Who reads on does not come once more.
    assert [bool(answer.target) for answer in answers] == [True, False, False]


def test_no_more_is_offered_than_there_is(grid: Grid) -> None:
    make_links(grid, 200)
    assert html(resolve_grid_page("page")).all("a", rel="next") == []
    answer = resolve_grid_page("page/2")
    assert is_missing(answer)
    # It is not kept: guesses of parts would fill the cache.
    assert answer is missing()
    assert [status(f"page/{part}") for part in (3, 25, 9999)] == [404] * 3


def test_an_empty_grid_says_so(grid: Grid) -> None:
    found = html(resolve_grid_page("page"))
    assert "There are no links here yet." in found.one("main").text
    assert found.all("ul") == []


def test_every_way_to_a_page_leads_to_one_page(grid: Grid) -> None:
    make_links(grid, 3)
    by_alias, by_slug = resolve_grid_page("page"), resolve_grid_page(grid.slug)
    assert body(by_alias) == body(by_slug)
    assert (
        html(by_slug).one("link", rel="canonical").attributes["href"] == "https://go.example/g/page"
    )


def test_what_a_public_page_says_of_itself(grid: Grid) -> None:
    Grid.objects.update(description="Where I write.\n\nAnd more.", theme="ocean")
    answer = resolve_grid_page("page")
    found = html(answer)
    assert "x-robots-tag" not in headers(answer)
    assert found.all("meta", name="robots") == []
    assert found.one("title").text == found.one("h1").text == "My links"
    said = {
        each.attributes.get("property") or each.attributes.get("name"): each.attributes["content"]
        for each in found.all("meta")
        if "content" in each.attributes
    }
    assert said.items() >= {
        ("description", "Where I write."),
        ("og:type", "website"),
        ("og:title", "My links"),
        ("og:description", "Where I write."),
        ("og:url", "https://go.example/g/page"),
        ("twitter:card", "summary"),
        ("theme-color", "#e9f2f8"),
    }
    about = json.loads(found.one("script", type="application/ld+json").text)
    assert about["@type"] == "CollectionPage"
    assert (about["name"], about["url"]) == ("My links", "https://go.example/g/page")
    assert about["author"] == {"@type": "Person", "name": "alice"}
    assert found.one("a", rel="author").attributes["href"] == "/@alice"
    feeds = [each.attributes["href"] for each in found.all("link", rel="alternate")]
    assert feeds == ["/g/page/feed.xml", "/g/page/feed.json"]
    assert [status(key) for key in ("page/feed.xml", "page/feed.json", "page/icon.svg")] == [
        200
    ] * 3


def test_an_unlisted_grid_is_in_no_index_and_in_no_feed(alice: Client) -> None:
    grid = public_grid(alice, alias="page", title="Mine", visibility=Visibility.UNLISTED)
    make_links(grid, 1)
    answer = resolve_grid_page("page")
    found = html(answer)
    assert answer.start["status"] == 200
    assert answer.target == Target(Kind.VIEW, grid.user_id, grid.pk)
    assert headers(answer)["x-robots-tag"] == "noindex"
    assert found.one("meta", name="robots").attributes["content"] == "noindex"
    assert found.all("link", rel="alternate") == found.all("script") == []
    assert found.all("a", rel="author") == []
    assert is_missing(resolve_grid_page("page/feed.xml"))
    assert is_missing(resolve_grid_page("page/feed.json"))
    assert status("page/icon.svg") == 200


@pytest.mark.parametrize("rest", ["", "/1", "/2", "/feed.xml", "/feed.json", "/icon.svg", "/a.b"])
def test_a_private_grid_is_as_good_as_none(alice: Client, rest: str) -> None:
    private = public_grid(alice, alias="mine", visibility=Visibility.PRIVATE)
    trash = public_grid(alice, alias="gone", is_deleted=True, deleted_on=timezone.now())
    nobody = make_user("nobody")
    closed = Grid.objects.create(user=nobody, alias="closed", visibility=Visibility.PUBLIC)
    type(nobody).objects.filter(pk=nobody.pk).update(is_active=False)
    make_links(private, 3)
    keys = [key for grid in (private, trash, closed) for key in (grid.slug, str(grid.alias))]
    for key in (*keys, "never-was", f"gr_{0:032x}"):
        answer = resolve_grid_page(key + rest)
        assert is_missing(answer), key
        assert answer.depends_on == ()


def test_a_grid_that_is_no_longer_private(alice: Client) -> None:
    grid = public_grid(alice, alias="page", visibility=Visibility.PRIVATE)
    statuses = []
    for visibility in ("unlisted", "private", "public"):
        Grid.objects.filter(pk=grid.pk).update(visibility=visibility)
        statuses.append(status("page"))
    assert statuses == [200, 404, 200]


def test_links_that_are_not_open_are_not_shown(grid: Grid) -> None:
    now, hour = timezone.now(), timedelta(hours=1)
    windows: dict[str, dict[str, Any]] = {
        "open": {},
        "begun": {"active_from": now - hour},
        "ending": {"active_until": now + 3 * hour},
        "ended": {"active_until": now - hour},
        "coming": {"active_from": now + 2 * hour, "active_until": now + 4 * hour},
        "in the trash": {"is_deleted": True, "deleted_on": now, "active_from": now + hour},
    }
    for y, (title, fields) in enumerate(windows.items()):
        make_links(grid, 1, title=title, y=y, **fields)
    answer = resolve_grid_page("page")
    assert titles(html(answer)) == ["open", "begun", "ending"]
    # The next change is that of the one to come; the one in the trash changes nothing.
    assert answer.fresh_until == (now + 2 * hour).timestamp()


def test_a_page_without_windows_stays_fresh(grid: Grid) -> None:
    make_links(grid, 2)
    assert resolve_grid_page("page").fresh_until == inf
    past = timezone.now() - timedelta(hours=1)
    Link.objects.update(active_from=past)
    assert resolve_grid_page("page").fresh_until == inf
    end = timezone.now() + timedelta(hours=1)
    Link.objects.update(active_until=end)
    for key in ("page", "page/feed.xml", "page/icon.svg"):
        assert resolve_grid_page(key).fresh_until == end.timestamp()


def test_the_order_is_that_of_the_grid(grid: Grid) -> None:
    for title, x, y in (("third", 0, 5), ("second", 3, 0), ("first", 1, 0)):
        make_links(grid, 1, title=title, x=x, y=y)
    assert titles(html(resolve_grid_page("page"))) == ["first", "second", "third"]


def test_sections_are_named_by_their_headings(grid: Grid) -> None:
    make_links(grid, 1)
    make_links(grid, 2, y=1, style={"section": "Work"})
    found = html(resolve_grid_page("page"))
    names = [each.attributes.get("aria-labelledby") for each in found.all("section")]
    headings = {each.attributes["id"]: each.text for each in found.all("h2")}
    assert [headings.get(str(name)) for name in names] == [None, "Work", "Work"]


def test_a_links_owner_may_say_it_is_theirs(grid: Grid) -> None:
    make_links(grid, 1, style={"me": True}, alias="mine")
    make_links(grid, 1, y=1, alias="other")
    # Whoever verifies it looks for the address itself, not for a redirect.
    (mine,) = html(resolve_grid_page("page")).all("link", rel="me")
    assert mine.attributes["href"] == Link.objects.get(alias="mine").url


@pytest.mark.parametrize("theme", SIX_THEMES)
def test_a_page_has_the_colours_of_its_theme(grid: Grid, theme: str) -> None:
    from gridlink.web.themes import theme_css

    Grid.objects.update(theme=theme, colour_scheme="dark")
    style = html(resolve_grid_page("page")).one("style").text
    assert style.startswith(theme_css(theme, "dark"))
    icon = body(resolve_grid_page("page/icon.svg")).decode()
    assert ">M</text>" in icon


@pytest.mark.parametrize("columns", [1, 6, 7, 24])
def test_the_look_follows_the_columns(grid: Grid, columns: int) -> None:
    Grid.objects.update(columns=columns)
    found = html(resolve_grid_page("page"))
    looks = {1: "column", 6: "grid", 7: "grid many", 24: "grid many"}
    assert found.one("body").attributes["class"] == looks[columns]
    assert f".tiles{{--columns:{columns}}}" in found.one("style").text


def test_a_title_that_cannot_be_seen(grid: Grid) -> None:
    Grid.objects.update(title="\u200b\u202e")
    found = html(resolve_grid_page("page"))
    assert found.one("title").text == found.one("h1").text == "page"


@pytest.mark.parametrize(
    "locale", ["en", "el", "de_CH", "ar_EG", "he", "zh_Hant_TW", "pa_Arab_PK", "yue"]
)
def test_no_language_breaks_a_page(grid: Grid, locale: str) -> None:
    type(grid.user).objects.update(locale=locale)
    assert status("page") == 200
    assert status("page/feed.xml") == 200
