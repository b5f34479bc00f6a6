"""Reads the JSON files of Wallabag."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from grids.formats.base import Entry, FileProblem, LinkEntry, LinkReader
from grids.formats.json_items import Item, items_of, link_of, names_in, stream_of

STARRED = "starred"
"""The tag that is given to starred links, which nothing else here could tell."""


class WallabagReader(LinkReader):
    """Streams the saved links; `line` is the item's place in the list.

    A starred link gets the tag STARRED. The saved texts of pages are left out.
    """

    source: ClassVar[str] = "wallabag"

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        """Tell whether `head` is a list of items that can be archived and starred."""
        return {"is_archived", "is_starred"} <= names_in(head, "[")

    def read(self, file: BinaryIO) -> Iterator[Entry]:
        """Yield a link or a problem for every item; raises FormatError, see LinkReader."""
        stream = stream_of(file)
        for place, item in enumerate(items_of(stream), start=1):
            yield item if isinstance(item, FileProblem) else _link(item, place)
        stream.end()


def _link(item: Item, place: int) -> LinkEntry | FileProblem:
    tags = item.tags("tags", within="label")
    if item.answer("is_starred"):
        tags = tuple(dict.fromkeys((*tags, STARRED)))
    return link_of(
        item,
        place,
        "url",
        title=item.text("title"),
        tags=tags,
        created_on=item.moment("created_at"),
        modified_on=item.moment("updated_at"),
        archived=item.answer("is_archived"),
        source_id=item.name("id"),
    )
