"""Read Netscape bookmark files, which browsers, linkding, Pinboard and others export.

The only document of the format is Microsoft's "Netscape Bookmark File Format" (aa753582); the rest is what
the tools write.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, ClassVar

from grids.formats.base import Entry, FileProblem, FolderEntry, FormatError, LinkReader
from grids.formats.left_out import LeftOut
from grids.formats.netscape.free_text import FreeText
from grids.formats.netscape.items import Item, left_out, link_or_problem
from grids.formats.netscape.lexer import DATES, TAG_OPEN, Lexer, Tag
from grids.formats.netscape.values import read_date, read_note, read_title
from grids.formats.text import BoundedText, decode_html, html_encoding
from grids.formats.values import read_state

MAX_DEPTH = 64
"""Folders nested deeper than this are read as the folder at this depth."""

# The headings that Pocket writes above its lists.
_SECTIONS = frozenset({"unread", "read archive"})
_RECOGNISED_CHARS = 1024 * 1024
_LOOKS_LIKE = re.compile(r"(?i:<!doctype\s{1,9}netscape-bookmark|<dl[\s>]|<a\s[^<>]{0,999}?href)")
_LOOKS_REACH = 1024


class NetscapeReader(LinkReader):
    """Stream the links of a bookmark file, however broken it is."""

    source: ClassVar[str] = "netscape"

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        """Check whether `head` begins with markup and holds a list or a link."""
        text = head.decode(html_encoding(head), "replace").lstrip("\ufeff\0 \t\r\n")
        return text.startswith("<") and _LOOKS_LIKE.search(text) is not None

    def read(self, file: BinaryIO) -> Iterator[Entry]:
        """Yield the file's entries; raises FormatError if its first MiB shows no list or link."""
        outline = _Outline()
        lexer = Lexer(_require_bookmarks(decode_html(file)), outline.is_text)
        for token in lexer:
            if isinstance(token, str):
                outline.text(token)
            elif isinstance(token, Tag):
                outline.tag(token)
            else:
                outline.entries.append(token)
            yield from outline.pop_entries()
        outline.end(lexer.line)
        yield from outline.pop_entries()
        yield from outline.left_out.problems()


def _require_bookmarks(chunks: Iterator[str]) -> Iterator[str]:
    held, seen = "", False
    for chunk in chunks:
        start = max(0, len(held) - _LOOKS_REACH)
        held += chunk
        seen = _LOOKS_LIKE.search(held, start) is not None
        if seen or len(held) >= _RECOGNISED_CHARS:
            break
    if not held:
        raise FormatError("The file is empty.")
    if not seen:
        raise FormatError("This is not a bookmark file: no list and no link was found in it.")
    yield held
    yield from chunks


class _Outline:
    """Turn tags and text into entries."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.left_out = LeftOut("attributes")
        self._folders = [FolderEntry(path=())]
        self._announced = self._folders[0]
        self._too_deep = 0
        self._item: Item | None = None
        self._sink: BoundedText | None = None
        self._has_list = False
        self._after_dt = False
        # Of the section that is read: how many of its lists are open, and what its links are.
        self._section_depth = 0
        self._section_states: tuple[str, ...] = ()
        self._acts: dict[str, Callable[[Tag], None]] = {
            "a": self._start_link,
            "h3": self._start_item,
            "/a": self._close_title,
            "h1": self._start_item,
            "/h3": self._close_title,
            "/h1": self._close_title,
            "dd": self._start_note,
            "/dd": self._close_text,
            "br": self._break_line,
            "dl": self._enter,
            "/dl": self._leave,
            "ul": self._enter_section,
            "/ul": self._leave_section,
            **dict.fromkeys(("dt", "hr", "html", "body", "/html", "/body"), self._finish),
        }

    def pop_entries(self) -> list[Entry]:
        """Return the entries that are complete."""
        if not self.entries:
            return self.entries
        taken, self.entries = self.entries, []
        return taken

    def text(self, text: str) -> None:
        """Add text to the title or note that is being read, if any is."""
        if self._sink is not None:
            self._sink.add(text, 0, len(text))

    def is_text(self, name: str, starts_line: bool, ahead: str) -> bool:
        """Tell whether markup is text of the title or note that is being read."""
        item = self._item
        if item is None or self._sink is None or item.tag.name == "h1":
            return False
        return item.free_text.has(
            name, in_title=self._sink is item.title, starts_line=starts_line, ahead=ahead
        )

    def tag(self, tag: Tag) -> None:
        """Handle a tag; tags without a handler are ignored."""
        act = self._acts.get(tag.name)
        if act:
            act(tag)
            self._after_dt = tag.name == "dt"
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
        after_dt = self._after_dt
        self._finish()
        self._item = Item(tag, FreeText(tag.name, after_dt))
        self._sink = self._item.title
        self.left_out.add(left_out(tag))

    def _start_link(self, tag: Tag) -> None:
        self._has_list = True
        self._finish()
        if tag.is_cut:
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
        if item is None or item.tag.name == "h1":
            return
        if item.tag.name == "h3":
            self._problems(item.tag.line, ["a folder has no list of links"])
            return
        if self._announced is not self._folders[-1]:
            self._announced = self._folders[-1]
            self.entries.append(self._announced)
        self.entries.append(link_or_problem(item, self._section_states))

    def _enter(self, tag: Tag) -> None:
        self._has_list = True
        if self._item is None or self._item.tag.name != "h3":
            self._finish()
            folder = self._folders[-1]
        else:
            folder = self._folder(self._item)
            self._item = self._sink = None
        self._push(folder, tag)

    def _push(self, folder: FolderEntry, tag: Tag) -> None:
        # The outermost list belongs to no folder.
        if len(self._folders) > MAX_DEPTH + 1:
            self._too_deep += 1
            if self._too_deep == 1:
                self._problems(tag.line, [f"folders are nested more than {MAX_DEPTH} deep"])
        else:
            self._folders.append(folder)

    def _folder(self, item: Item) -> FolderEntry:
        problems: list[str] = [] if item.closed else [TAG_OPEN]
        folder = FolderEntry(
            path=(*self._folders[-1].path, read_title(item.title, problems)),
            note=read_note(item.note, problems),
            created_on=read_date(item.tag.attributes, DATES, problems),
            line=item.tag.line,
        )
        self._problems(item.tag.line, (f"in a folder's heading: {each}" for each in problems))
        return folder

    def _enter_section(self, tag: Tag) -> None:
        """Enter a list under a heading, as Pocket writes them, which is a folder."""
        self._has_list = True
        heading, folder = self._item, self._folders[-1]
        if self._section_depth or (heading and heading.tag.name == "h1"):
            self._section_depth += 1
        if heading and heading.tag.name == "h1" and heading.title:
            folder = self._folder(heading)
            word = folder.path[-1].casefold()
            self._section_states = read_state(word) if word in _SECTIONS else ()
            self._item = self._sink = None
        self._finish()
        if self._section_depth:
            self._push(folder, tag)

    def _leave_section(self, tag: Tag) -> None:
        self._finish()
        if self._section_depth:
            self._leave(tag)
            self._section_depth -= 1
            self._section_states = self._section_states if self._section_depth else ()

    def _leave(self, tag: Tag) -> None:
        self._finish()
        if self._too_deep:
            self._too_deep -= 1
        elif len(self._folders) > 1:
            self._folders.pop()
        else:
            self._problems(tag.line, ["a list is closed that was never opened"])
