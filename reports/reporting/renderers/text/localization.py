"""How a cell is shown to people: the same words on a page, on paper and in a chart.

All of it is plain text, as `characters.plain` makes it. The cells of a column have as many decimals each. A
month has a name, or comes after the year: among words of another language nobody could tell 05/01 from 01/05.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import localcontext
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_decimal, format_percent, format_scientific

from reports.reporting.renderers.text.control_characters import plain
from reports.reporting.renderers.text.labels import phrases_of
from reports.reporting.results.cells import Cell, CellType

NOTHING = "\u2013"
"""Stands for None: an en dash."""
_CACHED = 4096
# Between these, digits say more than powers of ten.
_LEAST, _MOST = 1e-6, 1e15
_SMALL = 0.01
_JULY = date(2000, 7, 31)
DayForm = Callable[[date], str]
# As many as the largest float has: Python's own 28 are fewer.
_DIGITS = 400


class Words:
    """Shows cells in one locale and time zone. Raises ValueError or babel's UnknownLocaleError for a locale,
    as `en_GB`, that there is not."""

    def __init__(self, *, locale: str, zone: str) -> None:
        self._locale = Locale.parse(locale)
        self._zone = ZoneInfo(zone)
        self.phrases = phrases_of(self._locale.language)
        """What is said around cells."""
        self.reader = str(self._locale).replace("_", "-")
        """The language of days and moments, as HTML names it: `en-GB`."""
        own = self._locale.language == self.phrases.language
        self.language = self.reader if own else self.phrases.language
        """Of the phrases."""
        self.direction: str = Locale.parse(self.phrases.language).text_direction
        """Theirs too: `ltr` or `rtl`."""
        self._percent = str(self._locale.percent_formats[None].pattern)
        self._showers: dict[CellType, Callable[[Any], str]] = {
            CellType.TEXT: plain,
            CellType.ADDRESS: plain,
            CellType.INTEGER: lru_cache(_CACHED)(self._integer),
            CellType.NUMBER: lru_cache(_CACHED)(self._number),
            CellType.RATE: lru_cache(_CACHED)(self._rate),
            CellType.FLAG: {True: self.phrases.yes, False: self.phrases.no}.__getitem__,
            CellType.DAY: lru_cache(_CACHED)(_clear(_forms(self._locale))),
            CellType.MOMENT: self._moment,
        }
        self._ticks: dict[CellType, Callable[[float, int], str]] = {
            CellType.NUMBER: self._decimal,
            CellType.RATE: lambda value, places: self._rate(value, max(0, places - 2)),
        }
        self._short_day = _clear(_short_forms(self._locale))
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

    def ticks(self, kind: CellType, values: Sequence[float]) -> list[str]:
        """Numbers that are as far apart from each other, with the decimals that tell them."""
        show, step = self._ticks.get(kind), values[1] - values[0]
        if show is None or not _LEAST < step < _MOST:
            return [self.cell(kind, value) for value in values]
        # A tenth is a little less than a tenth.
        places = max(0, -math.floor(math.log10(step) + 1e-9))
        return [show(value, places) for value in values]

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
        if 0 < size < _SMALL:
            return str(format_decimal(value, format="@##", locale=self._locale))
        return self._decimal(value, 2)

    def _decimal(self, value: float, places: int) -> str:
        # Adding 0.0 makes zero of the zero that is negative.
        pattern = f"#,##0{_fraction(places)}"
        return str(format_decimal(value + 0.0, format=pattern, locale=self._locale))

    def _rate(self, value: float, places: int = 2) -> str:
        """By default with the four places that a rate has."""
        pattern = self._percent.replace("#0", f"#0{_fraction(places)}")
        with localcontext(prec=_DIGITS):
            return str(format_percent(value + 0.0, format=pattern, locale=self._locale))

    def _short_moment(self, value: datetime) -> str:
        local = value.astimezone(self._zone)
        return (
            f"{self._short_day(local)}, {format_time(local.time(), 'short', locale=self._locale)}"
        )

    def _moment(self, value: datetime) -> str:
        local = value.astimezone(self._zone)
        time = format_time(local.time(), "medium", locale=self._locale)
        return f"{self._showers[CellType.DAY](local.date())}, {time} {_zone_name(local)}"


def _forms(locale: Locale) -> list[DayForm]:
    """In the order in which they are liked."""
    usual = partial(format_date, format="medium", locale=locale)
    return [usual, *(partial(format_skeleton, each, locale=locale) for each in ("yMMMd", "yMMMMd"))]


def _short_forms(locale: Locale) -> list[DayForm]:
    """Without the year."""
    return [partial(format_skeleton, each, locale=locale) for each in ("MMMd", "MMMMd")]


def _clear(forms: Sequence[DayForm]) -> DayForm:
    """The first in which no month can be taken for a day, or the last. In some languages a month has no short
    name."""
    july = [form(_JULY) for form in forms]
    return next(
        (form for form, shown in zip(forms, july, strict=True) if _is_clear(shown)), forms[-1]
    )


def _is_clear(shown: str) -> bool:
    return "7" not in shown or shown.startswith(str(_JULY.year))


def _fraction(places: int) -> str:
    return f".{'0' * places}" if places else ""


def _zone_name(moment: datetime) -> str:
    """`CET`; of a zone that has no letters, `UTC+03`."""
    name = moment.tzname() or ""
    return f"UTC{name}" if name[:1] in "+-" else name
