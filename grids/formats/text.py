"""Decode untrusted bytes to text, bound its length, and remove what cannot be stored."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import BinaryIO

from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom

CHUNK_BYTES = 64 * 1024
TEXT_CHARS_MAX = 64 * 1024

# No decoder returns a lone surrogate, so it differs from a U+FFFD that was in the file.
_UNDECODABLE = "\udc00"
_MARK_UNDECODABLE = "gridlink.mark-undecodable"
_MARKED_BYTES = re.compile("[\udc80-\udcff]+")

# The encodings of the web, by the names to which w3lib resolves their labels. Python knows others,
# such as punycode or zlib, which have no place in markup.
_WEB_ENCODING = re.compile(
    r"utf-8|cp(125\d|866|874|932|949)|iso8859-\d+|koi8-[ru]|mac-(roman|cyrillic)"
    r"|gb18030|big5hkscs|euc_jp|iso2022_jp"
)
_UNSTORABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_NEVER_STORED = re.compile("[\0\ud800-\udfff]")
_LINE_END = re.compile("\r\n|\n\r|\r")


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _UNDECODABLE, error.end


codecs.register_error(_MARK_UNDECODABLE, _mark)


class BoundedText:
    """Gather text piece by piece, of which only the first TEXT_CHARS_MAX characters are kept."""

    __slots__ = ("_left", "_pieces", "is_cut")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._left = TEXT_CHARS_MAX
        self.is_cut = False

    def add(self, text: str, start: int, stop: int) -> None:
        """Add text[start:stop] up to the limit; `is_cut` tells whether something was left out."""
        if stop - start > self._left:
            self.is_cut = True
            stop = start + self._left
        if start < stop:
            self._pieces.append(text[start:stop])
            self._left -= stop - start

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def __str__(self) -> str:
        return "".join(self._pieces)


def html_encoding(head: bytes, content_type: str = "") -> str:
    """Return the codec of HTML by its BOM, Content-Type, NUL bytes, META, or else UTF-8."""
    return (
        read_bom(head)[0]
        or _web_encoding(http_content_type_encoding(content_type))
        or _utf16_without_bom(head[:256])
        or _web_encoding(html_body_declared_encoding(head))
        or "utf-8"
    )


def text_encoding(head: bytes) -> str:
    """Return the codec of a file that declares none: by BOM, NUL bytes, or UTF-8."""
    return read_bom(head)[0] or _utf16_without_bom(head[:256]) or "utf-8"


def _web_encoding(name: str | None) -> str | None:
    return name if name and _WEB_ENCODING.fullmatch(name) else None


def _utf16_without_bom(start: bytes) -> str | None:
    even, odd = start[0::2].count(0), start[1::2].count(0)
    most = len(start) * 2 // 5
    if odd > most and not even:
        return "utf-16-le"
    return "utf-16-be" if even > most and not odd else None


def decode_html(file: BinaryIO) -> Iterator[str]:
    """Yield an HTML file's text in pieces; undecodable bytes are marked for without_controls()."""
    return _decoded(file, html_encoding, _MARK_UNDECODABLE)


def decode_text(file: BinaryIO) -> Iterator[str]:
    """Yield the text of a file that declares no encoding, in pieces, for repair_cp1252()."""
    # Each undecodable byte is marked and keeps its value.
    return _decoded(file, text_encoding, "surrogateescape")


def _decoded(
    file: BinaryIO, encoding_of: Callable[[bytes], str], utf8_errors: str
) -> Iterator[str]:
    head = file.read(CHUNK_BYTES)
    encoding = encoding_of(head)
    errors = utf8_errors if encoding == "utf-8" else _MARK_UNDECODABLE
    rest = iter(partial(file.read, CHUNK_BYTES), b"")
    without_bom = head.removeprefix(read_bom(head)[1] or b"")
    return codecs.iterdecode(chain([without_bom], rest), encoding, errors)


def repair_cp1252(text: str, problems: list[str]) -> str:
    """Read the bytes that are not UTF-8 as Windows-1252, which joins `problems`.

    A byte alone above 127 is hardly ever UTF-8, so this reads whole files in the old encoding
    as well as those that were glued together from both.
    """
    if not _MARKED_BYTES.search(text):
        return text
    problems.append("bytes that are not UTF-8 were read as Windows-1252")
    return _MARKED_BYTES.sub(_as_cp1252, text)


def _as_cp1252(match: re.Match[str]) -> str:
    raw = bytes(ord(char) - 0xDC00 for char in match[0])
    return raw.decode("cp1252", _MARK_UNDECODABLE)


def sanitized(text: str, problems: list[str]) -> str:
    """Return text that can be stored, with LF line ends; changes join `problems`."""
    return without_controls(_LINE_END.sub("\n", text) if "\r" in text else text, problems)


def storable(text: str, problems: list[str]) -> str:
    """Return text without the characters that PostgreSQL cannot store; that joins `problems`."""
    kept = _NEVER_STORED.sub("", text)
    if len(kept) < len(text):
        problems.append("characters that cannot be stored were removed")
    return kept


def without_controls(text: str, problems: list[str]) -> str:
    """Return text without control characters; each kind that was found joins `problems`."""
    if not _UNSTORABLE.search(text):
        return text
    if _UNDECODABLE in text:
        problems.append("undecodable bytes were replaced")
        text = text.replace(_UNDECODABLE, "\ufffd")
    if "\0" in text:
        problems.append("NUL characters were removed")
        text = text.replace("\0", "")
    text, others = _UNSTORABLE.subn("", text)
    if others:
        problems.append("control characters were removed")
    return text
