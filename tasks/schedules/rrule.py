"""Rules as calendars have them: the RRULE of RFC 5545, without seconds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
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
# The calendar repeats after 400 years. The library searches up to the year 9999 for a day that a rule may
# never have: so many years later, the search is twenty times shorter.
_LATER = 19 * 400
# Given otherwise, so that there is one way to say each.
_ELSEWHERE = {
    "DTSTART": "Give the first day as `starts_on`.",
    "UNTIL": "Give the last day as `ends_on`.",
    "TZID": "Give the time zone as `time_zone`.",
    "BYSECOND": "Rules are of whole minutes.",
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """The values of a part: whole numbers between two bounds, where `signed` the negatives of them too."""

    least: int
    most: int
    signed: bool = False

    def __call__(self, name: str, text: str) -> list[int]:
        """Raises Invalid."""
        values = [_number(name, item) for item in _items(name, text)]
        for value in values:
            if not self.least <= (abs(value) if self.signed else value) <= self.most:
                raise invalid_field("rule", f"{name} may not be {value}.")
        return values


@dataclass(frozen=True, slots=True)
class Number:
    """The value of a part: one whole number."""

    most: int

    def __call__(self, name: str, text: str) -> int:
        """Raises Invalid."""
        value, *more = Numbers(1, self.most)(name, text)
        if more:
            raise invalid_field("rule", f"{name} is one number.")
        return value


def _weekdays(name: str, text: str) -> list[weekday]:
    found = [_ORDINAL.match(item) for item in _items(name, text)]
    if not all(found):
        raise invalid_field("rule", f"{name} is a list of weekdays such as MO, 2TU or -1FR.")
    pairs = [(int(match[1] or 0), match[2]) for match in found if match]
    if any(match and match[1] and int(match[1]) == 0 for match in found):
        raise invalid_field("rule", f"{name} may not number a weekday 0.")
    return [weekday(_WEEKDAYS.index(day), number or None) for number, day in pairs]


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
    "INTERVAL": Number(INTERVAL_MAX),
    "COUNT": Number(COUNT_MAX),
    "WKST": _week_start,
    "BYMONTH": Numbers(1, 12),
    "BYMONTHDAY": Numbers(1, 31, signed=True),
    "BYYEARDAY": Numbers(1, 366, signed=True),
    "BYWEEKNO": Numbers(1, 53, signed=True),
    "BYDAY": _weekdays,
    "BYSETPOS": Numbers(1, 366, signed=True),
    "BYHOUR": Numbers(0, 23),
    "BYMINUTE": Numbers(0, 59),
}
# As the library calls those that choose days.
_OF_DAYS = {
    "WKST": "wkst",
    "BYMONTH": "bymonth",
    "BYMONTHDAY": "bymonthday",
    "BYYEARDAY": "byyearday",
    "BYWEEKNO": "byweekno",
    "BYDAY": "byweekday",
    "BYSETPOS": "bysetpos",
}
# Of which BYSETPOS takes some.
_CHOOSING = {"BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYDAY"}


class RRule(Recurrence):
    """What a rule leaves open is taken from the midnight that `starts_on` begins with: the day of a monthly
    rule, the weekday of a weekly one, the time of one without BYHOUR."""

    form = "rrule"

    def _read(self, text: str) -> None:
        parts = _parts(text)
        _check_combination(parts)
        self.count = parts.get("COUNT")
        self.times = _times(parts)
        if "BYSETPOS" in parts and len(self.times) > 1:
            raise invalid_field("rule", "BYSETPOS needs a rule with one time a day.")
        days = {_OF_DAYS[name]: value for name, value in parts.items() if name in _OF_DAYS}
        by_day = parts["FREQ"] not in _TIMES
        self._frequency: Any = _FREQUENCIES[parts["FREQ"]] if by_day else rrule.DAILY
        self._choices = {"interval": parts.get("INTERVAL", 1) if by_day else 1, **days}

    def days(self, begin: date) -> Iterator[date]:
        """It goes through all days since `starts_on`, which an INTERVAL counts from."""
        start = datetime.combine(_shifted(self.starts_on, _LATER), time())
        for moment in rrule.rrule(self._frequency, dtstart=start, **self._choices):
            day = _shifted(moment.date(), -_LATER)
            if day >= begin:
                yield day


def _parts(text: str) -> dict[str, Any]:
    """The parts by name, each checked alone."""
    texts: dict[str, str] = {}
    for item in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, _, value = item.partition("=")
        if name in _ELSEWHERE:
            raise invalid_field("rule", f"{name} is not for here. {_ELSEWHERE[name]}")
        if name not in _PARTS:
            raise invalid_field("rule", f"{name[:20]!r} is no part of a rule.")
        if name in texts:
            raise invalid_field("rule", f"{name} is there twice.")
        texts[name] = value
    if "FREQ" not in texts:
        raise invalid_field("rule", "FREQ is missing.")
    return {name: _PARTS[name](name, value) for name, value in texts.items()}


def _check_combination(parts: dict[str, Any]) -> None:
    """Refuse what the standard does, and the library would read as something else."""
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
    return _TIMES.get(parts["FREQ"], _named)(parts)


def _named(parts: dict[str, Any]) -> tuple[time, ...]:
    return times_at(set(parts.get("BYHOUR", [0])), set(parts.get("BYMINUTE", [0])))


def _hourly(parts: dict[str, Any]) -> tuple[time, ...]:
    hours = {at // 60 for at in _steps(parts, 60)} & set(parts.get("BYHOUR", range(24)))
    return times_at(hours, set(parts.get("BYMINUTE", [0])))


def _minutely(parts: dict[str, Any]) -> tuple[time, ...]:
    hours, minutes = parts.get("BYHOUR", range(24)), parts.get("BYMINUTE", range(60))
    every = (time(*divmod(at, 60)) for at in _steps(parts, 1))
    return tuple(at for at in every if at.hour in hours and at.minute in minutes)


# Of the rules that are of times within a day; what they do to days is nothing.
_TIMES = {"HOURLY": _hourly, "MINUTELY": _minutely}


def _steps(parts: dict[str, Any], unit: int) -> range:
    """The minutes of a day that an interval of so many units of minutes falls on."""
    step = parts.get("INTERVAL", 1) * unit
    if _DAY_MINUTES % step:
        raise invalid_field(
            "rule", f"The INTERVAL of a rule that is {parts['FREQ']} must divide a day."
        )
    return range(0, _DAY_MINUTES, step)


def _items(name: str, text: str) -> list[str]:
    items = text.split(",")
    if len(items) > _VALUES_MAX:
        raise invalid_field("rule", f"{name} has more than {_VALUES_MAX} values.")
    return items


def _number(name: str, text: str) -> int:
    if not _NUMBER.match(text):
        raise invalid_field("rule", f"{name} is not a whole number, or too large.")
    return int(text)


def _shifted(day: date, years: int) -> date:
    return day.replace(year=day.year + years)
