"""Prepare the JSON that `report.typ` reads: what is on the pages of a report."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from textwrap import wrap
from typing import Any, NamedTuple
from unicodedata import category

from reports.reporting.renderers import fact_cards
from reports.reporting.renderers.base import Paper, RenderContext
from reports.reporting.renderers.charts.elements import FONT_SIZE
from reports.reporting.renderers.charts.shapes import Frame
from reports.reporting.renderers.charts.svg import draw_chart
from reports.reporting.renderers.pdf.layout import TableSize, arrange
from reports.reporting.renderers.text.control_characters import (
    is_right_to_left,
    isolate_direction,
    plain_text,
)
from reports.reporting.renderers.text.localization import Localizer
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Chart, ChartShape, Column, Fact, Result, Table

ROWS_MAX = 2000
CELLS_MAX = 30_000
LETTERS_MAX = 500_000
"""Limits of the rows of each table; the first row is always set."""
_PAPER = {Paper.A4: "a4", Paper.LETTER: "us-letter"}
_NUMBERS = {CellType.INTEGER, CellType.NUMBER, CellType.RATE}
_TEXTS = {CellType.TEXT, CellType.ADDRESS}
# About how many letters a line of a table may have, and how many columns: in portrait before the page is
# turned, in landscape before the letters get smaller.
_PORTRAIT = (112, 9)
_LANDSCAPE = (170, 14)
_FONT_SIZES = {False: 8.5, True: 6.5}
# Widths in letters: of a cell at most, of text that may be wrapped at most, in half of a page at least, and
# of the title above numbers at least.
_CELL_MAX, _TEXT_MAX, _TEXT_MIN, _TITLE_MIN = 50, 26, 20, 8
# A row with more letters in a cell may be longer than a page, so that it may break.
_UNBROKEN_MAX = 300
_LONG_FACT, _LONG_WORD, _NARROW_FACT = 24, 13, 9
# Cards side by side; more where all are narrow.
_CARDS, _NARROW_CARDS = 4, 6
_PAGE_ROWS_MAX = 150
# Of charts across the page and in half of it, by whether it is landscape; letters are the same size in all.
_FRAMES = {
    False: (Frame(720, 155), Frame(346, 155)),
    True: (Frame(1080, 220), Frame(526, 220)),
}
_LONG_WORD_PATTERN = re.compile(r"\S{20,}")
_UNBREAKABLE_MAX = 10
_BREAK_AFTER = set("/?&=.,;:-_#%+~|")
_ZERO_WIDTH_SPACE = "\u200b"
Text = str | dict[str, str]
"""A string; under "rtl" if it reads from right to left."""


def document(result: Result, context: RenderContext, localizer: Localizer) -> dict[str, Any]:
    """Return all that report.typ reads, as JSON."""
    language, _, region = localizer.language.partition("-")
    parts = [_Part(table, charts, _table(table, localizer)) for table, charts in result.sections()]
    tables = [part.table_json for part in parts]
    landscape, small = _exceed(tables, *_PORTRAIT), _exceed(tables, *_LANDSCAPE)
    title = plain_text(result.title).strip() or result.kind  # PDF/UA requires one.
    return {
        "name": title,
        "title": _text(title),
        "subtitle": _text(result.subtitle),
        "lang": language,
        "region": region if len(region) == 2 else None,
        "direction": localizer.direction,
        "paper": _PAPER[context.paper],
        "landscape": landscape,
        "font_size": _FONT_SIZES[small],
        "footer": _footer(result, context, localizer),
        "remarks": [_text(remark) for remark in result.remarks],
        **_cards(result, localizer),
        "blocks": list(_blocks(parts, localizer, landscape)),
        "may_fit_page": sum(len(table["rows"]) for table in tables) <= _PAGE_ROWS_MAX,
    }


def _exceed(tables: list[dict[str, Any]], letters: int, columns: int) -> bool:
    """Check whether a table has longer lines, or more columns."""
    return any(each["weight"] > letters or len(each["columns"]) > columns for each in tables)


def _footer(result: Result, context: RenderContext, localizer: Localizer) -> str:
    made_on = isolate_direction(localizer.cell(CellType.MOMENT, context.made_on))
    run = isolate_direction(plain_text(context.run))
    return localizer.labels.made.format(made_on=made_on, run=run, zone=result.zone)


def _cards(result: Result, localizer: Localizer) -> dict[str, Any]:
    cards = [_card(card, localizer) for card in fact_cards.group_facts(result.facts)]
    most = _CARDS if any(card["wide"] for card in cards) else _NARROW_CARDS
    return {"cards": cards, "cards_per_row": max(1, len(cards)) if len(cards) <= most else _CARDS}


def _card(card: fact_cards.FactCard, localizer: Localizer) -> dict[str, Any]:
    shown = localizer.cell(card.fact.type, card.fact.value)
    return {
        "title": _text(card.fact.title),
        "shown": _text(shown),
        "long": len(shown) > _LONG_FACT or max(map(len, shown.split()), default=0) > _LONG_WORD,
        "wide": len(shown) > _NARROW_FACT,
        "before": _companion(card.before, fact_cards.before_text, localizer),
        "change": _companion(card.change, fact_cards.change_text, localizer),
        "direction": fact_cards.direction(card.change) if card.change else 0,
    }


def _companion(
    fact: Fact | None, form: Callable[[Fact, Localizer], str], localizer: Localizer
) -> Text | None:
    return None if fact is None or fact.value is None else _text(form(fact, localizer))


class _Part(NamedTuple):
    """Hold a table, its charts, and the JSON of the table."""

    table: Table
    charts: list[Chart]
    table_json: dict[str, Any]

    def with_charts(self, localizer: Localizer, frame: Frame, other: list[Chart]) -> dict[str, Any]:
        """Return the JSON of the table with its charts but the others."""
        charts = [each for each in self.charts if each not in other]
        drawn = [_chart(chart, self.table, localizer, frame) for chart in charts]
        return {**self.table_json, "charts": drawn}

    def size(self) -> TableSize:
        """Return the size of the table and its bar charts."""
        rows, columns = len(self.table_json["rows"]), len(self.table_json["columns"])
        bars = [chart for chart in self.charts if chart.shape is ChartShape.BAR]
        height = sum(min(chart.rows, rows) + 2 for chart in bars)
        leads = len(bars) < len(self.charts)
        return TableSize(self.table_json["least"], columns, rows, height, leads)


def _blocks(parts: list[_Part], localizer: Localizer, landscape: bool) -> Iterator[dict[str, Any]]:
    """Yield, from top to bottom, charts across the page and stacks of tables."""
    full, half = _FRAMES[landscape]
    for stacks in arrange([part.size() for part in parts], landscape=landscape):
        is_split, first = len(stacks) > 1, parts[stacks[0][0]]
        frame = half if is_split else full
        # Only the first table of a group has charts that need the whole width.
        across = [each for each in first.charts if is_split and each.shape is not ChartShape.BAR]
        yield {
            "charts": [_chart(chart, first.table, localizer, full) for chart in across],
            "stacks": [
                [parts[i].with_charts(localizer, frame, across) for i in stack] for stack in stacks
            ],
        }


def _table(table: Table, localizer: Localizer) -> dict[str, Any]:
    rows = _limited_rows(table, localizer)
    columns = [
        _column(column, [row[place] for row in rows]) for place, column in enumerate(table.columns)
    ]
    if not any(column["share"] for column in columns):
        columns = [
            {**column, "share": column["weight"], "title": [_text(each.title)]}
            for column, each in zip(columns, table.columns, strict=True)
        ]
    return {
        "title": _text(plain_text(table.title).strip() or table.name),
        "before": _row_count(len(rows), len(table.rows), localizer),
        "note": _text(table.note),
        "columns": columns,
        "weight": sum(column["weight"] for column in columns),
        "least": sum(
            min(column["weight"], _TEXT_MIN if column["is_text"] else _CELL_MAX)
            for column in columns
        ),
        "rows": [[_text(cell) for cell in row] for row in rows],
        "breaks": any(len(cell) > _UNBROKEN_MAX for row in rows for cell in row),
    }


def _limited_rows(table: Table, localizer: Localizer) -> list[list[str]]:
    """Return the formatted rows up to the limits."""
    kinds = tuple(column.type for column in table.columns)
    rows: list[list[str]] = []
    cells = letters = 0
    for row in table.rows[:ROWS_MAX]:
        shown = localizer.row(kinds, row)
        cells += len(shown)
        letters += sum(map(len, shown))
        if rows and (cells > CELLS_MAX or letters > LETTERS_MAX):
            break
        rows.append(shown)
    return rows


def _row_count(shown: int, rows: int, localizer: Localizer) -> str:
    """Return the note above a table that is empty or not complete."""
    if not rows:
        return localizer.labels.no_rows
    if shown == rows:
        return ""
    first, total = (localizer.cell(CellType.INTEGER, each) for each in (shown, rows))
    return localizer.labels.first_rows.format(shown=first, rows=total)


def _column(column: Column, cells: list[str]) -> dict[str, Any]:
    """Return a column with widths in letters; `share` 0 fits the longest cell."""
    title = plain_text(column.title)
    longest = max(map(len, [*cells, *title.split()]), default=0)
    is_text = column.type in _TEXTS
    return {
        "title": [_text(title)] if is_text else _wrapped(title, longest),
        "number": column.type in _NUMBERS,
        "is_text": is_text,
        "share": max(min(longest, _CELL_MAX), _TITLE_MIN) + 2 if is_text else 0,
        # Text continues in the next line, numbers do not.
        "weight": min(longest, _TEXT_MAX if is_text else _CELL_MAX) + 2,
    }


def _wrapped(title: str, width: int) -> list[Text]:
    """Wrap a title to about the width of the cells below."""
    lines = wrap(title, max(width, _TITLE_MIN), break_long_words=False, break_on_hyphens=False)
    return [_text(line) for line in lines]


def _chart(chart: Chart, table: Table, localizer: Localizer, frame: Frame) -> dict[str, Any]:
    drawing = draw_chart(chart, table, localizer, frame)
    return {
        "title": _text(drawing.title),
        "alt": f"{drawing.title}. {drawing.description}",
        "width": drawing.width,
        "height": drawing.height,
        "shapes": drawing.shapes(),
        "font_size": FONT_SIZE,
        "texts": [{**asdict(each), "text": _text(each.text)} for each in drawing.texts],
    }


def _text(text: str) -> Text:
    """Return plain text, with possible line breaks within long words."""
    shown = _LONG_WORD_PATTERN.sub(lambda found: "".join(_breakable(found[0])), plain_text(text))
    return {"rtl": shown} if is_right_to_left(shown) else shown


def _breakable(word: str) -> Iterator[str]:
    """Yield the characters and zero-width spaces where a line may end."""
    since = 0
    for letter, after in zip(word, [*word[1:], ""], strict=True):
        yield letter
        since = 0 if letter in _BREAK_AFTER else since + 1
        if after and (not since or since >= _UNBREAKABLE_MAX) and not _joined(letter, after):
            yield _ZERO_WIDTH_SPACE


def _joined(letter: str, after: str) -> bool:
    """Check whether two characters look different together than apart."""
    return category(after)[0] == "M" or "Cf" in (category(letter), category(after))
