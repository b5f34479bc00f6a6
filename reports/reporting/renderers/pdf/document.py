"""What is on the pages of a report: all that `report.typ` sets, as JSON with every cell already in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC
from textwrap import wrap
from typing import Any, NamedTuple
from unicodedata import category

from reports.reporting.renderers.base import About, Paper
from reports.reporting.renderers.charts.elements import SIZE
from reports.reporting.renderers.charts.shapes import Frame
from reports.reporting.renderers.charts.svg import Drawing, drawn
from reports.reporting.renderers.fact_cards import (
    Card,
    before_words,
    cards,
    change_words,
    direction,
)
from reports.reporting.renderers.pdf.layout import Sketch, arranged
from reports.reporting.renderers.text.control_characters import isolated, plain, reads_from_right
from reports.reporting.renderers.text.localization import Words
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Chart, ChartShape, Column, Fact, Result, Table

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
# A row with more letters in a cell may go on on the next page: it may be longer than one.
_WHOLE = 300
# Words in half of a page, and a title above numbers, have at least as many letters in a line.
_LEAST, _HEAD = 20, 8
_LONG_FACT, _LONG_WORD, _NARROW_FACT = 24, 13, 9
# So many cards stand side by side, or all if they are few and short.
_CARDS, _CARDS_MOST = 4, 6
# More are never on one page.
_ROWS_OF_A_PAGE = 150
# Of charts across the page and in half of it, upright and turned: so wide that letters have one size.
_FRAMES = {
    False: (Frame(720, 155), Frame(346, 155)),
    True: (Frame(1080, 220), Frame(526, 220)),
}
_WORD = re.compile(r"\S{20,}")
_PIECE = 10
_ENDS = set("/?&=.,;:-_#%+~|")
_ZERO_WIDTH_SPACE = "\u200b"
Said = str | dict[str, str]
"""A string; under "rtl" if it reads from right to left."""


def pages(result: Result, about: About, words: Words) -> dict[str, Any]:
    """All that report.typ reads, as JSON."""
    language, _, region = words.language.partition("-")
    parts = _parts(result, words)
    tables = [part.said for part in parts]
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
        **_cards(result, words),
        "blocks": list(_blocks(parts, words, wide)),
        "fits": sum(len(table["rows"]) for table in tables) <= _ROWS_OF_A_PAGE,
    }


def _beyond(tables: list[dict[str, Any]], limits: tuple[int, int]) -> bool:
    """Whether a table has longer lines, or more columns."""
    return any(each["weight"] > limits[0] or len(each["columns"]) > limits[1] for each in tables)


def _foot(result: Result, about: About, words: Words) -> str:
    made_on = isolated(words.cell(CellType.MOMENT, about.made_on))
    run = isolated(plain(about.run))
    return words.phrases.made.format(made_on=made_on, run=run, zone=result.zone)


def _date(about: About) -> dict[str, int]:
    moment = about.made_on.astimezone(UTC)
    parts = ("year", "month", "day", "hour", "minute", "second")
    return {part: getattr(moment, part) for part in parts}


def _cards(result: Result, words: Words) -> dict[str, Any]:
    """`across` of them side by side."""
    shown = [_card(card, words) for card in cards(result.facts)]
    few = len(shown) <= _CARDS or (
        len(shown) <= _CARDS_MOST and not any(card["wide"] for card in shown)
    )
    return {"cards": shown, "across": max(1, len(shown)) if few else _CARDS}


def _card(card: Card, words: Words) -> dict[str, Any]:
    shown = words.cell(card.fact.type, card.fact.value)
    return {
        "title": _said(card.fact.title),
        "shown": _said(shown),
        "long": len(shown) > _LONG_FACT or max(map(len, shown.split()), default=0) > _LONG_WORD,
        "wide": len(shown) > _NARROW_FACT,
        "before": _beside(card.before, before_words, words),
        "change": _beside(card.change, change_words, words),
        "direction": direction(card.change) if card.change else 0,
    }


def _beside(fact: Fact | None, said: Callable[[Fact, Words], str], words: Words) -> Said | None:
    return None if fact is None or fact.value is None else _said(said(fact, words))


def _parts(result: Result, words: Words) -> list[_Part]:
    return [
        _Part(
            table,
            [chart for chart in result.charts if chart.table == table.name],
            _table(table, words),
        )
        for table in result.tables
    ]


def _blocks(parts: list[_Part], words: Words, wide: bool) -> Iterator[dict[str, Any]]:
    """What stands below each other: charts across the page, and under them tables in one or two stacks, each
    with its bars."""
    across, beside = _FRAMES[wide]
    for stacks in arranged([part.sketch() for part in parts], wide=wide):
        first = parts[stacks[0][0]]
        if len(stacks) == 1:
            yield {"charts": [], "stacks": [[first.whole(words, across, first.charts)]]}
            continue
        leading = [_chart(drawn(chart, first.table, words, across)) for chart in first.leading]
        inside = [[parts[n].whole(words, beside, parts[n].bars) for n in stack] for stack in stacks]
        yield {"charts": leading, "stacks": inside}


class _Part(NamedTuple):
    """A table with its charts; `said` is what report.typ reads of the table."""

    table: Table
    charts: list[Chart]
    said: dict[str, Any]

    @property
    def leading(self) -> list[Chart]:
        """Those that want the whole width."""
        return [chart for chart in self.charts if chart.shape is not ChartShape.BAR]

    @property
    def bars(self) -> list[Chart]:
        """The others."""
        return [chart for chart in self.charts if chart.shape is ChartShape.BAR]

    def sketch(self) -> Sketch:
        """What it takes."""
        rows = len(self.said["rows"])
        charts = sum(min(chart.rows, rows) + 2 for chart in self.bars)
        columns = len(self.said["columns"])
        return Sketch(self.said["least"], columns, rows, charts, bool(self.leading))

    def whole(self, words: Words, frame: Frame, charts: list[Chart]) -> dict[str, Any]:
        """The table, and these of its charts."""
        return {
            **self.said,
            "charts": [_chart(drawn(chart, self.table, words, frame)) for chart in charts],
        }


def _table(table: Table, words: Words) -> dict[str, Any]:
    shown = _on_paper(table, words)
    columns = [
        _column(column, [row[place] for row in shown]) for place, column in enumerate(table.columns)
    ]
    if not any(column["share"] for column in columns):
        columns = [
            {**column, "share": column["weight"], "title": [_said(each.title)]}
            for column, each in zip(columns, table.columns, strict=True)
        ]
    return {
        "title": _said(_title(table.title, table.name)),
        "before": _cut(len(shown), len(table.rows), words),
        "note": _said(table.note),
        "columns": columns,
        "weight": sum(column["weight"] for column in columns),
        "least": sum(
            min(column["weight"], _LEAST if column["wordy"] else _CELL) for column in columns
        ),
        "rows": [[_said(cell) for cell in row] for row in shown],
        "breaks": any(len(cell) > _WHOLE for row in shown for cell in row),
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
        return words.phrases.no_rows
    if shown == rows:
        return ""
    first, all_of_them = (words.cell(CellType.INTEGER, each) for each in (shown, rows))
    return words.phrases.first_rows.format(shown=first, rows=all_of_them)


def _column(column: Column, cells: list[str]) -> dict[str, Any]:
    """How wide: `share` of what the columns of numbers and days leave, or 0 to be as wide as its longest."""
    title = plain(column.title)
    longest = max(map(len, [*cells, *title.split()]), default=0)
    wordy = column.type in _WORDY
    return {
        "title": [_said(title)] if wordy else _folded(title, longest),
        "number": column.type in _NUMBERS,
        "wordy": wordy,
        "share": max(min(longest, _CELL), _HEAD) + 2 if wordy else 0,
        # Words go on in the next line, and numbers do not.
        "weight": min(longest, _WORDY_CELL if wordy else _CELL) + 2,
    }


def _folded(title: str, width: int) -> list[Said]:
    """In lines about as wide as the cells below."""
    lines = wrap(title, max(width, _HEAD), break_long_words=False, break_on_hyphens=False)
    return [_said(line) for line in lines]


def _chart(drawing: Drawing) -> dict[str, Any]:
    return {
        "title": _said(drawing.title),
        "alt": f"{drawing.title}. {drawing.description}",
        "width": drawing.width,
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
