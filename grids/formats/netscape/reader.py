"""Reads Netscape bookmark files: what browsers, linkding, Pinboard and many others export.

The only document of the format is Microsoft's "Netscape Bookmark File Format" (aa753582); the
rest is what the tools write.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO, ClassVar

from grids.formats.base import Entry, FileProblem, FolderEntry, FormatError, LinkEntry, LinkReader
from grids.formats.netscape.lexer import TAG_OPEN, Lexer, Tag
from grids.formats.netscape.values import address_of, flag_of, moment_of, note_of, tags_of, title_of
from grids.formats.text import Kept, decoded, encoding_of

logger = logging.getLogger(__name__)

MAX_DEPTH = 64
"""Folders nested deeper than this are read as the folder at this depth."""

TO_READ = "toread"
"""The tag that is given to links with TOREAD="1", which nothing else here could tell."""

# How linkding tells an archived link from others.
_ARCHIVED = "linkding:bookmarks.archived"
_RECOGNISED_WITHIN = 1024 * 1024
_LOOKS_LIKE = re.compile(r"(?i:<!doctype\s{1,9}netscape-bookmark|<dl[\s>]|<a\s[^<>]{0,999}?href)")
_LOOKS_REACH = 1024


class NetscapeReader(LinkReader):
    """Streams the links of a bookmark file, whichever way it is broken."""

    source: ClassVar[str] = "netscape"

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        """Tell whether `head` begins with markup and holds a list or a link."""
        text = head.decode(encoding_of(head), "replace").lstrip("\ufeff\0 \t\r\n")
        return text.startswith("<") and _LOOKS_LIKE.search(text) is not None

    def read(self, file: BinaryIO) -> Iterator[Entry]:
        """Yield the file's entries; raises FormatError if its first MiB shows no list or link."""
        lexer = Lexer(_recognised(decoded(file)))
        outline = _Outline()
        for token in lexer:
            if isinstance(token, str):
                outline.text(token)
            elif isinstance(token, Tag):
                outline.tag(token)
            else:
                outline.entries.append(token)
            yield from outline.taken()
        outline.end(lexer.line)
        yield from outline.taken()


def _recognised(chunks: Iterator[str]) -> Iterator[str]:
    held, seen = "", False
    for chunk in chunks:
        start = max(0, len(held) - _LOOKS_REACH)
        held += chunk
        seen = _LOOKS_LIKE.search(held, start) is not None
        if seen or len(held) >= _RECOGNISED_WITHIN:
            break
    if not held:
        raise FormatError("The file is empty.")
    if not seen:
        raise FormatError("This is not a bookmark file: no list and no link was found in it.")
    yield held
    yield from chunks


@dataclass(slots=True)
class _Item:
    """A link or a folder's heading whose end has not come yet."""

    tag: Tag
    title: Kept = field(default_factory=Kept)
    note: Kept = field(default_factory=Kept)
    closed: bool = False


class _Outline:
    """Turns tags and text into entries, which wait in `entries` to be taken."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._folders = [FolderEntry(path=())]
        self._announced = self._folders[0]
        self._too_deep = 0
        self._item: _Item | None = None
        self._sink: Kept | None = None
        self._has_list = False
        self._acts: dict[str, Callable[[Tag], None]] = {
            "a": self._start_link,
            "h3": self._start_item,
            "/a": self._close_title,
            "/h3": self._close_title,
            "dd": self._start_note,
            "/dd": self._close_text,
            "br": self._break_line,
            "dl": self._enter,
            "/dl": self._leave,
            **dict.fromkeys(("dt", "hr", "h1", "html", "body", "/html", "/body"), self._finish),
        }

    def taken(self) -> list[Entry]:
        """Hand over the waiting entries."""
        if not self.entries:
            return self.entries
        taken, self.entries = self.entries, []
        return taken

    def text(self, text: str) -> None:
        """Add text to the title or note that is being read, if any is."""
        if self._sink is not None:
            self._sink.add(text, 0, len(text))

    def tag(self, tag: Tag) -> None:
        """Do what the tag asks for; tags that ask for nothing are passed over."""
        if act := self._acts.get(tag.name):
            act(tag)
            if tag.name != "a":
                self._problems(tag.line, tag.problems)

    def end(self, line: int) -> None:
        """Finish at the end of the file, of which `line` is the last."""
        is_open = len(self._folders) > 1
        if self._item and self._sink is self._item.title:
            self._item.tag.note("the file ends inside this link")
        elif self._item and self._sink and is_open:
            self._item.tag.note("the file ends inside this link's note")
        self._finish()
        if is_open and (path := self._folders[-1].path):
            self._problems(line, [f"the file ends inside an open folder: {' / '.join(path)}"])
        elif is_open:
            self._problems(line, ["the file ends before its list of links is closed"])
        elif not self._has_list:
            self._problems(line, ["the file has no list of links"])

    def _problems(self, line: int, messages: Iterable[str]) -> None:
        self.entries.extend(FileProblem(line, message) for message in messages)

    def _start_item(self, tag: Tag) -> None:
        self._finish()
        self._item = _Item(tag)
        self._sink = self._item.title

    def _start_link(self, tag: Tag) -> None:
        self._has_list = True
        self._finish()
        if tag.cut:
            self._problems(tag.line, ["the file ends in the middle of a link"])
        elif tag.attributes.get("href") or tag.attributes.get("feedurl"):
            self._start_item(tag)
        else:
            self._problems(tag.line, ["a link has no address (HREF)", *tag.problems])

    def _close_title(self, tag: Tag) -> None:
        if self._item and self._sink is self._item.title:
            self._item.closed = True
            self._sink = None

    def _start_note(self, tag: Tag) -> None:
        self._sink = self._item.note if self._item else None

    def _close_text(self, tag: Tag) -> None:
        self._sink = None

    def _break_line(self, tag: Tag) -> None:
        self.text("\n")

    def _finish(self, tag: Tag | None = None) -> None:
        item, self._item, self._sink = self._item, None, None
        if item is None:
            return
        if item.tag.name == "h3":
            self._problems(item.tag.line, ["a folder has no list of links"])
            return
        if self._announced is not self._folders[-1]:
            self._announced = self._folders[-1]
            self.entries.append(self._announced)
        self.entries.append(_link_or_problem(item))

    def _enter(self, tag: Tag) -> None:
        self._has_list = True
        if self._item is None or self._item.tag.name != "h3":
            self._finish()
            folder = self._folders[-1]
        else:
            folder = self._folder(self._item)
            self._item = self._sink = None
        # The outermost list is nobody's folder.
        if len(self._folders) > MAX_DEPTH + 1:
            self._too_deep += 1
            if self._too_deep == 1:
                self._problems(tag.line, [f"folders are nested more than {MAX_DEPTH} deep"])
        else:
            self._folders.append(folder)

    def _folder(self, item: _Item) -> FolderEntry:
        problems: list[str] = [] if item.closed else [TAG_OPEN]
        folder = FolderEntry(
            path=(*self._folders[-1].path, title_of(item.title, problems)),
            note=note_of(item.note, problems),
            created_on=moment_of(item.tag.attributes, "add_date", problems),
            line=item.tag.line,
        )
        self._problems(item.tag.line, (f"in a folder's heading: {each}" for each in problems))
        return folder

    def _leave(self, tag: Tag) -> None:
        self._finish()
        if self._too_deep:
            self._too_deep -= 1
        elif len(self._folders) > 1:
            self._folders.pop()
        else:
            self._problems(tag.line, ["a list is closed that was never opened"])


def _link_or_problem(item: _Item) -> LinkEntry | FileProblem:
    # A defect in reading one value must not cost a whole file.
    try:
        return _link(item)
    except ValueError:
        logger.exception("link_not_read")
        return FileProblem(item.tag.line, "this link could not be read")


def _link(item: _Item) -> LinkEntry:
    attributes, problems = item.tag.attributes, item.tag.problems
    if not item.closed:
        item.tag.note(TAG_OPEN)
    tags = tags_of(attributes.get("tags"), problems)
    if flag_of(attributes, "toread", problems):
        tags = tuple(dict.fromkeys((*tags, TO_READ)))
    link = LinkEntry(
        url=address_of(attributes.get("href") or attributes.get("feedurl", ""), problems),
        title=title_of(item.title, problems),
        note=note_of(item.note, problems),
        tags=tags,
        created_on=moment_of(attributes, "add_date", problems),
        private=flag_of(attributes, "private", problems),
        line=item.tag.line,
        modified_on=moment_of(attributes, "last_modified", problems),
        archived=True if _ARCHIVED in tags else None,
    )
    return replace(link, problems=tuple(dict.fromkeys(problems))) if problems else link
