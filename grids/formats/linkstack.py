"""Read the JSON files of LinkStack: a page's links, with or without the user."""

from __future__ import annotations

from collections.abc import Iterator
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

_TEXT_BUTTON = 93
_USER = frozenset({"name", "littlelink_name", "littlelink_description", "created_at"})


class LinkStackReader(LinkReader):
    """Read the links in the order of their page; `line` is an item's place.

    The user's data, where the file has it, gives the folder its title and note. Headings, spacers and blocks
    of text have no address: each is a problem. All links are held until the end.
    """

    source: ClassVar[str] = "linkstack"

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        """Check whether `head` is an object with links that have buttons, or are a user's."""
        names = member_names(head, "{")
        return "links" in names and bool(names & {"button_id", "littlelink_name"})

    def read(self, file: BinaryIO) -> Iterator[Entry]:
        """Yield the problems, then the folder and the links; raises FormatError, see LinkReader."""
        stream, left_out = open_stream(file), LeftOut("fields")
        links: list[tuple[int, LinkEntry]] | None = None
        user: dict[str, Any] = {}
        for name in stream.members():
            if name == "links":
                links = []
                yield from _read_links(stream, links, left_out)
            elif name in _USER:
                user[name] = stream.value()
            elif stream.value():
                left_out.add([name])
        stream.end()
        if links is None:
            raise FormatError('The file is not of LinkStack: it has no list named "links".')
        yield from _entries(Item(user), links)
        yield from left_out.problems()


def _read_links(
    stream: JsonStream, links: list[tuple[int, LinkEntry]], left_out: LeftOut
) -> Iterator[FileProblem]:
    budget = MemoryBudget()
    for place in stream.items():
        item = Item(stream.value())
        entry = _entry(item, place)
        if isinstance(entry, FileProblem):
            yield entry
            continue
        budget.spend_link(entry)
        order = item.get("order")
        left_out.add(item.left_out())
        links.append((order if isinstance(order, int) else 0, entry))


def _entry(item: Item, place: int) -> LinkEntry | FileProblem:
    title = item.text("title")
    button, kind = item.get("button_id"), item.get("type")
    if button == _TEXT_BUTTON or kind == "text":
        return FileProblem(place, f"a block of text is no link: {shorten(title)}")
    return build_link(
        item,
        place,
        "link",
        title=title,
        created_on=item.date("created_at"),
        modified_on=item.date("updated_at"),
        clicks=item.count("click_number"),
        states=item.states(pinned="up_link"),
        source_id=item.identifier("id"),
    )


def _entries(user: Item, links: list[tuple[int, LinkEntry]]) -> Iterator[Entry]:
    title = user.text("name") or user.text("littlelink_name")
    if links and title:
        note = user.text("littlelink_description")
        yield FolderEntry((title,), note, user.date("created_at"))
    yield from (FileProblem(0, f"of the user: {problem}") for problem in user.problems)
    links.sort(key=lambda each: each[0])
    yield from (link for _, link in links)
