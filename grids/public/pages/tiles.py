"""Describe the tiles of a page for its template, and the CSS of each."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlsplit
from zlib import crc32

from gridlink.web.colours import is_colour, readable_ink
from grids.models import Link
from grids.public.pages.arrange import Place, arrange, places_css

# From this width on, tiles stand in their cells: as in public.css.
WIDE = "56rem"
MONOGRAM_COLOURS = 6
# Of a note, on a tile one row high and on higher ones; narrow tiles have no room for it.
_NOTE_CHARS, _NOTE_CHARS_TALL = 110, 280
_FONTS = {"serif": "ui-serif,Georgia,serif", "mono": "ui-monospace,monospace"}
_ALIGN = {"centre": "center", "end": "end"}
# Marks that stack without end would cover other tiles.
_MARKS_MAX = 4
_OWN_MARK = "background:color-mix(in srgb,var(--ink) 12%,transparent);color:var(--ink)"
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Tile:
    """Hold what a template shows of a link."""

    number: int
    href: str
    url: str
    title: str
    host: str
    note: str
    monogram: str
    colour: int
    shape: str


@dataclass(frozen=True, slots=True)
class Section:
    """Hold tiles below a common heading, which may be empty."""

    heading: str
    number: int
    tiles: Sequence[Tile]


def make_sections(links: Sequence[Link], columns: int) -> tuple[list[Section], str]:
    """Return the sections of links in reading order, and the CSS of their tiles.

    A section begins with each link whose style names one.
    """
    sections: list[Section] = []
    placed: list[str] = []
    own: list[str] = []
    first = 0
    for heading, group in _by_section(links):
        places = arrange(group, columns)
        tiles = [
            _tile(first + number, link, place)
            for number, (link, place) in enumerate(zip(group, places, strict=True))
        ]
        sections.append(Section(plain(heading), len(sections), tiles))
        placed.append(places_css(places, first))
        own.extend(_own_colours(first + number, link) for number, link in enumerate(group))
        first += len(group)
    return sections, f"{''.join(own)}@media(min-width:{WIDE}){{{''.join(placed)}}}"


def _by_section(links: Iterable[Link]) -> Iterator[tuple[str, list[Link]]]:
    number = 0

    def section(link: Link) -> int:
        nonlocal number
        number += bool(link.style.get("section"))
        return number

    for _, group in groupby(links, section):
        of_section = list(group)
        yield str(of_section[0].style.get("section", "")), of_section


def _tile(number: int, link: Link, place: Place) -> Tile:
    return Tile(
        number=number,
        href=f"/l/{link.alias or link.slug}",
        url=link.url,
        title=tile_title(link),
        host=host_of(link.url).removeprefix("www."),
        note=_excerpt(link.note, place),
        monogram=tile_monogram(link),
        colour=monogram_colour(link.url),
        shape=_shape(place),
    )


def tile_title(link: Link) -> str:
    """Return a link's title, or else its host."""
    return plain(link.title) or host_of(link.url).removeprefix("www.") or link.url


def tile_monogram(link: Link) -> str:
    """Return the letter on a link's tile: of its icon, or else of its title."""
    return monogram(plain(str(link.style.get("icon", ""))) or tile_title(link))


def _shape(place: Place) -> str:
    names = ["wide"] if place.width > 1 else []
    names += ["tall"] if place.height > 1 else []
    names += ["full"] if place.phone_width > 1 else []
    return " ".join(names)


def _excerpt(note: str, place: Place) -> str:
    if place.width == 1:
        return ""
    chars = _NOTE_CHARS if place.height == 1 else _NOTE_CHARS_TALL
    text = plain(note)
    if len(text) <= chars:
        return text
    return text[:chars].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…"


def monogram(text: str) -> str:
    """Return the first letter or digit of a text, or its first character."""
    found = _WORD.search(text)
    letter = found[0] if found else text[:1]
    return letter.upper()[:1] or "·"


def monogram_colour(url: str) -> int:
    """Return the number of the colour that all links to one host have."""
    return crc32(host_of(url).encode()) % MONOGRAM_COLOURS


def host_of(url: str) -> str:
    """Return the host of an address, or "" for one without."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def plain(text: str) -> str:
    """Return a text on one line, without what could disturb the page.

    Control characters, overrides of direction and what XML cannot hold go, and so do combining marks
    beyond the fourth.
    """
    kept: list[str] = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if category == "Cc" or char in "\u2028\u2029\ufffe\uffff":
            kept.append(" ")
        elif marks <= _MARKS_MAX and char not in _DIRECTIONS:
            kept.append(char)
    shown = " ".join("".join(kept).split())
    # A link of characters without width would have no name.
    return "" if all(unicodedata.category(char) in _INVISIBLE for char in shown) else shown


_INVISIBLE = ("Cf", "Mn", "Me", "Zs")
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def _own_colours(number: int, link: Link) -> str:
    """Return the rule of a tile with colours or a shape of its own."""
    style, declared = link.style, []
    if is_colour(link.background):
        ink = readable_ink(link.background, str(style.get("text_colour", "")))
        declared.append(f"--tile:{link.background};--ink:{ink};--muted:{ink}")
    if font := _FONTS.get(str(style.get("font"))):
        declared.append(f"font-family:{font}")
    if align := _ALIGN.get(str(style.get("align"))):
        declared.append(f"text-align:{align}")
    if isinstance(style.get("radius"), int):
        declared.append(f"border-radius:{style['radius']}px")
    if is_colour(str(style.get("border_colour", ""))):
        width = style.get("border_width", 2)
        width = width if isinstance(width, int) else 2
        declared.append(f"box-shadow:none;border:{width}px solid {style['border_colour']}")
    rule = f"#t{number}{{{';'.join(declared)}}}" if declared else ""
    # The marks' own colours would clash with it.
    return rule + (f"#t{number} .mark{{{_OWN_MARK}}}" if is_colour(link.background) else "")
