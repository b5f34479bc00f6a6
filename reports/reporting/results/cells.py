"""The values of a report: what there is, and how each is kept as JSON without a loss.

Every format must be able to hold every value, and to show it; so tables and facts clean what they are given.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

Cell = str | int | float | bool | date | datetime | None
"""None is "not known" or "does not apply" and stands in any column."""


class CellType(StrEnum):
    """What a column, or a fact, holds."""

    TEXT = "text"
    """One line, of `visible` characters."""
    ADDRESS = "address"
    """The URL of a page. Text from a stranger, and shown as text: a format may not make it lead there unless
    it is of http or https."""
    INTEGER = "integer"
    """Of 64 bits, as the database counts."""
    NUMBER = "number"
    """A finite float."""
    RATE = "rate"
    """A share or a change as a float: 0.25 is 25 %. To four places, and may be over 1 or negative."""
    FLAG = "flag"
    DAY = "day"
    """A date of the result's time zone."""
    MOMENT = "moment"
    """An aware datetime, in the result's time zone."""


# Controls, line ends, lone surrogates and the code points that are no characters: XML cannot hold some of
# these, HTML and a page of paper none as they are.
_UNSHOWABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef"
    + "".join(rf"\U{plane:04x}fffe\U{plane:04x}ffff" for plane in range(17))
    + "]"
)
# Unicode has a picture of each control of ASCII.
_PICTURES = {chr(code): chr(0x2400 + code) for code in range(0x20)} | {"\x7f": "\u2421"}


def visible(text: str) -> str:
    """The text with a sign in place of each character that some format could not hold or show: a tab becomes
    the picture of a tab, what has no picture the replacement character U+FFFD."""
    return _UNSHOWABLE.sub(lambda found: _PICTURES.get(found[0], "\ufffd"), text)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"Not a finite number: {value}")
    # There is no negative zero outside of programs.
    return value + 0.0


def _rate(value: float) -> float:
    return round(_finite(value), 4) + 0.0


def _same(value: Any) -> Any:
    return value


def _iso(value: date | datetime) -> str:
    return value.isoformat()


_CLEANERS: dict[CellType, Callable[[Any], Any]] = {
    CellType.TEXT: visible,
    CellType.ADDRESS: visible,
    CellType.NUMBER: _finite,
    CellType.RATE: _rate,
}
_WRITERS: dict[CellType, Callable[[Any], Any]] = {CellType.DAY: _iso, CellType.MOMENT: _iso}
_READERS: dict[CellType, Callable[[Any], Any]] = {
    CellType.DAY: date.fromisoformat,
    CellType.MOMENT: datetime.fromisoformat,
}


def writer(kind: CellType) -> Callable[[Any], Any]:
    """What makes JSON of a cell that is not None."""
    return _WRITERS.get(kind, _same)


def reader(kind: CellType) -> Callable[[Any], Any]:
    """What makes the cell of its JSON again."""
    return _READERS.get(kind, _same)


def clean_rows(rows: Iterable[Sequence[Cell]], kinds: Sequence[CellType]) -> list[tuple[Cell, ...]]:
    """The rows as every format can hold them: text `visible`, rates to four places. Raises ValueError for a
    number that is not finite, and a row that has more or fewer cells than there are kinds."""
    cleaners = [(place, _CLEANERS[kind]) for place, kind in enumerate(kinds) if kind in _CLEANERS]
    return [_clean_row(row, len(kinds), cleaners) for row in rows]


def _clean_row(
    row: Sequence[Cell], width: int, cleaners: Sequence[tuple[int, Callable[[Any], Any]]]
) -> tuple[Cell, ...]:
    if len(row) != width:
        raise ValueError(f"A row has {len(row)} cells and not {width}.")
    cells = list(row)
    for place, clean in cleaners:
        if cells[place] is not None:
            cells[place] = clean(cells[place])
    return tuple(cells)
