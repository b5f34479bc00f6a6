"""Read the lists of links in an export of Omnivore, its files metadata_*.json."""

from __future__ import annotations

from typing import ClassVar

from grids.formats.base import FileProblem, LinkEntry
from grids.formats.json_items import Item, JsonListReader, build_link


class OmnivoreReader(JsonListReader):
    """Stream the saved links of an Omnivore export."""

    source: ClassVar[str] = "omnivore"
    required: ClassVar[frozenset[str]] = frozenset({"url", "savedAt", "labels"})

    def link(self, item: Item, place: int) -> LinkEntry | FileProblem:
        """Return the link of an item, or the problem that it is none."""
        state = item.text("state").casefold()
        return build_link(
            item,
            place,
            "url",
            title=item.text("title"),
            note=item.text("description"),
            tags=item.tags("labels"),
            created_on=item.date("savedAt"),
            modified_on=item.date("updatedAt"),
            archived=state == "archived" if state else None,
            source_id=item.identifier("id") or item.text("slug"),
        )
