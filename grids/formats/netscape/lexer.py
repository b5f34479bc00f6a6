"""Split a Netscape bookmark file into tags and text, in constant memory and linear time.

An HTML parser follows HTML's rules about nesting, by which one unclosed quote, comment or script hides the
rest of a file. Here only the tags that structure a bookmark file are tags, all else is text, and whatever is
left open ends where the next entry plainly begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from grids.formats.base import FileProblem
from grids.formats.text import TEXT_CHARS_MAX, BoundedText

# Under which names tools write when a link was saved, what is written about it, and what else it is.
DATES = ("add_date", "time_added", "date_added", "created_at", "created")
NOTES = ("description", "note", "notes", "comment", "extended")
FLAGS = {
    "toread": "toread",
    "unread": "toread",
    "starred": "starred",
    "favorite": "starred",
    "favourite": "starred",
    "pinned": "pinned",
    "read": "read",
}
KEPT_ATTRIBUTES = frozenset(
    (
        *("href", "feedurl", "shortcuturl", "tags", "labels", "last_modified"),
        *DATES,
        *NOTES,
        *FLAGS,
        *("private", "archived"),
    )
)
"""The attributes whose values are kept, in lower case; of the others only the names."""

TAG_OPEN = "the tag is never closed"
QUOTE_OPEN = "a quoted value is never closed"
QUOTE_INSIDE = "a quote inside a value was not escaped"
COMMENT_OPEN = "a comment is never closed"

_OTHERS_MAX = 100
# No pattern below matches more than this many characters, save for text that is streamed past.
_REACH = 256
_NAMES = r"(?i:[ap]|br|d[dlt]|h[13r]|ul|html|body)"
_MARKUP = re.compile(rf"<(?:(!--)|(/?{_NAMES})(?=[\s/>\0]|\Z))")
_ENTRY_PATTERN = (
    r"[\r\n][ \t]{0,99}<(?i:a|/?dl|dt)[\s>]"  # a line that starts a link, a folder or its end
    r"|<(?i:dt)>\s{0,99}<(?i:a|h3)[\s>]"  # the same in a file without line ends
)
_ENTRY = re.compile(_ENTRY_PATTERN)
_COMMENT_END = re.compile(rf"(-->)|{_ENTRY_PATTERN}")
_ATTRIBUTE = re.compile(
    r"[\s/\0]{0,99}([^\s=<>/\"'\0]{1,64})\s{0,9}(?:(=)\s{0,9}([\"']?))?|[\s/\0=\"']{1,99}"
)
_KNOWN = r"(?i:href|add_date|last_visit|last_modified|icon|icon_uri|tags|private|toread|feedurl)"
_NEXT_KNOWN = rf"\s{_KNOWN}=\Z"
_NEXT_ATTRIBUTE = re.compile(_NEXT_KNOWN)
_AFTER_QUOTE = re.compile(r"\Z|[\s<>\0]|/\s{0,99}>|[A-Za-z_][\w:.-]{0,63}\s{0,9}=\s{0,9}[\"']")
_VALUE_BREAK = re.compile(rf">|<(?:!--|/?{_NAMES}[\s/>\0])|{_NEXT_KNOWN}")
_UNQUOTED_END = re.compile(r"[\s>]")


@dataclass(slots=True)
class Tag:
    """Represent a structural tag: `name` is in lower case, "/" first for an end tag.

    `attributes` holds the raw, still escaped values of the KEPT_ATTRIBUTES, under lower-case names. `is_cut`
    says that the file ends inside the tag. `others` are the names of all other attributes with a value.
    """

    name: str
    line: int
    attributes: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    is_cut: bool = False

    def note(self, problem: str) -> None:
        """Remember a problem once, however often it occurs."""
        if problem not in self.problems:
            self.problems.append(problem)


Token = str | Tag | FileProblem
IsText = Callable[[str, bool, str], bool]
"""Tells whether markup is text; takes its name, whether it begins a line, and what follows the name."""


class Lexer:
    """Iterate over the tokens of a text given in pieces; `line` counts from 1.

    `is_text` is asked once all tokens before are taken.
    """

    def __init__(self, chunks: Iterator[str], is_text: IsText) -> None:
        self.line = 1
        self._is_text = is_text
        self._starts_line = True
        self._chunks = chunks
        self._text = ""
        self._pos = 0
        self._ended = False

    def __iter__(self) -> Iterator[Token]:
        while self._fill():
            match = _MARKUP.search(self._text, self._pos)
            stop = match.start() if match else self._safe_end()
            if stop > self._pos:
                yield self._take(stop)
            elif match and self._is_free(match):
                yield self._take(match.end())
            elif match and match[1]:
                yield from self._comment()
            elif match:
                self._starts_line = False
                yield self._tag(match[2])

    def _take(self, stop: int) -> str:
        text = self._text[self._pos : stop]
        self._advance(stop)
        line_end = max(text.rfind("\n"), text.rfind("\r"))
        is_blank = not text[line_end + 1 :].strip()
        self._starts_line = is_blank and (self._starts_line or line_end >= 0)
        return text

    def _is_free(self, match: re.Match[str]) -> bool:
        name = (match[1] or match[2]).lower()
        return self._is_text(
            name, self._starts_line, self._text[match.end() : match.end() + _REACH]
        )

    def _fill(self) -> bool:
        """Read enough text to match any pattern; return False at the end of the file."""
        while len(self._text) - self._pos < 2 * _REACH and not self._ended:
            chunk = next(self._chunks, "")
            self._ended = not chunk
            self._text = self._text[self._pos :] + chunk
            self._pos = 0
        return self._pos < len(self._text)

    def _safe_end(self) -> int:
        """Return the end of the text whose tokens cannot change with what follows."""
        return len(self._text) if self._ended else len(self._text) - _REACH

    def _advance(self, to: int, kept: BoundedText | None = None) -> None:
        self.line += self._text.count("\n", self._pos, to)
        if kept is not None:
            kept.add(self._text, self._pos, to)
        self._pos = to

    def _comment(self) -> Iterator[FileProblem]:
        line = self.line
        self._advance(self._pos + 2)  # not past the dashes: "<!-->" is a whole comment
        while self._fill():
            match = _COMMENT_END.search(self._text, self._pos)
            if match and match[1]:
                self._advance(match.end())
                return
            self._advance(match.start() if match else self._safe_end())
            if match:
                break
        yield FileProblem(line, COMMENT_OPEN)

    def _tag(self, name: str) -> Tag:
        tag = Tag(name.lower(), self.line)
        self._advance(self._pos + len("<") + len(name))
        more = True
        while more:
            more = self._attribute(tag)
        return tag

    def _attribute(self, tag: Tag) -> bool:
        """Read one attribute, or the space before it; return False when the tag ends."""
        if not self._fill():
            tag.is_cut = True
            return False
        match = _ATTRIBUTE.match(self._text, self._pos)
        if match is None:
            return self._tag_end(tag)
        name, equals, quote = match.groups()
        self._advance(match.end())
        if equals:
            value = self._quoted(quote, tag) if quote else self._unquoted()
            self._keep(tag, name.lower(), value)
        return True

    def _tag_end(self, tag: Tag) -> bool:
        if self._text[self._pos] == ">":
            self._advance(self._pos + 1)
        else:
            tag.note(TAG_OPEN)
        return False

    def _keep(self, tag: Tag, name: str, value: BoundedText | str) -> None:
        if name not in KEPT_ATTRIBUTES:
            if value and name not in tag.others and len(tag.others) < _OTHERS_MAX:
                tag.others.append(name)
            return
        if name in tag.attributes:
            return
        tag.attributes[name] = str(value)
        if isinstance(value, BoundedText) and value.is_cut:
            tag.note(f"{name.upper()} is longer than {TEXT_CHARS_MAX} characters and was cut")

    def _unquoted(self) -> BoundedText:
        kept = BoundedText()
        while self._fill():
            match = _UNQUOTED_END.search(self._text, self._pos)
            self._advance(match.start() if match else len(self._text), kept)
            if match:
                break
        return kept

    def _quoted(self, quote: str, tag: Tag) -> BoundedText | str:
        """Read a value up to its closing quote, and repair one that is missing.

        A quote amid other text is part of the value, unless the value has run into more markup by then. A
        value that runs into the next entry was never closed.
        """
        kept, suspect = BoundedText(), False
        while self._fill():
            start, end = self._pos, self._text.find(quote, self._pos)
            stop = self._safe_end() if end < 0 else end
            if entry := self._entry_between(start, stop):
                self._advance(entry.start(), kept)
                return self._unread(kept, tag)
            suspect = suspect or self._is_suspect(start, stop)
            self._advance(stop, kept)
            if end >= 0:
                if self._closes():
                    return kept
                if suspect:
                    return self._unread(kept, tag)
                tag.note(QUOTE_INSIDE)
                self._advance(self._pos + 1, kept)
        return self._unread(kept, tag) if suspect else kept

    def _entry_between(self, start: int, stop: int) -> re.Match[str] | None:
        # Icons make up most of many files and hold no "<"; finding none is far quicker.
        if self._text.find("<", start, stop) < 0:
            return None
        return _ENTRY.search(self._text, start, stop)

    def _is_suspect(self, start: int, stop: int) -> bool:
        near = max(start, stop - 32)
        return bool(
            _MARKUP.search(self._text, start, stop)
            or _NEXT_ATTRIBUTE.search(self._text, near, stop)
        )

    def _closes(self) -> bool:
        self._fill()
        closes = _AFTER_QUOTE.match(self._text, self._pos + 1) is not None
        if closes:
            self._advance(self._pos + 1)
        return closes

    def _unread(self, kept: BoundedText, tag: Tag) -> str:
        """End an unclosed value at the first markup in it; what follows is read again."""
        tag.note(QUOTE_OPEN)
        text = str(kept)
        match = _VALUE_BREAK.search(text)
        cut = match.start() if match else len(text)
        self.line -= text.count("\n", cut)
        self._text = text[cut:] + self._text[self._pos :]
        self._pos = 0
        return text[:cut]
