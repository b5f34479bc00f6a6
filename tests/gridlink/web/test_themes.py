"""Test that every theme can be read by everybody."""

from __future__ import annotations

import re

import pytest

from gridlink.web.colours import READABLE, contrast, is_colour
from gridlink.web.themes import DEFAULT_THEME, SCHEMES, THEMES, Palette, theme_css

PALETTES = {
    f"{name} {scheme}": getattr(theme, scheme)
    for name, theme in THEMES.items()
    for scheme in SCHEMES
}
LINES = 3.0
"""The least contrast of what shows where a control is (WCAG 2.2, 1.4.11)."""

each_palette = pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES.keys())


def test_there_are_six_themes() -> None:
    assert list(THEMES) == ["paper", "meadow", "dusk", "sand", "ocean", "mono"]
    assert [theme.label.lower() for theme in THEMES.values()] == list(THEMES)
    assert DEFAULT_THEME in THEMES


@each_palette
@pytest.mark.parametrize("surface", ["canvas", "tile"])
@pytest.mark.parametrize(
    ("colour", "least"),
    [("ink", READABLE), ("muted", READABLE), ("accent", READABLE), ("line", LINES)],
)
def test_contrast(palette: Palette, surface: str, colour: str, least: float) -> None:
    assert contrast(getattr(palette, colour), getattr(palette, surface)) >= least


@each_palette
def test_what_stands_on_the_accent_is_readable(palette: Palette) -> None:
    """The letters of icons and avatars have the colour of a tile."""
    assert contrast(palette.tile, palette.accent) >= READABLE


@each_palette
def test_a_palette_is_six_colours_in_lower_case(palette: Palette) -> None:
    declared = dict(part.split(":") for part in palette.css().split(";"))
    assert list(declared) == ["--canvas", "--tile", "--ink", "--muted", "--accent", "--line"]
    assert all(is_colour(colour) for colour in declared.values())
    assert palette.css() == palette.css().lower()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_fixed_scheme_has_one_palette(theme: str, scheme: str) -> None:
    palette: Palette = getattr(THEMES[theme], scheme)
    assert theme_css(theme, scheme) == f":root{{color-scheme:{scheme};{palette.css()}}}"


@pytest.mark.parametrize("theme", THEMES)
def test_without_one_the_device_chooses(theme: str) -> None:
    light, dark = THEMES[theme].light, THEMES[theme].dark
    assert theme_css(theme, "auto", "#c1") == (
        f"#c1{{color-scheme:light dark;{light.css()}}}"
        f"@media(prefers-color-scheme:dark){{#c1{{{dark.css()}}}}}"
    )


@pytest.mark.parametrize("theme", ["auto", "", "light", "</style>", "no such theme"])
def test_what_is_no_theme_is_the_default_one(theme: str) -> None:
    for scheme in (*SCHEMES, "auto", "</style>"):
        assert theme_css(theme, scheme) == theme_css(DEFAULT_THEME, scheme)
        assert not re.search("[<&]", theme_css(theme, scheme))
