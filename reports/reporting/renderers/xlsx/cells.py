"""Cells as XML, by what they hold. Text is a string and nothing else: no formula, no link, no number."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from html import escape
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from xlsxwriter import Workbook

from reports.reporting.results.cells import Cell, CellType
from reports.xlsx.cells import CELL_LENGTH
from reports.xlsx.frames import CellTooLong

Writer = Callable[[Any], str]

EMPTY_ROW = "<row/>"
FORMATS = {
    CellType.RATE: "0.00%",
    CellType.DAY: "yyyy-mm-dd",
    CellType.MOMENT: "yyyy-mm-dd hh:mm:ss",
}
"""How Excel shows what is a number to it."""

# Excel keeps 15 digits and makes zeros of the others: an integer that has more is text.
_INTEGER_MAX = 10**15 - 1
# What takes more than an entity for &, < or >; the underscore begins what Excel would take for an escape.
_MARKUP = re.compile(r"[&<>]")
_MISTAKEN = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_EDGES = (" ", "\u00a0", "\u3000")
# To Excel, 1900 was a leap year and nothing was before it: what is earlier is text.
_EPOCH = datetime(1899, 12, 30)
_FIRST = datetime(1900, 3, 1)
_DAY = timedelta(days=1)


class Cells(NamedTuple):
    """What makes cells of one workbook; `styles` are the attributes that give a kind its format, `strong` is
    that of a header."""

    styles: dict[CellType, str]
    strong: str
    zone: ZoneInfo

    @classmethod
    def of(cls, book: Workbook, zone: ZoneInfo) -> Cells:
        """With these formats in the workbook; moments are shown as the clocks of the zone do."""
        styles = {kind: style(book, num_format=form) for kind, form in FORMATS.items()}
        return cls(styles, style(book, bold=True), zone)

    def writer(self, kind: CellType, where: str) -> Writer:
        """What makes the XML of a cell that is not None. Raises CellTooLong, naming `where`."""
        return _WRITERS[kind](self, where)


def style(book: Workbook, **properties: Any) -> str:
    """The attribute of a cell that is to look so."""
    return f' s="{book.add_format(properties)._get_xf_index()}"'


def text(where: str, attributes: str = "") -> Writer:
    """What makes cells of text. Raises CellTooLong, naming `where`."""

    def write(value: str) -> str:
        # Excel counts UTF-16 code units, of which a character has one or two.
        if len(value) * 2 > CELL_LENGTH and len(value.encode("utf-16-le")) > CELL_LENGTH * 2:
            raise CellTooLong(where)
        return f'<c{attributes} t="inlineStr"><is>{_escaped(value)}</is></c>'

    return write


def row(writers: Sequence[Writer], cells: Iterable[Cell]) -> str:
    """One row; None is a cell with nothing in it."""
    written = [
        "<c/>" if cell is None else write(cell) for write, cell in zip(writers, cells, strict=True)
    ]
    return f"<row>{''.join(written)}</row>\n"


def serial(moment: datetime) -> float:
    """The days since Excel's epoch of a local time without a zone."""
    return (moment - _EPOCH) / _DAY


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clocks of the zone show, without a zone."""
    return moment.astimezone(zone).replace(tzinfo=None)


def _escaped(value: str) -> str:
    if _MARKUP.search(value):
        value = escape(value, quote=False)
    if "_x" in value:
        value = _MISTAKEN.sub("_x005F_", value)
    kept = ' xml:space="preserve"' if value.startswith(_EDGES) or value.endswith(_EDGES) else ""
    return f"<t{kept}>{value}</t>"


def _integer(cells: Cells, where: str) -> Writer:
    as_text = text(where)
    return lambda value: (
        f"<c><v>{value}</v></c>" if abs(value) <= _INTEGER_MAX else as_text(str(value))
    )


def _number(cells: Cells, where: str) -> Writer:
    return lambda value: f"<c><v>{value!r}</v></c>"


def _rate(cells: Cells, where: str) -> Writer:
    shown = cells.styles[CellType.RATE]
    return lambda value: f"<c{shown}><v>{value!r}</v></c>"


def _flag(cells: Cells, where: str) -> Writer:
    return lambda value: f'<c t="b"><v>{value:d}</v></c>'


def _day(cells: Cells, where: str) -> Writer:
    shown, as_text = cells.styles[CellType.DAY], text(where)

    def write(value: date) -> str:
        if value < _FIRST.date():
            return as_text(value.isoformat())
        return f"<c{shown}><v>{(value - _EPOCH.date()).days}</v></c>"

    return write


def _moment(cells: Cells, where: str) -> Writer:
    shown, as_text = cells.styles[CellType.MOMENT], text(where)

    def write(value: datetime) -> str:
        clock = local(value, cells.zone)
        if clock < _FIRST:
            return as_text(value.isoformat())
        return f"<c{shown}><v>{serial(clock)!r}</v></c>"

    return write


_WRITERS: dict[CellType, Callable[[Cells, str], Writer]] = {
    CellType.TEXT: lambda cells, where: text(where),
    CellType.ADDRESS: lambda cells, where: text(where),
    CellType.INTEGER: _integer,
    CellType.NUMBER: _number,
    CellType.RATE: _rate,
    CellType.FLAG: _flag,
    CellType.DAY: _day,
    CellType.MOMENT: _moment,
}
