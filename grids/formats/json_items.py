"""Read the items of JSON files of links; fields of a wrong type are problems."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, BinaryIO

from grids.formats.base import FileProblem, FormatError, LinkEntry
from grids.formats.json_stream import JsonStream
from grids.formats.text import TEXT_CHARS_MAX, decode_text, repair_cp1252, sanitized, text_encoding
from grids.formats.values import (
    join_notes,
    parse_bool,
    parse_count,
    parse_date,
    split_tags,
    tag_texts,
)

HELD_CHARS = 64 * 1024 * 1024
"""The most characters of links in a file whose links must be held until its end."""

# A quote inside a text is escaped, so this finds names only.
_NAME = re.compile(r'"(\w{1,40})"\s{0,99}:')
# What an entry takes beside its texts.
_ENTRY_CHARS = 500
_SHORT_CHARS = 100
# Of a marked passage: its text, and what was written about it.
_QUOTES, _REMARKS = ("quote", "highlight"), ("text", "annotation", "comment", "note")


class Item:
    """Represent one object of a file, with the `problems` of the fields read so far.

    Any other value is taken for an object without fields.
    """

    def __init__(self, value: Any) -> None:
        self.fields: dict[str, Any] = value if isinstance(value, dict) else {}
        self.problems: list[str] = []
        self._read: set[str] = set()

    def get(self, name: str) -> Any:
        """Return a field as it is in the file; None if it is missing."""
        self._read.add(name)
        return self.fields.get(name)

    def left_out(self) -> list[str]:
        """List the fields that hold something and were not read."""
        return [name for name, value in self.fields.items() if value and name not in self._read]

    def text(self, name: str) -> str:
        """Return a text without outer white space; "" if it is missing or null."""
        value = self.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.problems.append(f"{name} is not a text")
            return ""
        return self._clean(value, name)

    def identifier(self, name: str) -> str:
        """Return an identifier, which is a text or a number."""
        value = self.get(name)
        return str(value) if type(value) is int else self.text(name)

    def date(self, name: str) -> datetime | None:
        """Return a date, from a text or a count since 1970."""
        return parse_date(self._scalar(name), name, self.problems)

    def count(self, name: str) -> int | None:
        """Return a number of clicks."""
        return parse_count(self._scalar(name), name, self.problems)

    def boolean(self, name: str) -> bool | None:
        """Return a yes or no."""
        return parse_bool(self._scalar(name), name, self.problems)

    def tags(self, name: str) -> tuple[str, ...]:
        """Return tags from texts, from objects that hold one, or from one text."""
        value = self.get(name)
        if value is None:
            return ()
        texts = split_tags(value) if isinstance(value, str) else tag_texts(value)
        kept = [self._clean(text, name) for text in texts if isinstance(text, str)]
        if len(kept) < len(texts):
            self.problems.append(f"in {name} something is not a text")
        return tuple(text for text in kept if text)

    def states(self, **flags: str) -> tuple[str, ...]:
        """Return the states whose fields say yes, in the order of `flags`."""
        return tuple(state for state, name in flags.items() if self.boolean(name))

    def annotations(self, name: str) -> str:
        """Return the passages that were marked, each quoted and with what was written about it."""
        value = self.get(name)
        marks = [Item(mark) for mark in value] if isinstance(value, list) else []
        texts = [
            "\n".join(
                [
                    *(f"> {text}" for quote in _QUOTES if (text := mark.text(quote))),
                    *(text for remark in _REMARKS if (text := mark.text(remark))),
                ]
            )
            for mark in marks
        ]
        self.problems += [problem for mark in marks for problem in mark.problems]
        return join_notes(*texts)

    def _scalar(self, name: str) -> str:
        value = self.get(name)
        if isinstance(value, int | float):
            return str(value)
        return self.text(name)

    def _clean(self, text: str, name: str) -> str:
        if len(text) > TEXT_CHARS_MAX:
            self.problems.append(f"{name} is longer than {TEXT_CHARS_MAX} characters and was cut")
            text = text[:TEXT_CHARS_MAX]
        if not text.isprintable():
            text = sanitized(repair_cp1252(text, self.problems), self.problems)
        return text.strip()


def build_link(item: Item, line: int, address: str, **values: Any) -> LinkEntry | FileProblem:
    """Return the link whose address is the field `address`, or the problem of having none."""
    url = item.text(address)
    problems = tuple(dict.fromkeys(item.problems))
    if not url:
        missing = f"an item has no address ({address}): {shorten(values['title'])}"
        return FileProblem(line, "; ".join((missing, *problems)))
    return LinkEntry(url=url, line=line, problems=problems, **values)


def shorten(text: str) -> str:
    """Return the start of a text, for a message that identifies it."""
    return " ".join(text.split())[:_SHORT_CHARS] or "without title"


def open_stream(file: BinaryIO) -> JsonStream:
    """Return a cursor at the start of a JSON file. Raises FormatError when empty."""
    stream = JsonStream(decode_text(file))
    if not stream.peek():
        raise FormatError("The file is empty.")
    return stream


def member_names(head: bytes, opening: str) -> frozenset[str]:
    """Return all member names in the start of a JSON file that begins with `opening`."""
    text = head.decode(text_encoding(head), "replace").lstrip("\ufeff \t\r\n")
    return frozenset(_NAME.findall(text)) if text.startswith(opening) else frozenset()


class MemoryBudget:
    """Bound the characters of entries that are held until the end of a file."""

    def __init__(self) -> None:
        self._left = HELD_CHARS

    def spend(self, *texts: str) -> None:
        """Count an entry by its texts. Raises FormatError when the limit is exceeded."""
        self._left -= _ENTRY_CHARS + sum(map(len, texts))
        if self._left < 0:
            raise FormatError(f"The file holds more than {HELD_CHARS} characters of links.")

    def spend_link(self, link: LinkEntry) -> None:
        """Count a link. Raises FormatError when the limit is exceeded."""
        self.spend(link.url, link.title, link.note, *link.tags)
