"""Read rules as calendars have them: the RRULE of RFC 5545, without seconds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from functools import partial
from typing import Any

from dateutil import rrule
from dateutil.rrule import weekday

from tasks.schedules.recurrence import Recurrence, invalid_field, times_at

COUNT_MAX = 1000
INTERVAL_MAX = 1000
_VALUES_MAX = 100
_DAY_MINUTES = 24 * 60
_FREQUENCIES: dict[str, Any] = {
    name: getattr(rrule, name)
    for name in ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")
}
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_ORDINAL = re.compile(r"\A([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)\Z")
_NUMBER = re.compile(r"\A[+-]?[0-9]{1,6}\Z")
# The library searches for a day up to the year 9999. The calendar repeats after 400 years, so starting this
# many years later makes the search for a day that never comes twenty times shorter.
_LATER = 19 * 400
# Other fields of a schedule say these.
_ELSEWHERE = {
    "DTSTART": "Give the first day as `starts_on`.",
    "UNTIL": "Give the last day as `ends_on`.",
    "TZID": "Give the time zone as `time_zone`.",
    "BYSECOND": "Rules are of whole minutes.",
}


def _numbers(name: str, text: str, *, least: int, most: int, signed: bool = False) -> list[int]:
    """Read whole numbers between two bounds, and where `signed` their negatives."""
    items = _items(name, text)
    if not all(map(_NUMBER.match, items)):
        raise invalid_field("rule", f"{name} is not a whole number, or too large.")
    values = [int(item) for item in items]
    for value in values:
        if not least <= (abs(value) if signed else value) <= most:
            raise invalid_field("rule", f"{name} may not be {value}.")
    return values


def _one_number(name: str, text: str, *, most: int) -> int:
    value, *more = _numbers(name, text, least=1, most=most)
    if more:
        raise invalid_field("rule", f"{name} is one number.")
    return value


def _weekdays(name: str, text: str) -> list[weekday]:
    days = []
    for item in _items(name, text):
        match = _ORDINAL.match(item)
        if match is None:
            raise invalid_field("rule", f"{name} is a list of weekdays such as MO, 2TU or -1FR.")
        number = int(match[1]) if match[1] else None
        if number == 0:
            raise invalid_field("rule", f"{name} may not number a weekday 0.")
        days.append(weekday(_WEEKDAYS.index(match[2]), number))
    return days


def _week_start(name: str, text: str) -> int:
    if text not in _WEEKDAYS:
        raise invalid_field("rule", f"{name} is one weekday, such as MO.")
    return _WEEKDAYS.index(text)


def _frequency(name: str, text: str) -> str:
    if text not in _FREQUENCIES:
        raise invalid_field("rule", f"{name} must be one of {', '.join(_FREQUENCIES)}.")
    return text


_PARTS: dict[str, Callable[[str, str], Any]] = {
    "FREQ": _frequency,
    "INTERVAL": partial(_one_number, most=INTERVAL_MAX),
    "COUNT": partial(_one_number, most=COUNT_MAX),
    "WKST": _week_start,
    "BYMONTH": partial(_numbers, least=1, most=12),
    "BYMONTHDAY": partial(_numbers, least=1, most=31, signed=True),
    "BYYEARDAY": partial(_numbers, least=1, most=366, signed=True),
    "BYWEEKNO": partial(_numbers, least=1, most=53, signed=True),
    "BYDAY": _weekdays,
    "BYSETPOS": partial(_numbers, least=1, most=366, signed=True),
    "BYHOUR": partial(_numbers, least=0, most=23),
    "BYMINUTE": partial(_numbers, least=0, most=59),
}
# BYSETPOS selects from the days that these choose.
_CHOOSING = {"BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYDAY"}
_OF_DAYS = _CHOOSING | {"WKST", "BYSETPOS"}
# Frequencies within a day, which choose no days: the minutes of their unit.
_UNITS = {"HOURLY": 60, "MINUTELY": 1}


class RRule(Recurrence):
    """Represent an RRULE that starts at midnight of `starts_on`.

    That gives what the rule leaves open: a monthly rule's day, a weekly rule's weekday, the time of day.
    """

    form = "rrule"

    def _read(self, text: str) -> None:
        parts = _parts(text)
        _check_combination(parts)
        self.count = parts.get("COUNT")
        self.times = _times(parts)
        if "BYSETPOS" in parts and len(self.times) > 1:
            raise invalid_field("rule", "BYSETPOS needs a rule with one time a day.")
        # The library has the names of the standard, but for one.
        days = {
            name.lower().replace("byday", "byweekday"): value
            for name, value in parts.items()
            if name in _OF_DAYS
        }
        by_day = parts["FREQ"] not in _UNITS
        self._frequency: Any = _FREQUENCIES[parts["FREQ"]] if by_day else rrule.DAILY
        self._choices = {"interval": parts.get("INTERVAL", 1) if by_day else 1, **days}

    def days(self, begin: date) -> Iterator[date]:
        """Yield the days from `begin` on; walk from `starts_on`, from which INTERVAL counts."""
        start = datetime.combine(_shifted(self.starts_on, _LATER), time())
        for moment in rrule.rrule(self._frequency, dtstart=start, **self._choices):
            day = _shifted(moment.date(), -_LATER)
            if day >= begin:
                yield day


def _parts(text: str) -> dict[str, Any]:
    """Return the parts by name, each validated by itself."""
    texts: dict[str, str] = {}
    for item in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, _, value = item.partition("=")
        if name in _ELSEWHERE:
            raise invalid_field("rule", f"{name} cannot be used here. {_ELSEWHERE[name]}")
        if name not in _PARTS:
            raise invalid_field("rule", f"{name[:20]!r} is not a part of a rule.")
        if name in texts:
            raise invalid_field("rule", f"{name} is there twice.")
        texts[name] = value
    if "FREQ" not in texts:
        raise invalid_field("rule", "FREQ is missing.")
    return {name: _PARTS[name](name, value) for name, value in texts.items()}


def _check_combination(parts: dict[str, Any]) -> None:
    """Reject what the standard forbids and the library would misread."""
    frequency = parts["FREQ"]
    numbered = any(day.n for day in parts.get("BYDAY", ()))
    if numbered and (frequency not in ("MONTHLY", "YEARLY") or "BYWEEKNO" in parts):
        raise invalid_field("rule", "BYDAY may number weekdays in monthly and yearly rules only.")
    if "BYWEEKNO" in parts and frequency != "YEARLY":
        raise invalid_field("rule", "BYWEEKNO is for yearly rules only.")
    if "BYMONTHDAY" in parts and frequency == "WEEKLY":
        raise invalid_field("rule", "BYMONTHDAY is not for weekly rules.")
    if "BYYEARDAY" in parts and frequency in ("DAILY", "WEEKLY", "MONTHLY"):
        raise invalid_field("rule", f"BYYEARDAY is not for {frequency.lower()} rules.")
    if "BYSETPOS" in parts and not parts.keys() & _CHOOSING:
        raise invalid_field("rule", "BYSETPOS needs another part that chooses days.")


def _times(parts: dict[str, Any]) -> tuple[time, ...]:
    unit = _UNITS.get(parts["FREQ"])
    hours = parts.get("BYHOUR", range(24) if unit else [0])
    minutes = parts.get("BYMINUTE", range(60) if unit == 1 else [0])
    times = times_at(set(hours), set(minutes))
    if unit is None:
        return times
    step = parts.get("INTERVAL", 1) * unit
    if _DAY_MINUTES % step:
        raise invalid_field(
            "rule", f"The INTERVAL of a rule that is {parts['FREQ']} must divide a day."
        )
    # Of an hourly rule, BYMINUTE chooses any minutes in the hours that the interval reaches.
    return tuple(at for at in times if (at.hour * 60 + at.minute) // unit * unit % step == 0)


def _items(name: str, text: str) -> list[str]:
    items = text.split(",")
    if len(items) > _VALUES_MAX:
        raise invalid_field("rule", f"{name} has more than {_VALUES_MAX} values.")
    return items


def _shifted(day: date, years: int) -> date:
    return day.replace(year=day.year + years)
