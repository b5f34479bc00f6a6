"""Answer what belongs to the whole site: profiles, the map for search engines, and robots.txt."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from math import ceil
from time import time
from xml.sax.saxutils import escape

from django.conf import settings
from django.db import close_old_connections

from gridlink.web.themes import DEFAULT_THEME
from grids.models import Grid
from grids.public import changes
from grids.public.pages import selectors
from grids.public.pages.document import Content, Document, make_content, make_document
from grids.public.pages.feeds import grid_address
from grids.public.pages.icon import monogram_icon
from grids.public.pages.messages import missing
from grids.public.pages.profile_page import profile_page
from grids.public.responses import Response

_MAP = re.compile(r"sitemap-([1-9][0-9]{0,2})\.xml")
_MAP_GRIDS = 10_000
_MAP_SECONDS = 600.0
_XMLNS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def resolve_site(key: str) -> Response:
    """Return the response to `/{key}`. Raises DatabaseError."""
    close_old_connections()
    if key.startswith("@"):
        return profile_page(key[1:])
    if made := _FILES.get(key):
        return made()
    if found := _MAP.fullmatch(key):
        return _site_map(int(found[1]))
    return missing()


def _robots() -> Response:
    # Nothing is forbidden: previews need to fetch a page to show it. What no index may hold says so itself.
    text = f"User-agent: *\nAllow: /\nSitemap: {settings.LINK_BASE_URL}/sitemap.xml\n"
    return _site_document(make_content(text.encode(), "text/plain; charset=utf-8"))


def _site_index() -> Response:
    maps = ceil(selectors.public_grids().count() / _MAP_GRIDS)
    entries = "".join(
        f"<sitemap><loc>{settings.LINK_BASE_URL}/sitemap-{number}.xml</loc></sitemap>"
        for number in range(1, maps + 1)
    )
    return _xml(f"<sitemapindex {_XMLNS}>{entries}</sitemapindex>")


def _site_map(number: int) -> Response:
    first = (number - 1) * _MAP_GRIDS
    grids = selectors.public_grids()[first : first + _MAP_GRIDS]
    entries = "".join(_map_entry(grid) for grid in grids)
    return _xml(f"<urlset {_XMLNS}>{entries}</urlset>") if entries else missing()


def _map_entry(grid: Grid) -> str:
    changed = grid.modified_on.isoformat(timespec="seconds")
    return f"<url><loc>{escape(grid_address(grid))}</loc><lastmod>{changed}</lastmod></url>"


def _xml(text: str) -> Document:
    body = f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()
    return _site_document(make_content(body, "application/xml; charset=utf-8"))


def _site_document(content: Content) -> Document:
    # A grid that is hidden leaves the map at once; for the times of changes some minutes' age is fine.
    document = make_document(content, depends_on=("site", changes.UNKNOWN))
    return replace(document, fresh_until=time() + _MAP_SECONDS)


def _icon() -> Response:
    return _site_document(monogram_icon("G", DEFAULT_THEME))


_FILES: dict[str, Callable[[], Response]] = {
    "favicon.ico": _icon,
    "robots.txt": _robots,
    "sitemap.xml": _site_index,
}
