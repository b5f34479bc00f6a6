"""Read the lists of links that Omnivore and Wallabag export as JSON."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from grids.formats.base import Entry, FileProblem, LinkEntry, LinkReader
from grids.formats.json_items import Item, build_link, member_names, open_stream
from grids.formats.left_out import LeftOut
from grids.formats.values import ARCHIVED, join_notes, read_state


class JsonListReader(LinkReader):
    """Stream the links of an array of objects; `line` is an item's place."""

    required: ClassVar[frozenset[str]]
    """The names of members by which the format is recognised."""

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        """Check whether `head` is an array of items with the required members."""
        return cls.required <= member_names(head, "[")

    def read(self, file: BinaryIO) -> Iterator[Entry]:
        """Yield a link or a problem for every item; raises FormatError, see LinkReader."""
        stream, left_out = open_stream(file), LeftOut("fields")
        for place in stream.items():
            fields = stream.value()
            if isinstance(fields, dict):
                item = Item(fields)
                yield self.link(item, place)
                left_out.add(item.left_out())
            else:
                yield FileProblem(place, "an item is not an object")
        stream.end()
        yield from left_out.problems()

    @abstractmethod
    def link(self, item: Item, place: int) -> LinkEntry | FileProblem:
        """Return the link of an item, or the problem that it is none."""


class OmnivoreReader(JsonListReader):
    """Stream the saved links of an Omnivore export, its files metadata_*.json."""

    source: ClassVar[str] = "omnivore"
    required: ClassVar[frozenset[str]] = frozenset({"url", "savedAt", "labels"})

    def link(self, item: Item, place: int) -> LinkEntry | FileProblem:
        """Return the link of an item, or the problem that it is none."""
        state = item.text("state")
        states = read_state(state)
        return build_link(
            item,
            place,
            "url",
            title=item.text("title"),
            note=join_notes(item.text("description"), item.annotations("highlights")),
            tags=item.tags("labels"),
            created_on=item.date("savedAt"),
            modified_on=item.date("updatedAt"),
            archived=ARCHIVED in states if state else None,
            states=tuple(state for state in states if state != ARCHIVED),
            source_id=item.identifier("id") or item.text("slug"),
        )


class WallabagReader(JsonListReader):
    """Stream the saved links of Wallabag; the saved texts of pages are left out."""

    source: ClassVar[str] = "wallabag"
    required: ClassVar[frozenset[str]] = frozenset({"is_archived", "is_starred"})

    def link(self, item: Item, place: int) -> LinkEntry | FileProblem:
        """Return the link of an item, or the problem that it is none."""
        return build_link(
            item,
            place,
            "url",
            title=item.text("title"),
            note=item.annotations("annotations"),
            tags=item.tags("tags"),
            created_on=item.date("created_at"),
            modified_on=item.date("updated_at"),
            archived=item.boolean("is_archived"),
            states=item.states(starred="is_starred"),
            source_id=item.identifier("id"),
        )
