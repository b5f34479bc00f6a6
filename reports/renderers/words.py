"""How a cell is shown to people: the same words on a page, on paper, in a chart and in a letter.

All of it is plain text, as `characters.plain` makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import localcontext
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton, format_time
from babel.numbers import format_decimal, format_percent, format_scientific

from reports.renderers.characters import plain
from reports.results.cells import Cell, CellType

NOTHING = "\u2013"
"""Stands for None: an en dash."""
_CACHED = 4096
# Between these, digits say more than powers of ten.
_LEAST, _MOST = 1e-6, 1e15
# As many as the largest float has: Python's own 28 are fewer.
_DIGITS = 400


class Words:
    """Shows cells in one locale and time zone. Raises ValueError or babel's UnknownLocaleError for a locale,
    as `en_GB`, that there is not."""

    def __init__(self, *, locale: str, zone: str) -> None:
        self._locale = Locale.parse(locale)
        self._zone = ZoneInfo(zone)
        self.language = str(self._locale).replace("_", "-")
        """As HTML names it: `en-GB`."""
        self.direction: str = self._locale.text_direction
        """`ltr` or `rtl`."""
        percent = str(self._locale.percent_formats[None].pattern)
        self._percent = percent.replace("#0", "#0.0#")
        self._showers: dict[CellType, Callable[[Any], str]] = {
            CellType.TEXT: plain,
            CellType.ADDRESS: plain,
            CellType.INTEGER: lru_cache(_CACHED)(self._integer),
            CellType.NUMBER: lru_cache(_CACHED)(self._number),
            CellType.RATE: lru_cache(_CACHED)(self._rate),
            CellType.FLAG: {True: "Yes", False: "No"}.__getitem__,
            CellType.DAY: lru_cache(_CACHED)(self._day),
            CellType.MOMENT: self._moment,
        }
        self._axes: dict[CellType, Callable[[Any], str]] = {
            CellType.DAY: self._short_day,
            CellType.MOMENT: self._short_moment,
        }

    def cell(self, kind: CellType, value: Cell) -> str:
        """One cell."""
        return NOTHING if value is None else self._showers[kind](value)

    def row(self, kinds: tuple[CellType, ...], row: tuple[Cell, ...]) -> list[str]:
        """The cells of one row."""
        return [self.cell(kind, value) for kind, value in zip(kinds, row, strict=True)]

    def axis(self, kind: CellType, cells: Sequence[Cell]) -> list[str]:
        """The cells as they stand along an axis: without a year that all have, and moments to the minute."""
        days = [cell for cell in cells if isinstance(cell, date)]
        show = self._axes.get(kind)
        if show is None or len({day.year for day in days}) > 1:
            return [self.cell(kind, cell) for cell in cells]
        return [NOTHING if cell is None else show(cell) for cell in cells]

    def _integer(self, value: int) -> str:
        with localcontext(prec=_DIGITS):
            return str(format_decimal(value, locale=self._locale))

    def _number(self, value: float) -> str:
        """To two places, or three digits when it is so small that these would say nothing."""
        size = abs(value)
        if size and not _LEAST < size < _MOST:
            return str(format_scientific(value, format="0.###E0", locale=self._locale))
        pattern = "#,##0.##" if size >= 1 or not size else "@##"
        # Adding 0.0 makes zero of the zero that is negative.
        return str(format_decimal(value + 0.0, format=pattern, locale=self._locale))

    def _rate(self, value: float) -> str:
        with localcontext(prec=_DIGITS):
            return str(format_percent(value + 0.0, format=self._percent, locale=self._locale))

    def _day(self, value: date) -> str:
        return str(format_date(value, "medium", locale=self._locale))

    def _short_day(self, value: date) -> str:
        return str(format_skeleton("MMMd", value, locale=self._locale))

    def _short_moment(self, value: datetime) -> str:
        local = value.astimezone(self._zone)
        return (
            f"{self._short_day(local)}, {format_time(local.time(), 'short', locale=self._locale)}"
        )

    def _moment(self, value: datetime) -> str:
        local = value.astimezone(self._zone)
        return f"{format_datetime(local, 'medium', locale=self._locale)} {_zone_name(local)}"


def _zone_name(moment: datetime) -> str:
    """`CET`; of a zone that has no letters, `UTC+03`."""
    name = moment.tzname() or ""
    return f"UTC{name}" if name[:1] in "+-" else name
