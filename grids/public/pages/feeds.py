"""Write the newest links of a public grid as feeds: RSS and JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import Any

import orjson
from django.conf import settings
from django.utils.feedgenerator import Rss201rev2Feed

from grids.models import Grid, Link
from grids.public.pages import selectors
from grids.public.pages.document import Content, make_content
from grids.public.pages.tiles import plain


def rss(grid: Grid) -> Content:
    """Return the feed as RSS 2.0."""
    address = grid_address(grid)
    feed = Rss201rev2Feed(
        title=plain(grid.title),
        link=address,
        description=plain(grid.description) or plain(grid.title),
        feed_url=f"{address}/feed.xml",
        language=grid.user.locale.replace("_", "-"),
    )
    for link in selectors.newest_links(grid):
        feed.add_item(
            title=plain(link.title) or link.url,
            link=link.short_url,
            # Readers take it for HTML.
            description=escape(plain(link.note)),
            pubdate=link.created_on,
            unique_id=link.slug,
            unique_id_is_permalink=False,
        )
    return make_content(feed.writeString("utf-8").encode(), "application/rss+xml; charset=utf-8")


def json_feed(grid: Grid) -> Content:
    """Return the feed as JSON Feed 1.1 (jsonfeed.org)."""
    address = grid_address(grid)
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": plain(grid.title),
        "home_page_url": address,
        "feed_url": f"{address}/feed.json",
        "description": plain(grid.description),
        "language": grid.user.locale.replace("_", "-"),
        "authors": [{"name": plain(grid.user.get_full_name())}],
        "items": [_item(link) for link in selectors.newest_links(grid)],
    }
    return make_content(orjson.dumps(feed), "application/feed+json; charset=utf-8")


def grid_address(grid: Grid) -> str:
    """Return the address of a grid's page."""
    return f"{settings.LINK_BASE_URL}/g/{grid.alias or grid.slug}"


def _item(link: Link) -> dict[str, Any]:
    return {
        "id": link.slug,
        "url": link.short_url,
        "title": plain(link.title) or link.url,
        "content_text": plain(link.note),
        "date_published": _timestamp(link.created_on),
    }


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
