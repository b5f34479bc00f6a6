"""Render templates into documents, through the shared cache."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson
from babel import Locale, UnknownLocaleError
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import override

from gridlink.lib.content_policy import style_source
from gridlink.web.themes import DEFAULT_THEME, THEMES, theme_css
from grids.public.pages.document import Content, make_content
from grids.public.pages.shared_cache import shared_cache

STYLESHEET = "web/public.css"
_HTML = "text/html; charset=utf-8"
_TEMPLATES = (
    Path(__file__).parent,
    Path(__file__).parents[2] / "templates" / "public",
    Path(settings.BASE_DIR) / "gridlink" / "web",
)


def render_page(
    template: str,
    context: dict[str, Any],
    *,
    status: int = 200,
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> Content:
    """Return the content of a page, rendered unless the shared cache has it.

    `context` holds plain values only: it is the key under which the page is shared. Its `theme` and
    `scheme` choose the colours, its `css` is added to theirs, its `language` is as in HTML.
    """
    named = [template, status, template_version(), settings.STATIC_URL, context]
    key = blake2b(orjson.dumps(named), digest_size=16)
    return shared_cache().get_or_make(
        key.hexdigest(), lambda: _render(template, context, status, headers)
    )


def _render(
    template: str,
    context: dict[str, Any],
    status: int,
    headers: Sequence[tuple[bytes, bytes]],
) -> Content:
    context = page_context(context)
    with override(context["language"]):
        html = render_to_string(f"public/{template}", context)
    sent = [*_headers(context["css"], context), *headers]
    return make_content(html.encode(), _HTML, status=status, headers=sent)


def page_context(context: dict[str, Any]) -> dict[str, Any]:
    """Return a context with what every page needs: colours, style sheet and direction."""
    theme = context.get("theme", DEFAULT_THEME)
    language = str(context.get("language", "en"))
    return {
        **context,
        "css": theme_css(theme, context.get("scheme", "auto")) + context.get("css", ""),
        "stylesheet": STYLESHEET,
        "language": language,
        "direction": _direction(language),
        "theme_colour": THEMES.get(theme, THEMES[DEFAULT_THEME]).light.canvas,
    }


def _direction(language: str) -> str:
    try:
        return str(Locale.parse(language, sep="-").text_direction)
    except (ValueError, UnknownLocaleError):
        # The admin takes any text for a locale.
        return "ltr"


def _headers(css: str, context: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    policy = (
        f"default-src 'none'; style-src 'self' {style_source(css)}; img-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = [(b"content-security-policy", policy.encode())]
    if not context.get("listed"):
        headers.append((b"x-robots-tag", b"noindex"))
    return headers


@lru_cache(maxsize=1)
def template_version() -> str:
    """Return a digest of all that pages are rendered from.

    It is part of every key, so that an update of Gridlink renders everything again.
    """
    digest = blake2b(settings.VERSION.encode(), digest_size=8)
    for folder in _TEMPLATES:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".html", ".css", ".py"):
                digest.update(path.read_bytes())
    return digest.hexdigest()
