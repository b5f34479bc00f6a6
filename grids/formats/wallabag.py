"""Read the JSON files of Wallabag."""

from __future__ import annotations

from typing import ClassVar

from grids.formats.base import FileProblem, LinkEntry
from grids.formats.json_items import Item, JsonListReader, build_link

STARRED = "starred"
"""The tag that starred links get, since links have no other mark for it."""


class WallabagReader(JsonListReader):
    """Stream the saved links of Wallabag; the saved texts of pages are left out."""

    source: ClassVar[str] = "wallabag"
    required: ClassVar[frozenset[str]] = frozenset({"is_archived", "is_starred"})

    def link(self, item: Item, place: int) -> LinkEntry | FileProblem:
        """Return the link of an item, or the problem that it is none."""
        tags = item.tags("tags", within="label")
        if item.boolean("is_starred"):
            tags = tuple(dict.fromkeys((*tags, STARRED)))
        return build_link(
            item,
            place,
            "url",
            title=item.text("title"),
            tags=tags,
            created_on=item.date("created_at"),
            modified_on=item.date("updated_at"),
            archived=item.boolean("is_archived"),
            source_id=item.identifier("id"),
        )
