"""Show every component of pages in every theme, at `/styleguide/` while DEBUG is on."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from gridlink.lib.content_policy import style_source
from gridlink.web.themes import SCHEMES, THEMES, theme_css

_TEXT = "A few words about where it leads, long enough for a second line."
_TILES = (
    {"title": "One by one", "shape": "", "colour": 0, "monogram": "O"},
    {
        "title": "Two columns wide",
        "shape": "wide full",
        "colour": 1,
        "monogram": "T",
        "note": _TEXT,
    },
    {"title": "Two rows high", "shape": "tall", "colour": 2, "monogram": "H"},
    {"title": "Two by two", "shape": "wide tall full", "colour": 3, "monogram": "B", "note": _TEXT},
    {"title": "Unbreakablewordsthatgoonandon" * 3, "shape": "", "colour": 4, "monogram": "U"},
    {"title": "شريط من اليمين", "shape": "wide full", "colour": 5, "monogram": "ش", "note": "نص"},
)
_SPANS = ("1/1", "1/2/span 1/span 2", "1/4/span 2", "1/5/span 2/span 2", "2/1", "2/2/span 1/span 2")


def styleguide(request: HttpRequest) -> HttpResponse:
    """Return the page of all components."""
    looks = [(name, scheme) for name in THEMES for scheme in SCHEMES]
    css = theme_css("auto", "auto") + "".join(
        theme_css(name, scheme, f"#{name}-{scheme}") for name, scheme in looks
    )
    places = "".join(
        f".tiles>:nth-child({number}){{grid-area:{span}}}" for number, span in enumerate(_SPANS, 1)
    )
    css += f".tiles{{--columns:6}}@media(min-width:56rem){{{places}}}"
    tiles = [{"href": "#", "host": "example.org", **tile} for tile in _TILES]
    context = {
        "stylesheet": "web/public.css",
        "css": css,
        "looks": [
            {
                "id": f"{name}-{scheme}",
                "label": THEMES[name].label,
                "scheme": scheme,
                "tiles": tiles,
            }
            for name, scheme in looks
        ],
    }
    response = render(request, "web/styleguide.html", context)
    policy = f"default-src 'none'; style-src 'self' {style_source(css)}"
    response["Content-Security-Policy"] = policy
    return response
