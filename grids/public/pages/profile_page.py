"""Answer `/@{username}`: a user's public grids, each with a small preview."""

from __future__ import annotations

from math import inf
from typing import Any

from django.conf import settings

from gridlink.accounts.models import User
from gridlink.web.themes import theme_css
from grids.models import Grid, Link
from grids.public import changes
from grids.public.pages import selectors
from grids.public.pages.document import make_document
from grids.public.pages.messages import missing
from grids.public.pages.rendering import render_page
from grids.public.pages.tiles import monogram, monogram_colour, plain, tile_monogram
from grids.public.responses import Response

_TEXT_CHARS = 160


def profile_page(username: str) -> Response:
    """Return the profile of a user who has a public grid."""
    owner = selectors.profile_owner(username.lower())
    grids = selectors.profile_grids(owner) if owner else []
    if not owner or not grids:
        return missing()
    links = selectors.preview_links(grids)
    coming = [grid.next_change.timestamp() for grid in grids if grid.next_change]  # type: ignore[attr-defined]
    return make_document(
        render_page("profile.html", _context(owner, grids, links)),
        depends_on=(
            changes.user(owner.pk),
            changes.profile(owner.pk),
            *(changes.grid(grid.pk) for grid in grids),
        ),
        fresh_until=min(coming, default=inf),
    )


def _context(owner: User, grids: list[Grid], links: dict[int, list[Link]]) -> dict[str, Any]:
    name = plain(owner.get_full_name())
    path = f"/@{owner.username}"
    return {
        "title": name,
        "heading": name,
        "username": owner.username,
        "monogram": monogram(name),
        "cards": [_card(grid, links[grid.pk]) for grid in grids],
        "css": "".join(
            theme_css(grid.theme, grid.colour_scheme, f"#c{number}")
            for number, grid in enumerate(grids)
        ),
        "language": owner.locale.replace("_", "-"),
        "listed": True,
        "canonical": settings.LINK_BASE_URL + path,
    }


def _card(grid: Grid, links: list[Link]) -> dict[str, Any]:
    description = plain(grid.description)
    return {
        "href": f"/g/{grid.alias or grid.slug}",
        "title": plain(grid.title),
        "description": description[:_TEXT_CHARS],
        "tiles": [_preview(link) for link in links],
    }


def _preview(link: Link) -> dict[str, Any]:
    return {
        "monogram": tile_monogram(link),
        "colour": monogram_colour(link.url),
        "is_wide": link.width > 1,
    }
