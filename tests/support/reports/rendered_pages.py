"""Reads the tables of a report back out of the formats that are made for people.

What comes out is what a reader gets: of HTML the values for programs, or the words; of PDF the words that a
screen reader finds, cell by cell, through the tags of the document.
"""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from typing import Any
from unicodedata import bidirectional

from pypdf import PdfReader

Rows = list[list[str | None]]
_DIGITS = re.compile(r"<([0-9a-fA-F]+)>")
# Spaces go with line ends, and marks for line ends and direction say nothing.
_UNHEARD = re.compile("[\\s\u200b\u200e\u200f\u2068\u2069]+")


class _Page(HTMLParser):
    """The cells of the bodies of all tables, by the name of the table."""

    def __init__(self, *, words: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: dict[str, Rows] = {}
        self._words = words
        self._rows: Rows = []
        self._is_body = self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table":
            self._rows = self.tables[str(given["data-name"])] = []
        elif tag == "tbody":
            self._is_body = True
        elif tag == "tr" and self._is_body:
            self._rows.append([])
        elif tag == "td":
            self._rows[-1].append("" if self._words else given.get("data-value"))
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self._is_body &= tag != "tbody"
        self._in_cell &= tag != "td"

    def handle_data(self, data: str) -> None:
        if self._in_cell and self._words:
            self._rows[-1][-1] = f"{self._rows[-1][-1]}{data}"


def cells_of_html(page: bytes) -> dict[str, Rows]:
    """Each table's rows as programs read them: the number or ISO form of each cell, None for None."""
    return _parsed(page, words=False)


def words_of_html(page: bytes) -> dict[str, Rows]:
    """Each table's rows as people read them."""
    return _parsed(page, words=True)


def _parsed(page: bytes, *, words: bool) -> dict[str, Rows]:
    parser = _Page(words=words)
    parser.feed(page.decode())
    parser.close()
    return parser.tables


def cells_of_pdf(document: bytes, names: Sequence[str]) -> dict[str, Rows]:
    """Each table's rows in words, without the header; `names` are those of the tables in their order. Compare
    them by `heard`: letters from right to left come as they stand on the paper."""
    reader = PdfReader(io.BytesIO(document))
    words = [_marked(page) for page in reader.pages]
    pages = {
        page.indirect_reference.idnum: i
        for i, page in enumerate(reader.pages)
        if page.indirect_reference
    }
    catalogue: Any = reader.trailer["/Root"]
    tables = [
        [
            [_text(cell, pages, words, None) for cell in _under(row, "/TD")]
            for row in _under(table, "/TR")
        ]
        for table in _under(catalogue["/StructTreeRoot"], "/Table")
    ]
    # What is left are rows of the body: those of the header have cells of another kind.
    bodies: list[Rows] = [[[*row] for row in rows if row] for rows in tables]
    return dict(zip(names, bodies, strict=True))


def heard(text: str | None) -> str:
    """What two texts have in common that say the same, however each is broken into lines; of letters from
    right to left only which there are."""
    kept = _UNHEARD.sub("", text or "")
    turned = any(bidirectional(letter) in {"R", "AL"} for letter in kept)
    return "".join(sorted(set(kept))) if turned else kept


def first_page_of_pdf(document: bytes) -> str:
    """The words of the first page, cleared of marks for line ends."""
    text: str = PdfReader(io.BytesIO(document)).pages[0].extract_text()
    return text.replace("\u200b", "")


def _children(element: Any) -> list[Any]:
    inside = element.get("/K", [])
    inside = inside.get_object() if hasattr(inside, "get_object") else inside
    return [each.get_object() for each in (inside if isinstance(inside, list) else [inside])]


def _under(element: Any, kind: str) -> Iterator[Any]:
    """The nearest elements of a kind, in their order."""
    for child in _children(element):
        if isinstance(child, dict):
            if child.get("/S") == kind:
                yield child
            else:
                yield from _under(child, kind)


def _text(
    element: Any, pages: dict[int, int], words: list[dict[int, str]], page: int | None
) -> str:
    """The words of all marked content below."""
    if isinstance(element, int):
        assert page is not None
        return words[page].get(int(element), "")
    if "/Pg" in element:
        page = pages[element.raw_get("/Pg").idnum]
    if "/MCID" in element:
        return _text(element["/MCID"], pages, words, page)
    return "".join(_text(child, pages, words, page) for child in _children(element))


def _marked(page: Any) -> dict[int, str]:
    """The words of a page by the number of the marked content that they are in."""
    fonts = {name: _unicode(font) for name, font in page["/Resources"].get("/Font", {}).items()}
    found: dict[int, str] = defaultdict(str)
    stack: list[tuple[int | None, str | None]] = [(None, None)]
    font: tuple[int, dict[int, str]] = (1, {})
    for operands, operator in page.get_contents().operations:
        if operator in {b"BDC", b"BMC"}:
            about = operands[1] if len(operands) > 1 and isinstance(operands[1], dict) else {}
            mark, actual = about.get("/MCID", stack[-1][0]), about.get("/ActualText")
            if actual is not None and mark is not None:
                found[mark] += str(actual)
            stack.append((mark, stack[-1][1] if actual is None else actual))
        elif operator == b"EMC":
            stack.pop()
        elif operator == b"Tf":
            font = fonts[operands[0]]
        elif operator in {b"Tj", b"TJ"} and stack[-1][0] is not None and stack[-1][1] is None:
            found[stack[-1][0]] += _decoded(operands[0], font)
    return found


def _decoded(operand: Any, font: tuple[int, dict[int, str]]) -> str:
    size, letters = font
    pieces = operand if isinstance(operand, list) else [operand]
    text = ""
    for piece in pieces:
        raw = getattr(piece, "original_bytes", piece if isinstance(piece, bytes) else b"")
        codes = (int.from_bytes(raw[i : i + size]) for i in range(0, len(raw), size))
        text += "".join(letters.get(code, "\ufffd") for code in codes)
    return text


def _unicode(font: Any) -> tuple[int, dict[int, str]]:
    """How many bytes a code of a font has, and what each stands for."""
    lines = font.get_object()["/ToUnicode"].get_data().decode().splitlines()
    size, letters, section = 1, {}, ""
    for line in lines:
        section = line.split()[-1] if "begin" in line else section
        values = _DIGITS.findall(line)
        if section == "begincodespacerange" and len(values) == 2:
            size = len(values[0]) // 2
        elif section == "beginbfchar" and len(values) == 2:
            letters[int(values[0], 16)] = bytes.fromhex(values[1]).decode("utf-16-be")
        elif section == "beginbfrange" and len(values) == 3:
            first, last, target = (int(value, 16) for value in values)
            letters |= {code: chr(target + code - first) for code in range(first, last + 1)}
    return size, letters
