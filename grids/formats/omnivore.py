"""Reads the lists of links in an export of Omnivore, its files metadata_*.json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from grids.formats.base import Entry, FileProblem, LinkEntry, LinkReader
from grids.formats.json_items import Item, items_of, link_of, names_in, stream_of


class OmnivoreReader(LinkReader):
    """Streams the saved links; `line` is the item's place in the list."""

    source: ClassVar[str] = "omnivore"

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        """Tell whether `head` is a list of items that were saved and labelled."""
        return {"url", "savedAt", "labels"} <= names_in(head, "[")

    def read(self, file: BinaryIO) -> Iterator[Entry]:
        """Yield a link or a problem for every item; raises FormatError, see LinkReader."""
        stream = stream_of(file)
        for place, item in enumerate(items_of(stream), start=1):
            yield item if isinstance(item, FileProblem) else _link(item, place)
        stream.end()


def _link(item: Item, place: int) -> LinkEntry | FileProblem:
    state = item.text("state").casefold()
    return link_of(
        item,
        place,
        "url",
        title=item.text("title"),
        note=item.text("description"),
        tags=item.tags("labels"),
        created_on=item.moment("savedAt"),
        modified_on=item.moment("updatedAt"),
        archived=state == "archived" if state else None,
        source_id=item.name("id") or item.text("slug"),
    )
