"""Render reports as one self-contained HTML page, for screens of any width and for paper.

All text is escaped; nothing in the page runs or is fetched. The attribute `data-value` holds the value for
programs, as the JSON of the report has it; a cell without it is None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from typing import IO, Any

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from reports.reporting.renderers import fact_cards
from reports.reporting.renderers.base import RenderContext, Renderer
from reports.reporting.renderers.charts.svg import draw_chart
from reports.reporting.renderers.text.control_characters import plain_text
from reports.reporting.renderers.text.localization import Localizer
from reports.reporting.results.cells import Cell, CellType, cell_json
from reports.reporting.results.result import Chart, Column, Fact, Result, Row, Table

_CHUNK_ROWS = 1000
_WEB_ADDRESS = re.compile("https?://", re.IGNORECASE)
# HTML can express neither NUL nor lone surrogates; a bare CR would become LF.
_NOT_IN_HTML = re.compile("[\x00\ud800-\udfff]")
_CSS_CLASSES = {
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


class HtmlRenderer(Renderer):
    """Render a page for people and programs, in constant memory."""

    name = "html"
    content_type = "text/html; charset=utf-8"

    def write(self, result: Result, context: RenderContext, out: IO[bytes]) -> None:
        """Write the page in UTF-8; raises as `Localizer` does."""
        localizer = Localizer(locale=context.locale, zone=result.zone)
        for chunk in _page(result, context, localizer):
            self.check_cancelled()
            out.write(chunk.encode())


def _page(result: Result, context: RenderContext, localizer: Localizer) -> Iterator[str]:
    yield _render("head", _head(result, context, localizer))
    for table, charts in result.sections():
        yield _render("table", _table(table, charts, localizer))
        yield from _rows(table, localizer)
        empty = "" if table.rows else localizer.labels.no_rows
        yield _render("table_end", {"empty": empty, "note": plain_text(table.note)})
    yield _render("foot", {"made": _made(result, context, localizer)})


def _render(template: str, context: dict[str, Any]) -> str:
    return render_to_string(f"reports/report/{template}.html", context)


def _made(result: Result, context: RenderContext, localizer: Localizer) -> str:
    made_on = localizer.cell(CellType.MOMENT, context.made_on)
    return format_html(
        localizer.labels.made,
        made_on=format_html('<bdi lang="{}">{}</bdi>', localizer.reader_language, made_on),
        run=format_html("<bdi>{}</bdi>", plain_text(context.run)),
        zone=format_html("<bdi>{}</bdi>", result.zone),
    )


def _head(result: Result, context: RenderContext, localizer: Localizer) -> dict[str, Any]:
    return {
        "localizer": localizer,
        "paper": context.paper.value,
        "title": plain_text(result.title),
        "subtitle": plain_text(result.subtitle),
        "remarks": [plain_text(remark) for remark in result.remarks],
        "cards": [_card(card, localizer) for card in fact_cards.group_facts(result.facts)],
    }


def _card(card: fact_cards.FactCard, localizer: Localizer) -> dict[str, Any]:
    fact, before, change = card
    return {
        "title": plain_text(fact.title),
        "attributes": mark_safe(_attributes(fact.type, localizer)),
        "fact": _fact(fact, localizer.cell(fact.type, fact.value)),
        "before": before and _fact(before, fact_cards.before_text(before, localizer)),
        "change": change and _fact(change, fact_cards.change_text(change, localizer)),
        "arrow": _ARROWS[fact_cards.direction(change)] if change else "",
    }


def _fact(fact: Fact, shown: str) -> dict[str, Any]:
    data = mark_safe(_data_value(fact.value))
    return {"name": fact.name, "data": data, "shown": shown}


def _table(table: Table, charts: list[Chart], localizer: Localizer) -> dict[str, Any]:
    return {
        "name": table.name,
        "title": plain_text(table.title),
        "columns": [_column(column) for column in table.columns],
        "charts": [
            {
                "name": chart.name,
                "title": plain_text(chart.title),
                "drawing": mark_safe(draw_chart(chart, table, localizer).svg()),
            }
            for chart in charts
        ],
    }


def _column(column: Column) -> dict[str, Any]:
    title = plain_text(column.title)
    longest = max(map(len, title.split()), default=0)
    return {
        "name": column.name,
        "title": title,
        "type": column.type.value,
        "css_class": _CSS_CLASSES[column.type],
        # Wide enough for an ordinary word, though narrow screens may break words.
        "min_width": min(longest + 4, 18),
    }


def _rows(table: Table, localizer: Localizer) -> Iterator[str]:
    """Yield the rows in chunks; a template would take ten times as long."""
    cells = [_cell_writer(column.type, localizer) for column in table.columns]
    for start in range(0, len(table.rows), _CHUNK_ROWS):
        yield "".join(_row(cells, row) for row in table.rows[start : start + _CHUNK_ROWS])


def _row(cells: list[Callable[[Cell], str]], row: Row) -> str:
    inside = "".join(cell(value) for cell, value in zip(cells, row, strict=True))
    return f"<tr>{inside}</tr>\n"


def _cell_writer(kind: CellType, localizer: Localizer) -> Callable[[Cell], str]:
    """Return a function that writes the cells of one column."""
    start, is_address = f"<td{_attributes(kind, localizer)}", kind is CellType.ADDRESS

    def write(value: Cell) -> str:
        shown = escape(localizer.cell(kind, value))
        content = _link(value, shown) if is_address else shown
        return f"{start}{_data_value(value)}>{content}</td>"

    return write


def _attributes(kind: CellType, localizer: Localizer) -> str:
    """Return class, direction and language: text may be in any, dates are in the reader's."""
    css_class = _CSS_CLASSES[kind]
    date_language = f' dir="auto" lang="{localizer.reader_language}"'
    language = {"t": ' dir="auto"', "d": date_language}.get(css_class, "")
    return f' class="{css_class}"{language}'


def _link(value: Cell, shown: str) -> str:
    """Return a link for an address on the web; any other scheme stays text."""
    if not isinstance(value, str) or not _WEB_ADDRESS.match(value):
        return shown
    return f'<a href="{_escape_attribute(value)}" rel="noopener noreferrer nofollow">{shown}</a>'


def _data_value(value: Cell) -> str:
    """Return the attribute for programs with a space before it; nothing for None."""
    if value is None:
        return ""
    raw = str(value).lower() if isinstance(value, bool) else str(cell_json(value))
    return f' data-value="{_escape_attribute(raw)}"'


def _escape_attribute(text: str) -> str:
    return escape(_NOT_IN_HTML.sub("\ufffd", text)).replace("\r", "&#13;")
