"""Text out of untrusted bytes: decoding, a bound on what is kept, and mending what is unfit."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

CHUNK_BYTES = 64 * 1024
KEPT_CHARS = 64 * 1024

# A lone surrogate can come from no decoder, so it tells a byte that could not be decoded from a
# U+FFFD that was in the file all along.
_UNDECODABLE = "\udc00"
_MARK_UNDECODABLE = "gridlink.mark-undecodable"
# In UTF-8 "surrogateescape" marks each such byte and keeps its value, for windows_mended().
_KEEP_BYTES = dict.fromkeys(("utf-8", "utf-8-sig"), "surrogateescape")
_MARKED_BYTES = re.compile("[\udc80-\udcff]+")

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_META_CHARSET = re.compile(rb"<meta\s[^<>]{0,300}?charset\s*=\s*[\"']?\s*([\w:.-]{1,40})", re.I)
# The encodings of the web as Python names them; others (UTF-7, idna) have no place in markup.
_WEB = re.compile(
    r"ascii|utf-8|cp(125\d|866|874|932|949)|iso8859-\d+|koi8-[ru]|mac-(roman|cyrillic)"
    r"|gb(2312|k|18030)|big5(hkscs)?|euc_(jp|kr)|shift_jis|iso2022_jp"
)
# Browsers read these labels as the larger sets that pages really use (WHATWG Encoding, 4.2).
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
_UNFIT = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_END = re.compile("\r\n|\n\r|\r")


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _UNDECODABLE, error.end


codecs.register_error(_MARK_UNDECODABLE, _mark)


class Kept:
    """Text gathered piece by piece, of which only the first KEPT_CHARS characters are kept."""

    __slots__ = ("_pieces", "_room", "dropped")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._room = KEPT_CHARS
        self.dropped = False

    def add(self, text: str, start: int, stop: int) -> None:
        """Add text[start:stop] as far as there is room; `dropped` tells whether there was not."""
        if stop - start > self._room:
            self.dropped = True
            stop = start + self._room
        if start < stop:
            self._pieces.append(text[start:stop])
            self._room -= stop - start

    def __str__(self) -> str:
        return "".join(self._pieces)


def encoding_of(head: bytes) -> str:
    """Name the codec of an HTML file by its BOM, its NUL bytes, its META, or else UTF-8."""
    return _unicode_of(head) or _declared(head) or "utf-8"


def plain_encoding_of(head: bytes) -> str:
    """Name the codec of a file that declares none by its BOM, its NUL bytes, or else UTF-8."""
    return _unicode_of(head) or "utf-8"


def _unicode_of(head: bytes) -> str | None:
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding
    return _utf16_without_bom(head[:256])


def _utf16_without_bom(start: bytes) -> str | None:
    even, odd = start[0::2].count(0), start[1::2].count(0)
    most = len(start) * 2 // 5
    if odd > most and not even:
        return "utf-16-le"
    return "utf-16-be" if even > most and not odd else None


def _declared(head: bytes) -> str | None:
    match = _META_CHARSET.search(head)
    if match is None:
        return None
    try:
        name = codecs.lookup(match[1].decode("ascii", "replace")).name
    except LookupError:
        return None
    return _WIDER.get(name, name) if _WEB.fullmatch(name) else None


def decoded(file: BinaryIO) -> Iterator[str]:
    """Yield an HTML file's text in pieces, never empty; undecodable bytes are marked for fit()."""
    return _decoded(file, encoding_of, {})


def decoded_plain(file: BinaryIO) -> Iterator[str]:
    """Yield the text of a file that declares no encoding; for windows_mended() and fit()."""
    return _decoded(file, plain_encoding_of, _KEEP_BYTES)


def _decoded(
    file: BinaryIO, encoding_of_head: Callable[[bytes], str], errors: Mapping[str, str]
) -> Iterator[str]:
    chunk = file.read(CHUNK_BYTES)
    encoding = encoding_of_head(chunk)
    decoder = codecs.getincrementaldecoder(encoding)(errors.get(encoding, _MARK_UNDECODABLE))
    while chunk:
        if text := decoder.decode(chunk):
            yield text
        chunk = file.read(CHUNK_BYTES)
    if text := decoder.decode(b"", final=True):
        yield text


def windows_mended(text: str, problems: list[str]) -> str:
    """Return `text` with the bytes that are not UTF-8 read as Windows-1252, which joins `problems`.

    A byte alone above 127 is hardly ever UTF-8, so this reads whole files in the old encoding
    as well as those that were glued together from both.
    """
    if not _MARKED_BYTES.search(text):
        return text
    problems.append("bytes that are not UTF-8 were read as Windows-1252")
    return _MARKED_BYTES.sub(_as_windows, text)


def _as_windows(match: re.Match[str]) -> str:
    raw = bytes(ord(char) - 0xDC00 for char in match[0])
    return raw.decode("cp1252", _MARK_UNDECODABLE)


def mended(text: str, problems: list[str]) -> str:
    """Return `text` fit to be stored, with line ends as LF; each kind of mend joins `problems`."""
    return fit(_LINE_END.sub("\n", text) if "\r" in text else text, problems)


def fit(text: str, problems: list[str]) -> str:
    """Return `text` without control characters; each kind that was found joins `problems`."""
    if not _UNFIT.search(text):
        return text
    if _UNDECODABLE in text:
        problems.append("undecodable bytes were replaced")
        text = text.replace(_UNDECODABLE, "\ufffd")
    if "\0" in text:
        problems.append("NUL characters were removed")
        text = text.replace("\0", "")
    text, others = _UNFIT.subn("", text)
    if others:
        problems.append("control characters were removed")
    return text
