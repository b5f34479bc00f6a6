"""Format cells for people in their locale, the same in HTML, PDF and charts.

All of it is plain text. The cells of a column have the same number of decimals. Months are named or follow
the year, since a reader could not tell 05/01 from 01/05.
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

from reports.reporting.renderers.text.control_characters import plain_text
from reports.reporting.renderers.text.labels import labels_for
from reports.reporting.results.cells import Cell, CellType

NONE = "\u2013"
"""Stands for None: an en dash."""
_CACHED = 4096
# Outside of these, powers of ten say more than digits.
_PLAIN_MIN, _PLAIN_MAX = 1e-6, 1e15
_SMALL = 0.01
_JULY = date(2000, 7, 31)
# As many as the largest float has: Python's default of 28 is fewer.
_DIGITS = 400
DateFormat = Callable[[date], str]


class Localizer:
    """Format cells in one locale and time zone.

    Raises ValueError or babel's UnknownLocaleError for an unknown locale; locales are like `en_GB`.
    """

    def __init__(self, *, locale: str, zone: str) -> None:
        self._locale = Locale.parse(locale)
        self._zone = ZoneInfo(zone)
        self.labels = labels_for(self._locale.language)
        self.reader_language = str(self._locale).replace("_", "-")
        """The language of days and moments, as HTML names it: `en-GB`."""
        is_own = self._locale.language == self.labels.language
        self.language = self.reader_language if is_own else self.labels.language
        """The language of the labels."""
        self.direction: str = Locale.parse(self.labels.language).text_direction
        """The direction of the labels: `ltr` or `rtl`."""
        self._percent = str(self._locale.percent_formats[None].pattern)
        self._formats: dict[CellType, Callable[[Any], str]] = {
            CellType.TEXT: plain_text,
            CellType.ADDRESS: plain_text,
            CellType.INTEGER: lru_cache(_CACHED)(self._integer),
            CellType.NUMBER: lru_cache(_CACHED)(self._number),
            CellType.RATE: lru_cache(_CACHED)(self._rate),
            CellType.FLAG: {True: self.labels.yes, False: self.labels.no}.__getitem__,
            CellType.DAY: lru_cache(_CACHED)(
                _unambiguous(
                    partial(format_date, format="medium", locale=self._locale),
                    *_skeletons(self._locale, "yMMMd", "yMMMMd"),
                )
            ),
            CellType.MOMENT: self._moment,
        }
        self._tick_formats: dict[CellType, Callable[[float, int], str]] = {
            CellType.NUMBER: self._decimal,
            CellType.RATE: lambda value, places: self._rate(value, max(0, places - 2)),
        }
        self._short_day = _unambiguous(*_skeletons(self._locale, "MMMd", "MMMMd"))
        self._axis_formats: dict[CellType, Callable[[Any], str]] = {
            CellType.DAY: self._short_day,
            CellType.MOMENT: self._short_moment,
        }

    def cell(self, kind: CellType, value: Cell) -> str:
        """Format one cell."""
        return NONE if value is None else self._formats[kind](value)

    def row(self, kinds: tuple[CellType, ...], row: tuple[Cell, ...]) -> list[str]:
        """Format the cells of one row."""
        return [self.cell(kind, value) for kind, value in zip(kinds, row, strict=True)]

    def ticks(self, kind: CellType, values: Sequence[float]) -> list[str]:
        """Format equidistant numbers with as many decimals as tell them apart."""
        show, step = self._tick_formats.get(kind), values[1] - values[0]
        if show is None or not _PLAIN_MIN < step < _PLAIN_MAX:
            return [self.cell(kind, value) for value in values]
        # The float 0.1 may come out a little less than a tenth.
        places = max(0, -math.floor(math.log10(step) + 1e-9))
        return [show(value, places) for value in values]

    def axis(self, kind: CellType, cells: Sequence[Cell]) -> list[str]:
        """Format cells along an axis: without a year that all share, moments to the minute."""
        years = {cell.year for cell in cells if isinstance(cell, date)}
        show = self._axis_formats.get(kind)
        if show is None or len(years) > 1:
            return [self.cell(kind, cell) for cell in cells]
        return [NONE if cell is None else show(cell) for cell in cells]

    def _integer(self, value: int) -> str:
        with localcontext(prec=_DIGITS):
            return str(format_decimal(value, locale=self._locale))

    def _number(self, value: float) -> str:
        """Format to two decimals, or three digits where these would all be zero."""
        size = abs(value)
        if size and not _PLAIN_MIN < size < _PLAIN_MAX:
            return str(format_scientific(value, format="0.###E0", locale=self._locale))
        if 0 < size < _SMALL:
            return str(format_decimal(value, format="@##", locale=self._locale))
        return self._decimal(value, 2)

    def _decimal(self, value: float, places: int) -> str:
        # Adding 0.0 makes zero of negative zero.
        pattern = f"#,##0{_fraction(places)}"
        return str(format_decimal(value + 0.0, format=pattern, locale=self._locale))

    def _rate(self, value: float, places: int = 2) -> str:
        pattern = self._percent.replace("#0", f"#0{_fraction(places)}")
        with localcontext(prec=_DIGITS):
            return str(format_percent(value + 0.0, format=pattern, locale=self._locale))

    def _short_moment(self, value: datetime) -> str:
        local = value.astimezone(self._zone)
        time = format_time(local.time(), "short", locale=self._locale)
        return f"{self._short_day(local)}, {time}"

    def _moment(self, value: datetime) -> str:
        local = value.astimezone(self._zone)
        time = format_time(local.time(), "medium", locale=self._locale)
        return f"{self._formats[CellType.DAY](local.date())}, {time} {_zone_name(local)}"


def _skeletons(locale: Locale, *skeletons: str) -> list[DateFormat]:
    return [partial(format_skeleton, each, locale=locale) for each in skeletons]


def _unambiguous(*formats: DateFormat) -> DateFormat:
    """Return the first format whose month cannot be taken for a day, or the last.

    Some languages have no short names of months.
    """
    return next((form for form in formats if _is_clear(form(_JULY))), formats[-1])


def _is_clear(july: str) -> bool:
    return "7" not in july or july.startswith(str(_JULY.year))


def _fraction(places: int) -> str:
    return f".{'0' * places}" if places else ""


def _zone_name(moment: datetime) -> str:
    """Return the abbreviation, such as `CET`, or `UTC+03` where a zone has no letters."""
    name = moment.tzname() or ""
    return f"UTC{name}" if name[:1] in "+-" else name
