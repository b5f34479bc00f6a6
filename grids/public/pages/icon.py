"""Draw the icon of a page: its initial in the colours of its theme."""

from __future__ import annotations

from html import escape

from gridlink.web.themes import DEFAULT_THEME, THEMES
from grids.public.pages.document import Content, make_content

_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
    '<rect width="64" height="64" rx="16" fill="{ground}"/>'
    '<text x="32" y="33" fill="{ink}" font-family="system-ui,sans-serif" font-size="36"'
    ' font-weight="700" text-anchor="middle" dominant-baseline="central">{letter}</text></svg>'
)


def monogram_icon(letter: str, theme: str) -> Content:
    """Return an SVG with a letter."""
    palette = THEMES.get(theme, THEMES[DEFAULT_THEME]).light
    svg = _SVG.format(ground=palette.accent, ink=palette.tile, letter=escape(letter))
    return make_content(svg.encode(), "image/svg+xml", headers=[(b"x-robots-tag", b"noindex")])
