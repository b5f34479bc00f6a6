"""Test the icons of pages."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from gridlink.web.themes import DEFAULT_THEME, THEMES
from grids.public.pages.document import make_document
from grids.public.pages.icon import monogram_icon
from tests.support.grids.pages import headers, text

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("theme", ["auto", *THEMES])
@pytest.mark.parametrize("letter", ["A", "ש", "🌱", "<", "&", '"', "·"])
def test_an_icon_is_a_letter_in_the_colours_of_the_theme(theme: str, letter: str) -> None:
    answer = make_document(monogram_icon(letter, theme))
    sent = headers(answer)
    assert (sent["content-type"], sent["x-robots-tag"]) == ("image/svg+xml", "noindex")
    root = ElementTree.fromstring(text(answer))
    assert root.tag == f"{SVG}svg"
    ground, drawn = root
    assert (ground.tag, drawn.tag, drawn.text) == (f"{SVG}rect", f"{SVG}text", letter)
    palette = THEMES.get(theme, THEMES[DEFAULT_THEME]).light
    assert (ground.attrib["fill"], drawn.attrib["fill"]) == (palette.accent, palette.tile)
