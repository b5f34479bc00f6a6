"""Write Netscape bookmark files that browsers import and NetscapeReader reads back unchanged.

What the format has no means for is escaped in HTML's own way: a comma inside a tag is "&#44;", and so is
white space at the ends of a text, which every reader strips ("&#32;").
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from datetime import datetime

from grids.formats.base import FolderEntry, LinkEntry

_HEADER = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<!-- A list of links that browsers and bookmark managers can import. -->
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<TITLE>{title}</TITLE>
<H1>{title}</H1>
<DL><p>
"""
_BRACKETS = ("[", "{", "(")


def netscape_document(
    entries: Iterable[FolderEntry | LinkEntry], title: str = "Bookmarks"
) -> Iterator[str]:
    """Yield the pieces of a document, to be encoded as UTF-8.

    `entries` come as LinkReader.read() yields them: the FolderEntry of an enclosing folder returns there, any
    other opens a new folder, even if its path is that of one. Dates are written in whole seconds, and those
    before 1970 not at all.
    """
    yield _HEADER.format(title=_text(title))
    open_folders: list[FolderEntry] = []
    for entry in entries:
        if isinstance(entry, FolderEntry):
            yield _step(open_folders, entry)
        else:
            yield _link(entry, _indent(len(open_folders)))
    yield _closed(len(open_folders), 0)
    yield "</DL><p>\n"


def _step(open_folders: list[FolderEntry], to: FolderEntry) -> str:
    """Leave and enter folders up to `to` and those that enclose it."""
    kept = 0
    for known, title in zip(open_folders, to.path, strict=False):
        if known.path[-1] != title:
            break
        kept += 1
    if kept == len(to.path) and kept and open_folders[kept - 1].identity is not to.identity:
        kept -= 1
    pieces = [_closed(len(open_folders), kept)]
    del open_folders[kept:]
    for depth in range(kept, len(to.path)):
        folder = to if depth == len(to.path) - 1 else FolderEntry(to.path[: depth + 1])
        pieces.append(_opened(folder, _indent(depth)))
        open_folders.append(folder)
    return "".join(pieces)


def _opened(folder: FolderEntry, indent: str) -> str:
    heading = f"{indent}<DT><H3{_date(folder.created_on)}>{_text(folder.path[-1])}</H3>\n"
    return f"{heading}{_note(folder.note, indent)}{indent}<DL><p>\n"


def _closed(depth: int, down_to: int) -> str:
    return "".join(f"{_indent(each)}</DL><p>\n" for each in reversed(range(down_to, depth)))


def _link(link: LinkEntry, indent: str) -> str:
    private = "" if link.private is None else f' PRIVATE="{int(link.private)}"'
    names = ",".join(_attribute(tag).replace(",", "&#44;") for tag in link.tags)
    # Readers take a bracket at the start for another spelling of the list.
    names = _references(names[0]) + names[1:] if names[:1] in _BRACKETS else names
    tags = f' TAGS="{names}"' if names else ""
    dates = _date(link.created_on) + _date(link.modified_on, "LAST_MODIFIED")
    attributes = f'HREF="{_attribute(link.url)}"{dates}{private}{tags}'
    return f"{indent}<DT><A {attributes}>{_text(link.title)}</A>\n{_note(link.note, indent)}"


def _note(note: str, indent: str) -> str:
    if not note:
        return ""
    # Readers take linkding's unescaped mark for the end of a second text.
    text = _text(note).replace("[/linkding-notes]", "&#91;/linkding-notes]")
    return f"{indent}<DD>{text}\n"


def _date(date: datetime | None, name: str = "ADD_DATE") -> str:
    seconds = 0 if date is None else int(date.timestamp())
    return f' {name}="{seconds}"' if seconds > 0 else ""


def _text(text: str) -> str:
    inner = html.escape(text.strip(), quote=False).replace("\r", "&#13;")
    return _with_outer_space(text, inner)


def _attribute(text: str) -> str:
    inner = html.escape(text.strip())
    for char in "\t\n\r":
        inner = inner.replace(char, _references(char))
    return _with_outer_space(text, inner)


def _with_outer_space(text: str, inner: str) -> str:
    before = len(text) - len(text.lstrip())
    after = len(text.rstrip()) if inner else before
    return f"{_references(text[:before])}{inner}{_references(text[after:])}"


def _references(text: str) -> str:
    return "".join(f"&#{ord(char)};" for char in text)


def _indent(depth: int) -> str:
    return "    " * (depth + 1)
