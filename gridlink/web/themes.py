"""Define the themes of pages, each a light and a dark palette.

Every palette is checked against WCAG 2.2 by tests: ink, muted and accent text have a contrast of at least
4.5:1 on both surfaces, lines of controls 3:1.
"""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Palette:
    """Hold the colours of one theme in one scheme, as `#rrggbb`."""

    canvas: str
    tile: str
    ink: str
    muted: str
    accent: str
    line: str

    def css(self) -> str:
        """Return the palette as declarations of CSS variables."""
        return ";".join(f"--{field.name}:{getattr(self, field.name)}" for field in fields(self))


@dataclass(frozen=True, slots=True)
class Theme:
    """Pair the palettes of a theme, and name it for people."""

    label: str
    light: Palette
    dark: Palette


THEMES = {
    "paper": Theme(
        "Paper",
        Palette("#f6f5f1", "#ffffff", "#1b1b1f", "#5e5e66", "#3f3dd9", "#84848c"),
        Palette("#101114", "#1a1c21", "#f1f1ee", "#a9abb4", "#a9b1ff", "#767984"),
    ),
    "meadow": Theme(
        "Meadow",
        Palette("#eaf3ec", "#ffffff", "#12231a", "#4a5f53", "#0b6b45", "#7a8c81"),
        Palette("#0c1510", "#15211a", "#e9f3ec", "#9db3a6", "#6fdca5", "#6b7f73"),
    ),
    "dusk": Theme(
        "Dusk",
        Palette("#f6eef7", "#ffffff", "#251628", "#665569", "#9a2c7f", "#8e7e91"),
        Palette("#170f1b", "#231829", "#f6ecf7", "#bba7bf", "#f3a6de", "#86748b"),
    ),
    "sand": Theme(
        "Sand",
        Palette("#f7f0e4", "#fffdf8", "#2a2118", "#6a5c4b", "#9a4a0b", "#93836f"),
        Palette("#16120d", "#221c15", "#f5ede0", "#b9aa95", "#f2b27a", "#857763"),
    ),
    "ocean": Theme(
        "Ocean",
        Palette("#e9f2f8", "#ffffff", "#0e2230", "#48606f", "#075e9c", "#778b98"),
        Palette("#0a131a", "#132029", "#e6f1f8", "#9ab2c2", "#7cc7ff", "#687d8b"),
    ),
    "mono": Theme(
        "Mono",
        Palette("#ffffff", "#ffffff", "#000000", "#4d4d4d", "#000000", "#767676"),
        Palette("#000000", "#000000", "#ffffff", "#b5b5b5", "#ffe14d", "#808080"),
    ),
}
DEFAULT_THEME = "paper"
SCHEMES = ("light", "dark")


def theme_css(theme: str, scheme: str, selector: str = ":root") -> str:
    """Return the rules that set a theme's colours for all that `selector` matches.

    `theme` is a name of THEMES or "auto", which is the default theme; `scheme` is "light" or "dark" for
    everybody, or "auto" for what the visitor's device asks for.
    """
    palettes = THEMES.get(theme, THEMES[DEFAULT_THEME])
    if scheme in SCHEMES:
        palette: Palette = getattr(palettes, scheme)
        return f"{selector}{{color-scheme:{scheme};{palette.css()}}}"
    return (
        f"{selector}{{color-scheme:light dark;{palettes.light.css()}}}"
        f"@media(prefers-color-scheme:dark){{{selector}{{{palettes.dark.css()}}}}}"
    )
