"""Reads the fields of an item in a JSON file; what is of another kind than it should be is said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO

from grids.formats.base import FileProblem, FormatError, LinkEntry
from grids.formats.json_stream import JsonStream
from grids.formats.moments import moment_of_text
from grids.formats.text import KEPT_CHARS, decoded_plain, mended, plain_encoding_of, windows_mended
from grids.formats.values import answer_of, count_of

HELD_CHARS = 64 * 1024 * 1024
"""A file whose links cannot be told before its end may have so many characters of links."""

# A quote inside a text is escaped, so this finds names only.
_NAME = re.compile(r'"(\w{1,40})"\s{0,99}:')
# What an entry takes beside its texts.
_ENTRY_CHARS = 500
_BRIEF_CHARS = 100


class Item:
    """One object of a file, with the `problems` found in the fields read so far."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields
        self.problems: list[str] = []

    def text(self, name: str) -> str:
        """A text without the white space around it; "" if it is missing or null."""
        value = self.fields.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.problems.append(f"{name} is not a text")
            return ""
        return self._fit(value, name)

    def name(self, name: str) -> str:
        """An identifier, which is a text or a number."""
        value = self.fields.get(name)
        return str(value) if type(value) is int else self.text(name)

    def moment(self, name: str) -> datetime | None:
        """A moment: a text, or a count since 1970."""
        return moment_of_text(self._word(name), name, self.problems)

    def count(self, name: str) -> int | None:
        """A number of clicks."""
        return count_of(self._word(name), name, self.problems)

    def answer(self, name: str) -> bool | None:
        """A yes or no."""
        return answer_of(self._word(name), name, self.problems)

    def tags(self, name: str, within: str = "name") -> tuple[str, ...]:
        """A list of texts, or of objects that hold one under the name `within`."""
        value = self.fields.get(name)
        if value is None:
            return ()
        tags = value if isinstance(value, list) else [value]
        texts = [tag.get(within) if isinstance(tag, dict) else tag for tag in tags]
        kept = [self._fit(text, name) for text in texts if isinstance(text, str)]
        if len(kept) < len(texts):
            self.problems.append(f"in {name} something is not a text")
        return tuple(text for text in kept if text)

    def _word(self, name: str) -> str:
        value = self.fields.get(name)
        if isinstance(value, int | float):
            return str(value)
        return self.text(name)

    def _fit(self, text: str, name: str) -> str:
        if len(text) > KEPT_CHARS:
            self.problems.append(f"{name} is longer than {KEPT_CHARS} characters and was cut")
            text = text[:KEPT_CHARS]
        if not text.isprintable():
            text = mended(windows_mended(text, self.problems), self.problems)
        return text.strip()


def items_of(stream: JsonStream) -> Iterator[Item | FileProblem]:
    """Yield the objects of an array, and a problem for each item that is none."""
    for place in stream.items():
        fields = stream.value()
        if isinstance(fields, dict):
            yield Item(fields)
        else:
            yield FileProblem(place, "an item is not an object")


def link_of(item: Item, line: int, address: str, **values: Any) -> LinkEntry | FileProblem:
    """The link whose address is the field `address`, or the problem that it has none."""
    url = item.text(address)
    problems = tuple(dict.fromkeys(item.problems))
    if not url:
        missing = f"an item has no address ({address}): {brief(values['title'])}"
        return FileProblem(line, "; ".join((missing, *problems)))
    return LinkEntry(url=url, line=line, problems=problems, **values)


def brief(text: str) -> str:
    """The start of a text, to tell a person which is meant."""
    return " ".join(text.split())[:_BRIEF_CHARS] or "without title"


def stream_of(file: BinaryIO) -> JsonStream:
    """A cursor at the start of a JSON file. Raises FormatError if the file is empty."""
    stream = JsonStream(decoded_plain(file))
    if not stream.peek():
        raise FormatError("The file is empty.")
    return stream


def names_in(head: bytes, opening: str) -> frozenset[str]:
    """The names of all values in the start of a JSON file; none if it does not open like that."""
    text = head.decode(plain_encoding_of(head), "replace").lstrip("\ufeff \t\r\n")
    return frozenset(_NAME.findall(text)) if text.startswith(opening) else frozenset()


class Room:
    """Counts the entries that are kept until they can be told."""

    def __init__(self) -> None:
        self._left = HELD_CHARS

    def take(self, *texts: str) -> None:
        """Count an entry by its texts; raises FormatError when they have become too much."""
        self._left -= _ENTRY_CHARS + sum(map(len, texts))
        if self._left < 0:
            raise FormatError(f"The file holds more than {HELD_CHARS} characters of links.")

    def take_link(self, link: LinkEntry) -> None:
        """Count a link."""
        self.take(link.url, link.title, link.note, *link.tags)
