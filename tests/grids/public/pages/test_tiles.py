"""Test what a page shows of its links: whatever their texts are, they stay in their tiles."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridlink.lib.weburl import BadUrl, check_url
from gridlink.web.colours import READABLE, contrast
from grids.models import Link
from grids.public.pages.tiles import (
    MONOGRAM_COLOURS,
    Tile,
    host_of,
    make_sections,
    monogram,
    monogram_colour,
    plain,
)
from tests.support.grids.pages import link

ZALGO = "Z" + "\u0301\u0489\u0334" * 60 + "algo"
OVERRIDE = "\u202egpj.exe\u202c"
FAMILY = "👩\u200d👩\u200d👧\ufe0f"


def tiles_of(*links: Link, columns: int = 6) -> list[Tile]:
    sections, _ = make_sections(links, columns)
    return [tile for section in sections for tile in section.tiles]


def tile_of(**fields: Any) -> Tile:
    (tile,) = tiles_of(link(**fields))
    return tile


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("A link", "A link"),
        ("  two\n\n lines\t ", "two lines"),
        ("a\x00b\x1b[31mc\x85d", "a b [31mc d"),
        ("a\u2028b\u2029c", "a b c"),
        (f"photo {OVERRIDE}", "photo gpj.exe"),
        ("\u2066a\u2069\u200eb\u200f\u061c", "ab"),
        (FAMILY, FAMILY),
        ("שלום עולם", "שלום עולם"),
        ("ภาษาไทยที่", "ภาษาไทยที่"),
        ("e\u0301\u0302\u0303\u0304\u0305x", "e\u0301\u0302\u0303\u0304x"),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
        ("", ""),
    ],
)
def test_plain_text(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_marks_do_not_pile_up() -> None:
    kept = plain(ZALGO)
    assert kept.startswith("Z")
    assert kept.endswith("algo")
    assert len(kept) == len("Zalgo") + 4


def is_harmless(text: str) -> bool:
    """Whether a text is one line, turns nothing around and covers nothing."""
    marks = "".join("m" if unicodedata.category(char) in ("Mn", "Me") else " " for char in text)
    return (
        not re.search(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\u200e\u200f\u061c]", text)
        and "mmmmm" not in marks
        and text == text.strip()
    )


TEXTS = st.text(
    st.characters(exclude_categories=["Cs"])
    | st.sampled_from("\u202e\u202d\u2066\u2069\u200f\x00\n\u0301\u0489\u2028<>&\"' "),
    max_size=60,
)


@given(TEXTS)
def test_any_text_is_harmless(text: str) -> None:
    assert is_harmless(plain(text))
    assert plain(plain(text)) == plain(text)


@given(TEXTS, TEXTS, TEXTS)
def test_any_tile_is_harmless(title: str, note: str, icon: str) -> None:
    tile = tile_of(title=title, note=note, width=2, style={"icon": icon})
    assert all(map(is_harmless, (tile.title, tile.note, tile.monogram, tile.host)))
    assert tile.title
    assert len(tile.monogram) == 1


@pytest.mark.parametrize("title", ["", " ", "\u202e", "\u200b", "\u200d\u2060\ufeff", "\u00ad"])
def test_a_title_that_cannot_be_seen_gives_way_to_the_address(title: str) -> None:
    assert tile_of(title=title, url="mailto:anna@a.example").title == "mailto:anna@a.example"


def test_a_long_text_is_cut_at_a_word() -> None:
    wide = tile_of(note="word " * 2_000, width=2)
    assert wide.note == " ".join(["word"] * 22) + "…"
    tall = tile_of(note="word, " * 2_000, width=2, height=2)
    assert (len(tall.note) <= 281, tall.note[-5:]) == (True, "word…")
    without_space = tile_of(note="w" * 10_000, width=2)
    assert without_space.note == "w" * 110 + "…"
    assert tile_of(note="short", width=2).note == "short"
    # A narrow one has no room for it.
    assert tile_of(note="short").note == ""


def test_a_tile() -> None:
    made = link(7, url="https://www.News.example:8443/a?b", title="The news", alias="news")
    (tile,) = tiles_of(made)
    assert tile == Tile(
        number=0,
        href="/l/news",
        url="https://www.News.example:8443/a?b",
        title="The news",
        host="news.example",
        note="",
        monogram="T",
        colour=monogram_colour(made.url),
        shape="full",
    )
    assert tile_of(number=7).href == f"/l/li_{7:032x}"


@pytest.mark.parametrize(
    ("width", "height", "shape"),
    [(1, 1, "full"), (2, 1, "wide full"), (1, 2, "tall full"), (3, 3, "wide tall full")],
)
def test_shapes(width: int, height: int, shape: str) -> None:
    assert tile_of(width=width, height=height).shape == shape


def test_two_narrow_tiles_share_a_row_of_a_phone() -> None:
    assert [tile.shape for tile in tiles_of(link(0), link(1, x=1))] == ["", ""]


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("news", "N"),
        ("  «élan»", "É"),
        ("ßharp", "S"),
        ("42", "4"),
        ("日本", "日"),
        ("שלום", "ש"),
        ("🌱 garden", "G"),
        ("🌱", "🌱"),
        ("...", "."),
        ("", "·"),
    ],
)
def test_monograms(text: str, letter: str) -> None:
    assert monogram(text) == letter


def test_all_links_to_a_host_have_one_colour() -> None:
    same = {monogram_colour(f"https://A.example/{path}") for path in range(20)}
    assert len(same | {monogram_colour("http://user@a.example:80")}) == 1
    others = {monogram_colour(f"https://{host}.example/") for host in range(200)}
    assert others == set(range(MONOGRAM_COLOURS))


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Example.org/a", "example.org"),
        ("https://me:secret@example.org:80/", "example.org"),
        ("https://[2001:db8::1]:80/", "2001:db8::1"),
        ("https://bücher.example/", "bücher.example"),
        ("mailto:anna@example.org", ""),
        ("tel:+30210", ""),
        ("https://[broken/", ""),
    ],
)
def test_hosts(url: str, host: str) -> None:
    assert host_of(url) == host


@given(TEXTS)
def test_a_host_that_a_link_may_have_is_harmless(name: str) -> None:
    try:
        url = check_url(f"https://a{name}.example/")
    except BadUrl:
        return
    assert is_harmless(tile_of(url=url).host)


def rule(number: int = 0, **fields: Any) -> str:
    """The rule of a link's own colours, without where it stands."""
    _, css = make_sections([link(number, **fields)], 6)
    return css.partition("@media")[0]


COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(COLOURS, COLOURS | TEXTS)
def test_own_colours_are_always_readable(background: str, wanted: str) -> None:
    declared = dict(
        part.split(":")
        for part in rule(background=background, style={"text_colour": wanted})
        .partition("}")[0][4:]
        .split(";")
    )
    assert declared["--tile"] == background
    for name in ("--ink", "--muted"):
        assert contrast(declared[name], background) >= READABLE


@given(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS)
def test_no_style_gets_out_of_its_rule(
    background: str, ink: str, font: str, align: str, border: str
) -> None:
    style = {"text_colour": ink, "font": font, "align": align, "border_colour": border}
    assert rule(background=background, style=style) == ""


def test_a_style_of_ones_own() -> None:
    style = {"font": "mono", "align": "centre", "radius": 8, "border_colour": "#112233"}
    assert rule(style=style) == (
        "#t0{font-family:ui-monospace,monospace;text-align:center;"
        "border-radius:8px;box-shadow:none;border:2px solid #112233}"
    )
    assert "border:0px solid" in rule(style={**style, "border_width": 0})
    assert rule(style={"font": "sans", "align": "start", "icon": "x"}) == ""


def test_sections() -> None:
    links = [
        link(0),
        link(1, x=1, y=0),
        link(2, y=1, style={"section": "Work\x00"}),
        link(3, y=2),
        link(4, y=8, x=2, style={"section": OVERRIDE}),
    ]
    sections, css = make_sections(links, 4)
    found = [(each.heading, each.number, [tile.number for tile in each.tiles]) for each in sections]
    assert found == [("", 0, [0, 1]), ("Work", 1, [2, 3]), ("gpj.exe", 2, [4])]
    # The rows of each begin anew.
    assert css == (
        "@media(min-width:56rem){"
        "#t0{grid-area:1/1/span 1/span 1}#t1{grid-area:1/2/span 1/span 1}"
        "#t2{grid-area:1/1/span 1/span 1}#t3{grid-area:2/1/span 1/span 1}"
        "#t4{grid-area:1/3/span 1/span 1}}"
    )
    assert make_sections([], 4)[0] == []


def test_a_first_link_may_begin_a_section() -> None:
    sections, _ = make_sections([link(0, style={"section": "One"}), link(1)], 4)
    assert [(each.heading, len(each.tiles)) for each in sections] == [("One", 2)]
