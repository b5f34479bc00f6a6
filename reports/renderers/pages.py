"""What is on the pages of a report: all that `report.typ` sets, as JSON with every cell already in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC
from typing import Any
from unicodedata import category

from reports.renderers.base import About, Paper
from reports.renderers.characters import isolated, plain, reads_from_right
from reports.renderers.marks import SIZE
from reports.renderers.plots import WIDTH
from reports.renderers.svg import Drawing, drawn
from reports.renderers.words import Words
from reports.results.cells import CellType
from reports.results.result import Column, Fact, Result, Table

ROWS_MAX = 2000
CELLS_MAX = 30_000
LETTERS_MAX = 500_000
"""Of each table as many rows are set as all three allow, and always the first: more is no report."""
_PAPER = {Paper.A4: "a4", Paper.LETTER: "us-letter"}
_NUMBERS = {CellType.INTEGER, CellType.NUMBER, CellType.RATE}
_WORDY = {CellType.TEXT, CellType.ADDRESS}
# How many letters a line of a table may have, about, and how many columns, before the page is turned, and
# before the letters get smaller.
_UPRIGHT = (112, 9)
_TURNED = (170, 14)
_LETTERS = (8.5, 6.5)
_CELL = 50
_WORDY_CELL = 26
_LONG_FACT, _LONG_WORD = 24, 13
_CARDS = 4
_WORD = re.compile(r"\S{20,}")
_PIECE = 10
_ENDS = set("/?&=.,;:-_#%+~|")
_ZERO_WIDTH_SPACE = "\u200b"
Said = str | dict[str, str]
"""A string; under "rtl" if it reads from right to left."""


def pages(result: Result, about: About, words: Words) -> dict[str, Any]:
    """All that report.typ reads, as JSON."""
    language, _, region = words.language.partition("-")
    tables = [_table(result, table, words) for table in result.tables]
    wide, small = _beyond(tables, _UPRIGHT), _beyond(tables, _TURNED)
    return {
        "name": _title(result.title, result.kind),
        "title": _said(_title(result.title, result.kind)),
        "subtitle": _said(result.subtitle),
        "lang": language,
        "region": region if len(region) == 2 else None,
        "direction": words.direction,
        "paper": _PAPER[about.paper],
        "wide": wide,
        "letters": _LETTERS[small],
        "made_at": _date(about),
        "foot": _foot(result, about, words),
        "remarks": [_said(remark) for remark in result.remarks],
        "facts": [_fact(fact, words) for fact in result.facts],
        "cards": max(1, min(_CARDS, len(result.facts))),
        "tables": tables,
    }


def _beyond(tables: list[dict[str, Any]], limits: tuple[int, int]) -> bool:
    """Whether a table has longer lines, or more columns."""
    return any(each["weight"] > limits[0] or len(each["columns"]) > limits[1] for each in tables)


def _foot(result: Result, about: About, words: Words) -> str:
    made_on = isolated(words.cell(CellType.MOMENT, about.made_on))
    run = isolated(plain(about.run))
    return f"Made on {made_on}. Run {run}. Days and times are those of {result.zone}."


def _date(about: About) -> dict[str, int]:
    moment = about.made_on.astimezone(UTC)
    parts = ("year", "month", "day", "hour", "minute", "second")
    return {part: getattr(moment, part) for part in parts}


def _fact(fact: Fact, words: Words) -> dict[str, Any]:
    shown = words.cell(fact.type, fact.value)
    return {
        "title": _said(fact.title),
        "shown": _said(shown),
        "long": len(shown) > _LONG_FACT or max(map(len, shown.split()), default=0) > _LONG_WORD,
    }


def _table(result: Result, table: Table, words: Words) -> dict[str, Any]:
    shown = _on_paper(table, words)
    charts = [drawn(chart, table, words) for chart in result.charts if chart.table == table.name]
    columns = [
        _column(column, [row[place] for row in shown]) for place, column in enumerate(table.columns)
    ]
    if not any(column["share"] for column in columns):
        columns = [{**column, "share": column["weight"]} for column in columns]
    return {
        "title": _said(_title(table.title, table.name)),
        "before": _cut(len(shown), len(table.rows), words),
        "note": _said(table.note),
        "charts": [_chart(drawing) for drawing in charts],
        "columns": columns,
        "weight": sum(column["weight"] for column in columns),
        "rows": [[_said(cell) for cell in row] for row in shown],
    }


def _on_paper(table: Table, words: Words) -> list[list[str]]:
    """The rows in words, until they are too many."""
    kinds = tuple(column.type for column in table.columns)
    shown: list[list[str]] = []
    cells = letters = 0
    for row in table.rows[:ROWS_MAX]:
        said = words.row(kinds, row)
        cells += len(said)
        letters += sum(map(len, said))
        if shown and (cells > CELLS_MAX or letters > LETTERS_MAX):
            break
        shown.append(said)
    return shown


def _cut(shown: int, rows: int, words: Words) -> str:
    """What a reader must know before the rows."""
    if not rows:
        return "No rows."
    if shown == rows:
        return ""
    first, all_of_them = (words.cell(CellType.INTEGER, each) for each in (shown, rows))
    return f"The first {first} of {all_of_them} rows. The other formats of this report have all of them."


def _column(column: Column, cells: list[str]) -> dict[str, Any]:
    """How wide: `share` of what the columns of numbers and days leave, or 0 to be as wide as its longest."""
    title = plain(column.title)
    longest = max(map(len, [*cells, *title.split()]), default=0)
    wordy = column.type in _WORDY
    return {
        "title": _said(title),
        "number": column.type in _NUMBERS,
        "share": min(longest, _CELL) + 2 if wordy else 0,
        # Words go on in the next line, and numbers do not.
        "weight": min(longest, _WORDY_CELL if wordy else _CELL) + 2,
    }


def _chart(drawing: Drawing) -> dict[str, Any]:
    return {
        "title": _said(drawing.title),
        "alt": f"{drawing.title}. {drawing.description}",
        "width": WIDTH,
        "height": drawing.height,
        "shapes": drawing.shapes(),
        "letters": SIZE,
        "labels": [{**asdict(label), "words": _said(label.words)} for label in drawing.labels],
    }


def _title(title: str, name: str) -> str:
    """PDF/UA wants one."""
    return plain(title).strip() or name


def _said(text: str) -> Said:
    """The text with places where a line may end within what is too long for a line."""
    shown = _WORD.sub(lambda found: "".join(_broken(found[0])), plain(text))
    return {"rtl": shown} if reads_from_right(shown) else shown


def _broken(word: str) -> Iterator[str]:
    """An address after its parts; a piece that is still long, anywhere between two characters."""
    since = 0
    for letter, after in zip(word, [*word[1:], ""], strict=True):
        yield letter
        since = 0 if letter in _ENDS else since + 1
        if after and (not since or since >= _PIECE) and not _belongs(letter, after):
            yield _ZERO_WIDTH_SPACE


def _belongs(letter: str, after: str) -> bool:
    """Whether two characters look otherwise together than apart."""
    return category(after)[0] == "M" or "Cf" in (category(letter), category(after))
