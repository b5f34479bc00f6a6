"""The values of a report: what there is, and how each is kept as JSON without a loss."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Any

Cell = str | int | float | bool | date | datetime | None
"""None is "not known" or "does not apply" and stands in any column."""


class CellType(StrEnum):
    """What a column, or a fact, holds."""

    TEXT = "text"
    ADDRESS = "address"
    """The URL of a page. Text from a stranger, and shown as text: a format may not make it lead there unless
    it is of http or https."""
    INTEGER = "integer"
    NUMBER = "number"
    """A finite float."""
    RATE = "rate"
    """A share or a change as a float: 0.25 is 25 %. To four places, and may be over 1 or negative."""
    FLAG = "flag"
    DAY = "day"
    """A date of the result's time zone."""
    MOMENT = "moment"
    """An aware datetime, in the result's time zone."""


def _same(value: Any) -> Any:
    return value


def _iso(value: date | datetime) -> str:
    return value.isoformat()


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
