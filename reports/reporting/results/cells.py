"""Define the types of a report's values, and clean and parse the values of each.

Every format must be able to hold and show every value, so tables and facts are cleaned on construction.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

Cell = str | int | float | bool | date | datetime | None
"""None is "not known" or "does not apply"; any column may hold it."""


class CellType(StrEnum):
    """Name the type of a column's or a fact's values."""

    TEXT = "text"
    """One line without unprintable characters."""
    ADDRESS = "address"
    """The URL of a page, from an untrusted source: only http and https may become a link."""
    INTEGER = "integer"
    """Of 64 bits, as the database counts."""
    NUMBER = "number"
    """A finite float."""
    RATE = "rate"
    """A share or a change as a float of four decimals: 0.25 is 25 %. May be over 1 or negative."""
    FLAG = "flag"
    DAY = "day"
    """A date of the result's time zone."""
    MOMENT = "moment"
    """An aware datetime in the result's time zone."""


# Controls, line ends, lone surrogates and noncharacters: XML, HTML or PDF cannot hold them.
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef"
    + "".join(rf"\U{plane:04x}fffe\U{plane:04x}ffff" for plane in range(17))
    + "]"
)
# Unicode has a picture of each control of ASCII.
_PICTURES = {chr(code): chr(0x2400 + code) for code in range(0x20)} | {"\x7f": "\u2421"}


def replace_unprintable(text: str) -> str:
    """Replace what some format cannot hold by its control picture, or by U+FFFD."""
    return _UNPRINTABLE.sub(lambda found: _PICTURES.get(found[0], "\ufffd"), text)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"Not a finite number: {value}")
    return value + 0.0  # Makes zero of negative zero.


def _rate(value: float) -> float:
    return round(_finite(value), 4) + 0.0


Converters = Mapping[CellType, Callable[[Any], Any]]
CLEANERS: Converters = {
    CellType.TEXT: replace_unprintable,
    CellType.ADDRESS: replace_unprintable,
    CellType.NUMBER: _finite,
    CellType.RATE: _rate,
}
PARSERS: Converters = {
    CellType.DAY: date.fromisoformat,
    CellType.MOMENT: datetime.fromisoformat,
}
"""Make a cell of the JSON that `cell_json` made of it."""


def cell_json(cell: Cell) -> Any:
    """Return the cell as JSON; days and moments as ISO 8601."""
    return cell.isoformat() if isinstance(cell, date) else cell


def convert_rows(
    rows: Iterable[Sequence[Any]], types: Sequence[CellType], converters: Converters
) -> list[tuple[Cell, ...]]:
    """Apply the converter of each column's type to its cells, except None.

    Raises ValueError for a row of another width, and what the converters raise.
    """
    places = [(place, converters[each]) for place, each in enumerate(types) if each in converters]
    return [_convert_row(row, len(types), places) for row in rows]


def convert_cell(value: Any, kind: CellType, converters: Converters) -> Cell:
    """Apply the converter of the type to one value; raises what the converter raises."""
    ((cell,),) = convert_rows([(value,)], [kind], converters)
    return cell


def _convert_row(
    row: Sequence[Any], width: int, places: Sequence[tuple[int, Callable[[Any], Any]]]
) -> tuple[Cell, ...]:
    if len(row) != width:
        raise ValueError(f"A row has {len(row)} cells and not {width}.")
    cells = list(row)
    for place, convert in places:
        if cells[place] is not None:
            cells[place] = convert(cells[place])
    return tuple(cells)
