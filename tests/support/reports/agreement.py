"""Compare the files of one result, cell by cell."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from typing import Any
from unicodedata import bidirectional

import openpyxl

from reports.reporting.renderers.text.localization import Localizer
from reports.reporting.results.result import Result
from tests.support.reports.rendered import (
    Rows,
    cells_of_csv,
    cells_of_json,
    cells_of_result,
    cells_of_xlsx,
    csv_files,
    csv_rows,
    value_of_text,
)
from tests.support.reports.rendered_pages import (
    cells_of_html,
    cells_of_pdf,
    first_page_of_pdf,
    heard,
    words_of_html,
)

_NUMBERED = re.compile(r"\[U\+([0-9A-F]{4,6})\]")
_TURNED = re.compile("[\u05d0-\u05ea\u0621-\u064a]")
# What joins others has no shape of its own, and a font without the joined shape leaves it out; a soft hyphen
# is there once more at the end of a line.
_SHAPELESS = re.compile("[\u00ad\u200c\u200d\ufe0e\ufe0f]")


def assert_all_agree(files: Mapping[str, bytes], result: Result, *, locale: str = "en") -> None:
    """Each of the five files, by the names of their formats, has every cell of the result."""
    expected, words = cells_of_result(result), said(result, locale)
    assert cells_of_json(files["json"], result) == expected
    assert cells_of_csv(files["csv"], result) == expected
    assert cells_of_xlsx(files["xlsx"], result) == expected
    assert _typed(cells_of_html(files["html"]), result) == expected
    assert words_of_html(files["html"]) == words
    paper = cells_of_pdf(files["pdf"], list(words))
    assert [pair for name in words for pair in _unlike(paper[name], words[name])] == []


def assert_facts_agree(files: Mapping[str, bytes], result: Result, *, locale: str = "en") -> None:
    """The page, the workbook, paper and, beside several tables, CSV have the facts; text is not looked at."""
    facts, words = result.facts, Localizer(locale=locale, zone=result.zone)
    page = _facts_of_html(files["html"])
    told = {fact.name: value_of_text(fact.type, page[fact.name]) for fact in facts}
    assert told == {fact.name: fact.value for fact in facts}
    assert _facts_of_xlsx(files["xlsx"]) == {fact.title: fact.value for fact in facts}
    paper = "".join(first_page_of_pdf(files["pdf"]).split())
    assert [fact for fact in facts if heard(words.cell(fact.type, fact.value)) not in paper] == []
    if len(result.tables) > 1:
        _, *rows = csv_rows(csv_files(files["csv"], result)["facts.csv"])
        values = [
            value_of_text(fact.type, row[2] or None) for fact, row in zip(facts, rows, strict=True)
        ]
        assert values == [fact.value for fact in facts]


def said(result: Result, locale: str) -> dict[str, list[list[str | None]]]:
    """The rows of each table in words."""
    words = Localizer(locale=locale, zone=result.zone)
    return {
        table.name: [
            [*words.row(tuple(column.type for column in table.columns), row)] for row in table.rows
        ]
        for table in result.tables
    }


def _facts_of_html(page: bytes) -> dict[str, str | None]:
    """The values for programs by the names of the facts."""
    parser = _Facts()
    parser.feed(page.decode())
    return parser.found


def _facts_of_xlsx(book: bytes) -> dict[str, Any]:
    """The values beside the titles of the facts."""
    summary = openpyxl.load_workbook(io.BytesIO(book))["Summary"]
    rows = [row[:2] for row in summary.iter_rows(values_only=True)]
    # The title, what was asked, nothing, the facts, and nothing again.
    return dict(rows[3 : rows.index((None, None), 3)])


class _Facts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str | None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "dd":
            self.found[str(given["data-name"])] = given.get("data-value")


def _typed(found: dict[str, list[list[str | None]]], result: Result) -> dict[str, Rows]:
    return {
        table.name: [
            [
                value_of_text(column.type, cell)
                for column, cell in zip(table.columns, row, strict=True)
            ]
            for row in found[table.name]
        ]
        for table in result.tables
    }


def _unlike(
    found: Sequence[Sequence[str | None]], words: Sequence[Sequence[str | None]]
) -> Iterator[tuple[str | None, str | None]]:
    """The cells on paper that do not say what they should."""
    for row, said_row in zip(found, words, strict=True):
        for cell, word in zip(row, said_row, strict=True):
            if not _says(cell or "", word or ""):
                yield cell, word


def _says(cell: str, word: str) -> bool:
    """A character for which there is no font is known by its number. Where letters go from right to left,
    so that numbers among them are turned around too, only the letters that every font has are looked at."""
    if any(bidirectional(letter) in {"R", "AL"} for letter in word):
        return set(_TURNED.findall(cell)) == set(_TURNED.findall(word))
    return _unnumbered(cell) == _unnumbered(word)


def _unnumbered(text: str) -> str:
    shown = _NUMBERED.sub(lambda found: chr(int(found[1], 16)), text.replace("\u200b", ""))
    return heard(_SHAPELESS.sub("", shown))
