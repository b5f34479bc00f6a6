"""Test how templates become pages: nothing in them can run, and nothing comes from elsewhere."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest

from gridlink.accounts.models import User
from grids.models import Grid, Visibility
from grids.public.pages import rendering
from grids.public.pages.document import Document, make_document
from grids.public.pages.grid_page import make_context
from grids.public.pages.rendering import render_page, template_version
from tests.support.grids.pages import headers, html, link, text

HOSTILE = "</title></style></script><script>alert(1)</script><img src=x onerror=a>\"'&amp;{{ x }}"


def page(**fields: Any) -> Document:
    """The page of a grid that is stored nowhere, with three links."""
    owner = User(username="alice", display_name=HOSTILE, locale=fields.pop("locale", "en"))
    of_links = fields.pop("link", {})
    links = [link(number, **of_links) for number in range(3)]
    made = {"title": "Grid", "slug": f"gr_{1:032x}", "visibility": Visibility.PUBLIC, **fields}
    context = make_context(Grid(user=owner, **made), links, part=1, has_more=False)
    return make_document(render_page("grid.html", context))


def policy(answer: Document) -> dict[str, list[str]]:
    """The directives of a content security policy."""
    given = headers(answer)["content-security-policy"].split(";")
    return {words[0]: words[1:] for words in map(str.split, given)}


@pytest.mark.parametrize("theme", ["auto", "dusk", "mono"])
@pytest.mark.parametrize("scheme", ["auto", "light", "dark"])
def test_only_the_style_of_the_page_is_allowed(theme: str, scheme: str) -> None:
    answer = page(theme=theme, colour_scheme=scheme, link={"background": "#112233"})
    style = html(answer).one("style").text
    allowed = b64encode(sha256(style.encode()).digest()).decode()
    assert policy(answer) == {
        "default-src": ["'none'"],
        "style-src": ["'self'", f"'sha256-{allowed}'"],
        "img-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    # As it was sent, not as a parser understood it.
    assert f"<style>{style}</style>" in text(answer)


@pytest.mark.parametrize("name", ["title", "description"])
def test_what_an_owner_writes_is_text(name: str) -> None:
    answer = page(**{name: HOSTILE}, link={"title": HOSTILE, "note": HOSTILE, "width": 2})
    found = html(answer)
    assert found.all("img") == []
    (script,) = found.all("script")
    assert script.attributes == {"type": "application/ld+json"}
    assert HOSTILE in found.one("h1" if name == "title" else "header").text
    assert len(found.all("style")) == 1
    assert {each.text for each in found.all("b")} == {HOSTILE}
    assert found.one("a", rel="author").text == HOSTILE


def test_nothing_in_a_page_can_run() -> None:
    answer = page(title=HOSTILE, link={"title": HOSTILE, "style": {"section": HOSTILE}})
    for element in html(answer).elements:
        assert element.tag not in ("iframe", "object", "embed", "form", "base", "input")
        for name, value in element.attributes.items():
            assert name != "style", element
            assert not name.startswith("on"), element
            assert not (name in ("href", "src") and value.startswith("javascript:")), element


def test_nothing_comes_from_another_host() -> None:
    answer = page(link={"background": "#112233", "url": "https://evil.example/"})
    for address in html(answer).addresses():
        assert re.match(r"/(?!/)|#|https://go\.example/", address), address
    assert not re.search(
        r"url\(|@import|//(?!go\.example|schema\.org)", html(answer).one("style").text
    )


def test_a_browser_fetches_the_style_sheet_and_the_icon() -> None:
    links = html(page(alias="page")).all("link")
    fetched = [
        each.attributes["href"]
        for each in links
        if each.attributes["rel"] in ("stylesheet", "icon")
    ]
    assert fetched == ["/static/web/public.css", "/g/page/icon.svg"]


@pytest.mark.parametrize(
    ("locale", "language", "direction"),
    [
        ("en", "en", "ltr"),
        ("de_CH", "de-CH", "ltr"),
        ("ar", "ar", "rtl"),
        ("he_IL", "he-IL", "rtl"),
    ],
)
def test_the_direction_of_the_language(locale: str, language: str, direction: str) -> None:
    root = html(page(locale=locale)).one("html").attributes
    assert root == {"lang": language, "dir": direction}


def test_texts_of_owners_have_a_direction_of_their_own() -> None:
    found = html(page(title="שלום", link={"note": "x", "width": 2, "style": {"section": "s"}}))
    texts = [*found.all("h1"), *found.all("h2"), *found.all("b"), *found.all("span", class_="note")]
    assert len(texts) == 10
    assert {each.attributes["dir"] for each in texts} == {"auto"}


def test_the_same_page_has_the_same_bytes() -> None:
    first, second = page(), page()
    assert first.content == second.content
    assert page(title="Other").content.etag != first.content.etag


def test_what_search_engines_may_not_hold_says_so_twice() -> None:
    for visibility, hidden in ((Visibility.PUBLIC, False), (Visibility.UNLISTED, True)):
        answer = page(visibility=visibility)
        assert headers(answer).get("x-robots-tag") == ("noindex" if hidden else None)
        assert len(html(answer).all("meta", name="robots", content="noindex")) == hidden


def test_a_new_release_makes_every_page_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    before = template_version()
    for change in (None, ("page.html", "<p>"), ("page.css", "a{}"), ("page.css", "b{}")):
        if change:
            (tmp_path / change[0]).write_text(change[1])
        monkeypatch.setattr(rendering, "_TEMPLATES", (tmp_path,))
        template_version.cache_clear()
        now = template_version()
        assert now != before
        before = now
    template_version.cache_clear()
