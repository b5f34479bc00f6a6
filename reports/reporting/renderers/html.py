"""HTML: one page that needs nothing else, on a screen of any width and on paper.

All text is escaped; nothing in the page runs or is fetched. Beside what people read, `data-value` has what a
program reads, as the JSON of the report has it; a cell without one is None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from typing import IO, Any

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from reports.reporting.renderers.base import About, Renderer
from reports.reporting.renderers.charts.svg import drawn
from reports.reporting.renderers.fact_cards import (
    Card,
    before_words,
    cards,
    change_words,
    direction,
)
from reports.reporting.renderers.text.control_characters import plain
from reports.reporting.renderers.text.localization import Words
from reports.reporting.results.cells import Cell, CellType, writer
from reports.reporting.results.result import Column, Fact, Result, Row, Table

_ROWS = 1000
_LEADS = re.compile("https?://", re.IGNORECASE)
# HTML has no NUL, whatever way it is written, and no halves of characters; a bare CR would become a LF.
_NEVER = re.compile("[\x00\ud800-\udfff]")
_REPLACED = "\ufffd"
_LOOKS = {
    CellType.TEXT: "t",
    CellType.ADDRESS: "t",
    CellType.INTEGER: "n",
    CellType.NUMBER: "n",
    CellType.RATE: "n",
    CellType.FLAG: "f",
    CellType.DAY: "d",
    CellType.MOMENT: "d",
}
_ARROWS = {1: "▲", 0: "", -1: "▼"}
_FLAGS = {True: "true", False: "false"}


class HtmlRenderer(Renderer):
    """A page for people that a program can read as well. Written as it is made: memory does not grow with
    the number of rows."""

    name = "html"
    content_type = "text/html; charset=utf-8"

    def extension(self, result: Result) -> str:
        """One page, whatever is on it."""
        return "html"

    def write(self, result: Result, about: About, out: IO[bytes]) -> None:
        """Raises as `Words` does."""
        words = Words(locale=about.locale, zone=result.zone)
        for piece in _page(result, about, words):
            self.watch()
            out.write(piece.encode())


def _page(result: Result, about: About, words: Words) -> Iterator[str]:
    yield _filled("head", _head(result, about, words))
    for table in result.tables:
        yield _filled("table", _table(result, table, words))
        yield from _rows(table, words)
        empty = "" if table.rows else words.phrases.no_rows
        ends = {"empty": empty, "note": plain(table.note)}
        yield _filled("table_end", ends)
    yield _filled("foot", {"made": _made(result, about, words)})


def _filled(template: str, context: dict[str, Any]) -> str:
    return render_to_string(f"reports/report/{template}.html", context)


def _made(result: Result, about: About, words: Words) -> str:
    said = {
        "made_on": format_html(
            '<bdi lang="{}">{}</bdi>', words.reader, words.cell(CellType.MOMENT, about.made_on)
        ),
        "run": format_html("<bdi>{}</bdi>", plain(about.run)),
        "zone": format_html("<bdi>{}</bdi>", result.zone),
    }
    return format_html(words.phrases.made, **said)


def _head(result: Result, about: About, words: Words) -> dict[str, Any]:
    return {
        "words": words,
        "paper": about.paper.value,
        "title": plain(result.title),
        "subtitle": plain(result.subtitle),
        "remarks": [plain(remark) for remark in result.remarks],
        "cards": [_card(card, words) for card in cards(result.facts)],
    }


def _card(card: Card, words: Words) -> dict[str, Any]:
    shown = words.cell(card.fact.type, card.fact.value)
    return {
        "title": plain(card.fact.title),
        "look": mark_safe(_look(card.fact.type, words)),
        "fact": _fact(card.fact, shown),
        "before": card.before and _fact(card.before, before_words(card.before, words)),
        "change": card.change and _fact(card.change, change_words(card.change, words)),
        "arrow": _ARROWS[direction(card.change)] if card.change else "",
    }


def _fact(fact: Fact, shown: str) -> dict[str, Any]:
    data = mark_safe(_data(fact.type, fact.value))
    return {"name": fact.name, "data": data, "shown": shown}


def _table(result: Result, table: Table, words: Words) -> dict[str, Any]:
    return {
        "name": table.name,
        "title": plain(table.title),
        "columns": [_column(column) for column in table.columns],
        "charts": [
            {
                "name": chart.name,
                "title": plain(chart.title),
                "drawing": mark_safe(drawn(chart, table, words).svg()),
            }
            for chart in result.charts
            if chart.table == table.name
        ],
    }


def _column(column: Column) -> dict[str, Any]:
    title = plain(column.title)
    longest = max(map(len, title.split()), default=0)
    return {
        "name": column.name,
        "title": title,
        "type": column.type.value,
        "look": _LOOKS[column.type],
        # So wide that a usual word is whole, though the page may break words to fit on a telephone.
        "least": min(longest + 4, 18),
    }


def _rows(table: Table, words: Words) -> Iterator[str]:
    """The rows, a thousand in a piece. By hand: a template takes ten times as long for as many."""
    cells = [_cell_of(column.type, words) for column in table.columns]
    for start in range(0, len(table.rows), _ROWS):
        piece = table.rows[start : start + _ROWS]
        yield "".join(_row(cells, row) for row in piece)


def _row(cells: list[Callable[[Cell], str]], row: Row) -> str:
    inside = "".join(cell(value) for cell, value in zip(cells, row, strict=True))
    return f"<tr>{inside}</tr>\n"


def _cell_of(kind: CellType, words: Words) -> Callable[[Cell], str]:
    """What makes the cells of one column."""
    around = _AROUND.get(kind, _shown)
    start = f"<td{_look(kind, words)}"

    def cell(value: Cell) -> str:
        shown = escape(words.cell(kind, value))
        return f"{start}{_data(kind, value)}>{around(value, shown)}</td>"

    return cell


def _look(kind: CellType, words: Words) -> str:
    """The attributes of whatever holds such a cell: anybody's text may be of any language, and months have
    names in the reader's."""
    look = _LOOKS[kind]
    tongue = {"t": ' dir="auto"', "d": f' dir="auto" lang="{words.reader}"'}.get(look, "")
    return f' class="{look}"{tongue}'


def _shown(value: Cell, shown: str) -> str:
    return shown


def _link(value: Cell, shown: str) -> str:
    """A link, if it leads to the web: any other scheme is text."""
    if not isinstance(value, str) or not _LEADS.match(value):
        return shown
    return f'<a href="{_attribute(value)}" rel="noopener noreferrer nofollow">{shown}</a>'


_AROUND: dict[CellType, Callable[[Cell, str], str]] = {CellType.ADDRESS: _link}


def _data(kind: CellType, value: Cell) -> str:
    """The attribute that programs read, with the space before it; nothing for None."""
    if value is None:
        return ""
    raw = _FLAGS[bool(value)] if kind is CellType.FLAG else str(writer(kind)(value))
    return f' data-value="{_attribute(raw)}"'


def _attribute(text: str) -> str:
    return escape(_NEVER.sub(_REPLACED, text)).replace("\r", "&#13;")
