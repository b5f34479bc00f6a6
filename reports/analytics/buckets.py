"""Divide a period into the hours, days, weeks or months of local clocks and calendars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from itertools import islice, pairwise
from typing import NamedTuple

from gridlink.accounts.models import WeekStart
from gridlink.lib.errors import Invalid
from reports.analytics.periods import DAY, HOUR, Period, day_start, local_day

BUCKETS_MAX = 10_000
WEEK_STARTS: dict[str, int] = {WeekStart.MONDAY: 0, WeekStart.SUNDAY: 6}


class Bucket(NamedTuple):
    """Represent the part of a local hour, day, week or month within the period."""

    # Of the whole hour, day, week or month, in local time.
    key: str
    start: datetime
    end: datetime


Marks = Iterator[tuple[str, datetime]]


def buckets(period: Period, *, group_by: str, week_start: str) -> list[Bucket]:
    """Return the buckets in order, without gaps. Raises Invalid for more than BUCKETS_MAX."""
    marks = list(islice(STEPS[group_by](period, WEEK_STARTS[week_start]), BUCKETS_MAX + 1))
    if len(marks) > BUCKETS_MAX:
        message = (
            f"The range has more than {BUCKETS_MAX:,} of them; ask for less time or longer ones."
        )
        raise Invalid("Some fields are not valid.", fields={"group_by": [message]})
    keys = [key for key, _ in marks]
    # The first has begun before the period, or with it.
    bounds = [period.start, *(start for _, start in marks[1:]), period.until]
    # A day that a country skipped, by moving across the date line, is empty.
    return [
        Bucket(key, start, end)
        for key, (start, end) in zip(keys, pairwise(bounds), strict=True)
        if start < end
    ]


def _hours(period: Period, week_start: int) -> Marks:
    moment = period.start
    while moment < period.until:
        # With a fixed offset, since another one may have been in force when this hour began.
        local = moment.astimezone(timezone(_offset(period, moment)))
        hour = local.replace(minute=0, second=0, microsecond=0)
        yield hour.isoformat(), moment
        following = moment + HOUR - (local - hour)
        moment = _shift(period, moment, following) or following


def _shift(period: Period, before: datetime, after: datetime) -> datetime | None:
    """Return the second at which clocks change after `before` and by `after`, if they do."""
    old = _offset(period, before)
    if _offset(period, after) == old:
        return None
    before = before.replace(microsecond=0)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        same = _offset(period, middle) == old
        before, after = (middle, after) if same else (before, middle)
    return after


def _offset(period: Period, moment: datetime) -> timedelta:
    return moment.astimezone(period.zone).utcoffset() or timedelta()


def _days(period: Period, week_start: int) -> Marks:
    return _dates(period, _first_day(period), lambda day: day + DAY)


def _weeks(period: Period, week_start: int) -> Marks:
    first = _first_day(period)
    first -= (first.weekday() - week_start) % 7 * DAY
    return _dates(period, first, lambda day: day + 7 * DAY)


def _months(period: Period, week_start: int) -> Marks:
    first = _first_day(period).replace(day=1)
    return _dates(period, first, lambda day: (day + 31 * DAY).replace(day=1), length=len("2026-11"))


def _first_day(period: Period) -> date:
    day = local_day(period.start, period.zone)
    # A minute of it may be shown before the evening that clocks then repeat.
    return day if day_start(day, period.zone) <= period.start else day - DAY


def _dates(
    period: Period, day: date, following: Callable[[date], date], length: int | None = None
) -> Marks:
    start = period.start
    while start < period.until:
        yield day.isoformat()[:length], start
        day = following(day)
        start = day_start(day, period.zone)


STEPS: dict[str, Callable[[Period, int], Marks]] = {
    "hour": _hours,
    "day": _days,
    "week": _weeks,
    "month": _months,
}
