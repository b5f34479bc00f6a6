"""Write cells as XML by type; text is never a formula, link or number."""

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
NUMBER_FORMATS = {
    CellType.RATE: "0.00%",
    CellType.DAY: "yyyy-mm-dd",
    CellType.MOMENT: "yyyy-mm-dd hh:mm:ss",
}

# Excel keeps 15 digits and replaces the others by zeros: a longer integer is written as text.
_INTEGER_MAX = 10**15 - 1
_MARKUP = re.compile(r"[&<>]")
# The underscore that begins what Excel would read as an escape.
_ESCAPE_LIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_KEPT_SPACES = (" ", "\u00a0", "\u3000")
# Excel takes 1900 for a leap year and knows nothing earlier: dates before March 1900 are written as text.
_EPOCH = datetime(1899, 12, 30)
_FIRST = datetime(1900, 3, 1)
_DAY = timedelta(days=1)


class CellWriters(NamedTuple):
    """Make the writers of one workbook's cells.

    `styles` are the XML attributes for the types with a number format, `strong` those of a header.
    """

    styles: dict[CellType, str]
    strong: str
    zone: ZoneInfo

    @classmethod
    def of(cls, book: Workbook, zone: ZoneInfo) -> CellWriters:
        """Add the formats to the workbook; moments are shown in the zone's local time."""
        styles = {kind: style(book, num_format=form) for kind, form in NUMBER_FORMATS.items()}
        return cls(styles, style(book, bold=True), zone)

    def writer(self, kind: CellType, where: str) -> Writer:
        """Return what writes a cell that is not None; it raises CellTooLong, naming `where`."""
        return _WRITERS[kind](self, where)


def style(book: Workbook, **properties: Any) -> str:
    """Return the XML attribute of a cell with these format properties."""
    return f' s="{book.add_format(properties)._get_xf_index()}"'


def text(where: str, attributes: str = "") -> Writer:
    """Return what writes cells of text; it raises CellTooLong, naming `where`."""

    def write(value: str) -> str:
        # Excel counts UTF-16 code units, of which a character has one or two.
        if len(value) * 2 > CELL_LENGTH and len(value.encode("utf-16-le")) > CELL_LENGTH * 2:
            raise CellTooLong(where)
        return f'<c{attributes} t="inlineStr"><is>{_escape(value)}</is></c>'

    return write


def row(writers: Sequence[Writer], cells: Iterable[Cell]) -> str:
    """Write one row; None is an empty cell."""
    written = [
        "<c/>" if cell is None else write(cell) for write, cell in zip(writers, cells, strict=True)
    ]
    return f"<row>{''.join(written)}</row>\n"


def serial(moment: datetime) -> float:
    """Return the days from Excel's epoch to a local time without a zone."""
    return (moment - _EPOCH) / _DAY


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the local time in the zone, without the zone."""
    return moment.astimezone(zone).replace(tzinfo=None)


def _escape(value: str) -> str:
    if _MARKUP.search(value):
        value = escape(value, quote=False)
    if "_x" in value:
        value = _ESCAPE_LIKE.sub("_x005F_", value)
    is_kept = value.startswith(_KEPT_SPACES) or value.endswith(_KEPT_SPACES)
    return f'<t xml:space="preserve">{value}</t>' if is_kept else f"<t>{value}</t>"


def _integer(cells: CellWriters, where: str) -> Writer:
    as_text = text(where)
    return lambda value: (
        f"<c><v>{value}</v></c>" if abs(value) <= _INTEGER_MAX else as_text(str(value))
    )


def _rate(cells: CellWriters, where: str) -> Writer:
    attributes = cells.styles[CellType.RATE]
    return lambda value: f"<c{attributes}><v>{value!r}</v></c>"


def _day(cells: CellWriters, where: str) -> Writer:
    attributes, as_text = cells.styles[CellType.DAY], text(where)

    def write(value: date) -> str:
        if value < _FIRST.date():
            return as_text(value.isoformat())
        return f"<c{attributes}><v>{(value - _EPOCH.date()).days}</v></c>"

    return write


def _moment(cells: CellWriters, where: str) -> Writer:
    attributes, as_text = cells.styles[CellType.MOMENT], text(where)

    def write(value: datetime) -> str:
        shown = local(value, cells.zone)
        if shown < _FIRST:
            return as_text(value.isoformat())
        return f"<c{attributes}><v>{serial(shown)!r}</v></c>"

    return write


_WRITERS: dict[CellType, Callable[[CellWriters, str], Writer]] = {
    CellType.TEXT: lambda cells, where: text(where),
    CellType.ADDRESS: lambda cells, where: text(where),
    CellType.INTEGER: _integer,
    CellType.NUMBER: lambda cells, where: lambda value: f"<c><v>{value!r}</v></c>",
    CellType.RATE: _rate,
    CellType.FLAG: lambda cells, where: lambda value: f'<c t="b"><v>{value:d}</v></c>',
    CellType.DAY: _day,
    CellType.MOMENT: _moment,
}
