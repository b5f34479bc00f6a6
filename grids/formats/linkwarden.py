"""Read the backup of Linkwarden: nested collections, and their links."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, BinaryIO, ClassVar

from grids.formats.base import (
    Entry,
    FileProblem,
    FolderEntry,
    FormatError,
    LinkEntry,
    LinkReader,
)
from grids.formats.json_items import (
    Item,
    MemoryBudget,
    build_link,
    member_names,
    open_stream,
    shorten,
)
from grids.formats.json_stream import JsonStream
from grids.formats.left_out import LeftOut
from grids.formats.values import join_notes

MAX_DEPTH = 64
"""Of collections nested deeper than this, only the innermost are read."""
PINNED = "pinned"
"""The state of pinned links."""

_FIELDS = frozenset({"id", "parentId", "name", "description", "createdAt"})


@dataclass(frozen=True, slots=True)
class _Collection:
    """Hold a collection whose parents may not be read yet."""

    place: int
    id: str
    parent: str
    name: str
    note: str
    created_on: datetime | None
    links: list[LinkEntry]


class LinkwardenReader(LinkReader):
    """Read the links by collection; `line` is the link's place among all items.

    A pinned link has the state PINNED; one that is in no collection of the file lies outside all folders.
    Preserved copies and texts of pages are left out. A collection may stand before its parent, so all links
    are held until the end.
    """

    source: ClassVar[str] = "linkwarden"

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        """Check whether `head` is a user with collections."""
        names = member_names(head, "{")
        return "collections" in names and bool(
            names & {"username", "pinnedLinks", "rssSubscriptions", "parentId"}
        )

    def read(self, file: BinaryIO) -> Iterator[Entry]:
        """Yield the problems, then collections and links; raises FormatError, see LinkReader."""
        stream, backup = open_stream(file), _Backup()
        for name in stream.members():
            if name == "collections":
                yield from backup.read_collections(stream)
            elif name == "pinnedLinks":
                yield from backup.read_links(stream, backup.pinned)
            elif stream.value():
                backup.left_out.add([name])
        stream.end()
        if not backup.has_collections:
            raise FormatError('The file is not of Linkwarden: it has no list named "collections".')
        yield from backup.entries()
        yield from backup.left_out.problems()


class _Backup:
    """Hold what has been read of a file."""

    def __init__(self) -> None:
        self.has_collections = False
        self.left_out = LeftOut("fields")
        self.pinned: list[LinkEntry] = []
        self._collections: list[_Collection] = []
        self._budget = MemoryBudget()
        self._place = 0

    def read_collections(self, stream: JsonStream) -> Iterator[FileProblem]:
        self.has_collections = True
        for place in stream.items():
            if stream.peek() == "{":
                yield from self._read_collection(stream, place)
            else:
                stream.value()
                yield FileProblem(place, "a collection is not an object")

    def read_links(self, stream: JsonStream, links: list[LinkEntry]) -> Iterator[FileProblem]:
        for _ in stream.items():
            self._place += 1
            item = Item(stream.value())
            entry = _link(item, self._place)
            self.left_out.add(item.left_out())
            if isinstance(entry, FileProblem):
                yield entry
            else:
                self._budget.spend_link(entry)
                links.append(entry)

    def entries(self) -> Iterator[Entry]:
        """Yield everything that was read, in the order of the file."""
        pins = {_key(link) for link in self.pinned}
        known: set[str] = set()
        by_id = {each.id: each for each in self._collections}
        for collection in self._collections:
            path, is_whole = _path(collection, by_id)
            if not is_whole:
                yield _problem(collection.place, f"it lies in itself, or over {MAX_DEPTH} deep")
            if collection.links:
                yield FolderEntry(path, collection.note, collection.created_on, collection.place)
            for link in collection.links:
                known.add(_key(link))
                yield _with_pin(link) if _key(link) in pins else link
        others = [link for link in self.pinned if _key(link) not in known]
        if others:
            yield FolderEntry(path=())
        yield from map(_with_pin, others)

    def _read_collection(self, stream: JsonStream, place: int) -> Iterator[FileProblem]:
        item, links = Item({}), list[LinkEntry]()
        for name in stream.members():
            if name == "links":
                yield from self.read_links(stream, links)
            elif name == "rssSubscriptions":
                yield from _feeds(stream.value(), place)
            elif name in _FIELDS:
                item.fields[name] = stream.value()
            elif stream.value():
                self.left_out.add([f"{name} of collections"])
        collection = _Collection(
            place=place,
            id=item.identifier("id"),
            parent=item.identifier("parentId"),
            name=item.text("name"),
            note=item.text("description"),
            created_on=item.date("createdAt"),
            links=links,
        )
        self._budget.spend(collection.id, collection.parent, collection.name, collection.note)
        self._collections.append(collection)
        yield from (_problem(place, problem) for problem in dict.fromkeys(item.problems))


def _problem(place: int, message: str) -> FileProblem:
    return FileProblem(place, f"of a collection: {message}")


def _feeds(feeds: Any, place: int) -> Iterator[FileProblem]:
    for feed in feeds if isinstance(feeds, list) else []:
        address = shorten(Item(feed).text("url"))
        yield FileProblem(place, f"a subscription to a feed is no link: {address}")


def _link(item: Item, place: int) -> LinkEntry | FileProblem:
    return build_link(
        item,
        place,
        "url",
        title=item.text("name"),
        note=join_notes(item.text("description"), item.annotations("highlights")),
        tags=item.tags("tags"),
        created_on=item.date("importDate") or item.date("createdAt"),
        modified_on=item.date("updatedAt"),
        source_id=item.identifier("id"),
    )


def _key(link: LinkEntry) -> str:
    return link.source_id or link.url


def _with_pin(link: LinkEntry) -> LinkEntry:
    return replace(link, states=(*link.states, PINNED))


def _path(collection: _Collection, by_id: dict[str, _Collection]) -> tuple[tuple[str, ...], bool]:
    """Return the names from the outermost collection inwards, and whether they are all."""
    path: dict[int, str] = {}
    at: _Collection | None = collection
    while at and at.place not in path and len(path) < MAX_DEPTH:
        path[at.place] = at.name
        at = by_id.get(at.parent) if at.parent else None
    return tuple(reversed(path.values())), at is None
