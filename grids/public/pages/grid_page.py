"""Answer `/g/{slug or alias}`: a grid's page, its further parts, its feeds and its icon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from math import inf
from typing import Any

import orjson
from django.conf import settings
from django.db import close_old_connections

from grids.models import Grid, Link, Visibility
from grids.public import changes
from grids.public.pages import feeds, selectors
from grids.public.pages.document import Content, Document, make_document
from grids.public.pages.icon import monogram_icon
from grids.public.pages.messages import missing
from grids.public.pages.rendering import render_page
from grids.public.pages.tiles import make_sections, monogram, plain
from grids.public.responses import Response
from grids.public.wire import Kind, Target

_TITLE_CHARS, _TEXT_CHARS = 300, 160
_FEEDS: dict[str, Callable[[Grid], Content]] = {
    "feed.xml": feeds.rss,
    "feed.json": feeds.json_feed,
}


def resolve_grid_page(key: str) -> Response:
    """Return the response to `/g/{key}`. Raises DatabaseError."""
    close_old_connections()
    name, _, rest = key.partition("/")
    grid = selectors.page_grid(name)
    if grid is None:
        return missing()
    if rest == "icon.svg":
        return _document(grid, monogram_icon(monogram(plain(grid.title)), grid.theme))
    if (feed := _FEEDS.get(rest)) and grid.visibility == Visibility.PUBLIC:
        return _document(grid, feed(grid))
    return _part(grid, int(rest or 1)) if not rest or rest.isdecimal() else missing()


def _part(grid: Grid, part: int) -> Response:
    links = selectors.part_links(grid, part)
    if not links and part > 1:
        return missing()
    has_more = len(links) > selectors.PART_LINKS
    shown = links[: selectors.PART_LINKS]
    context = make_context(grid, shown, part=part, has_more=has_more)
    # Each part is a page that somebody looks at, but only the first one is a view of the grid.
    target = Target(Kind.VIEW, grid.user_id, grid.pk) if part == 1 else None
    return _document(grid, render_page("grid.html", context), target=target)


def _document(grid: Grid, content: Content, target: Target | None = None) -> Document:
    next_change = grid.next_change  # type: ignore[attr-defined]
    return make_document(
        content,
        target=target,
        depends_on=(changes.grid(grid.pk), changes.user(grid.user_id)),
        fresh_until=next_change.timestamp() if next_change else inf,
    )


def make_context(grid: Grid, links: list[Link], *, part: int, has_more: bool) -> dict[str, Any]:
    """Return what the template shows of a part of a grid's page: plain values only."""
    sections, css = make_sections(links, grid.columns)
    path = f"/g/{grid.alias or grid.slug}"
    title = plain(grid.title)[:_TITLE_CHARS] or grid.alias or grid.slug
    listed = grid.visibility == Visibility.PUBLIC
    canonical = settings.LINK_BASE_URL + path + (f"/{part}" if part > 1 else "")
    description = _first_line(grid.description)
    return {
        "title": title,
        "heading": title,
        "description": description,
        "paragraphs": _paragraphs(grid.description) if part == 1 else [],
        "monogram": monogram(title),
        "owner": plain(grid.user.get_full_name()),
        "profile": f"/@{grid.user.username}" if listed else "",
        # Whoever verifies them looks for the address itself, not for the redirect to it.
        "me": [link.url for link in links if link.style.get("me")],
        "sections": [asdict(section) for section in sections],
        "columns": grid.columns,
        "css": f".tiles{{--columns:{grid.columns}}}{css}",
        "theme": grid.theme,
        "scheme": grid.colour_scheme,
        "language": grid.user.locale.replace("_", "-"),
        "listed": listed,
        "canonical": canonical,
        "path": path,
        "icon": f"{path}/icon.svg",
        "previous": _part_path(path, part - 1),
        "next": _part_path(path, part + 1) if has_more else "",
        "json_ld": _json_ld(grid, title, description, canonical) if listed else "",
    }


def _part_path(path: str, part: int) -> str:
    if part < 1:
        return ""
    return path if part == 1 else f"{path}/{part}"


def _paragraphs(text: str) -> list[str]:
    return [plain(line) for line in text.splitlines() if line.strip()][:20]


def _first_line(text: str) -> str:
    line = next(iter(_paragraphs(text)), "")
    return line if len(line) <= _TEXT_CHARS else line[: _TEXT_CHARS - 1].rstrip() + "…"


def _json_ld(grid: Grid, title: str, description: str, url: str) -> str:
    """Describe the page as a CollectionPage of schema.org.

    "<" is escaped, so that no text ends the script element.
    """
    about = {
        "@context": "https://schema.org",
        "@type": "CollectionPage",
        "name": title,
        "description": description,
        "url": url,
        "dateModified": grid.modified_on.isoformat(timespec="seconds"),
        "author": {"@type": "Person", "name": plain(grid.user.get_full_name())},
    }
    return orjson.dumps(about).decode().replace("<", "\\u003c")
