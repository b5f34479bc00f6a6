"""The range of a report: two dates or times, or words such as "last month" that mean others each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rest_framework import serializers

from gridlink.lib.errors import Invalid
from gridlink.lib.rest.serializers import StrictSerializer, TextField
from reports.analytics.buckets import WEEK_STARTS
from reports.analytics.periods import (
    DAY,
    Period,
    day_start,
    parse_period,
    parse_zone,
    period_between,
)

# The first day, and the day after the last.
Days = tuple[date, date]
Preset = Callable[[date, int], Days]


def _days(count: int) -> Preset:
    return lambda today, week_start: (today - count * DAY, today)


def _week(today: date, week_start: int) -> date:
    return today - (today.weekday() - week_start) % 7 * DAY


def _month(today: date, back: int = 0) -> date:
    months = today.year * 12 + today.month - 1 - back
    return date(months // 12, months % 12 + 1, 1)


def _quarter(today: date, back: int = 0) -> date:
    return _month(today, (today.month - 1) % 3 + 3 * back)


def _year(today: date, back: int = 0) -> date:
    return date(today.year - back, 1, 1)


PRESETS: dict[str, Preset] = {
    "today": lambda today, week_start: (today, today + DAY),
    "yesterday": _days(1),
    "last_7_days": _days(7),
    "last_30_days": _days(30),
    "last_90_days": _days(90),
    "last_365_days": _days(365),
    "this_week": lambda today, week_start: (_week(today, week_start), today + DAY),
    "last_week": lambda today, week_start: (
        _week(today, week_start) - 7 * DAY,
        _week(today, week_start),
    ),
    "this_month": lambda today, week_start: (_month(today), today + DAY),
    "last_month": lambda today, week_start: (_month(today, 1), _month(today)),
    "this_quarter": lambda today, week_start: (_quarter(today), today + DAY),
    "last_quarter": lambda today, week_start: (_quarter(today, 1), _quarter(today)),
    "this_year": lambda today, week_start: (_year(today), today + DAY),
    "last_year": lambda today, week_start: (_year(today, 1), _year(today)),
    "last_12_months": lambda today, week_start: (_month(today, 12), _month(today)),
}
"""Whole days of the report's time zone. "last" ends before today, or before this week, month and so on, so
that it is over; "this" goes on until the end of today."""


class RangeSerializer(StrictSerializer):
    """A preset, or `from` and `to`."""

    preset = serializers.ChoiceField(
        list(PRESETS),
        required=False,
        help_text="Whole days in `time_zone`. `last_…` is over when the report runs: the days, week, month,"
        " quarter or year before; `this_…` goes on until the end of the day.",
    )
    to = TextField(
        required=False,
        max_length=40,
        help_text="As `from`; a date's whole day is included. Without it: now.",
    )

    def get_fields(self) -> dict[str, Any]:
        """`from` too, which no class body can name."""
        since = TextField(
            required=False,
            max_length=40,
            help_text="A date, or a date and time, which is local unless it states an offset. Without it: 30"
            " days up to `to`.",
        )
        return {"from": since, **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raises ValidationError for a preset beside dates."""
        if "preset" in attrs and len(attrs) > 1:
            raise serializers.ValidationError("Give a preset, or `from` and `to`.")
        return attrs


def period_at(*, range: dict[str, str], time_zone: str, week_start: str, now: datetime) -> Period:
    """The period that a range means at a moment. Raises Invalid, naming `range` or `time_zone`."""
    with _named():
        return _period(range, time_zone, week_start, now)


def _period(range: dict[str, str], time_zone: str, week_start: str, now: datetime) -> Period:
    if "preset" not in range:
        return parse_period(
            since=range.get("from", ""), until=range.get("to", ""), tz=time_zone, now=now
        )
    zone = parse_zone(time_zone)
    if range["preset"] not in PRESETS:
        raise _refused(f"There is no preset {range['preset']!r}.")
    first, after = PRESETS[range["preset"]](now.astimezone(zone).date(), WEEK_STARTS[week_start])
    return period_between(day_start(first, zone), day_start(after, zone), zone=zone, now=now)


def period_again(*, start: str, until: str, time_zone: str, now: datetime) -> Period:
    """The period of a run from its stored instants. Raises Invalid as `period_at`."""
    with _named():
        zone = parse_zone(time_zone)
        return period_between(_instant(start), _instant(until), zone=zone, now=now)


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (TypeError, ValueError) as error:
        raise _refused("The instants of the range cannot be read.") from error


@contextmanager
def _named() -> Iterator[None]:
    """What is wrong in a report's words, as those of analytics are about the parameters of a query."""
    try:
        yield
    except Invalid as error:
        name = "time_zone" if "tz" in error.fields else "range"
        (said,) = error.fields.values()
        raise Invalid(said[0], fields={name: said}) from error


def _refused(message: str) -> Invalid:
    return Invalid(message, fields={"range": [message]})


def days_of(period: Period) -> str:
    """The days of a period for the name of a file: 2026-10-01_2026-10-31."""
    last = (period.until - timedelta(microseconds=1)).astimezone(period.zone).date()
    return f"{period.start.astimezone(period.zone).date()}_{last}"
