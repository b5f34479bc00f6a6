"""Resolve the range of a report: two times, or a preset such as "last_month"."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from dateutil.relativedelta import relativedelta
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
_UNITS = {
    "week": relativedelta(weeks=1),
    "month": relativedelta(months=1),
    "quarter": relativedelta(months=3),
    "year": relativedelta(years=1),
}
_STARTS: dict[str, Callable[[date, int], date]] = {
    "week": lambda today, week_start: today - (today.weekday() - week_start) % 7 * DAY,
    "month": lambda today, week_start: today.replace(day=1),
    "quarter": lambda today, week_start: date(today.year, (today.month - 1) // 3 * 3 + 1, 1),
    "year": lambda today, week_start: date(today.year, 1, 1),
}


def _this(unit: str, today: date, week_start: int) -> Days:
    return _STARTS[unit](today, week_start), today + DAY


def _last(unit: str, today: date, week_start: int) -> Days:
    start = _STARTS[unit](today, week_start)
    return start - _UNITS[unit], start


def _last_days(count: int, today: date, week_start: int) -> Days:
    return today - count * DAY, today


PRESETS: dict[str, Preset] = {
    "today": lambda today, week_start: (today, today + DAY),
    "yesterday": partial(_last_days, 1),
    **{f"last_{count}_days": partial(_last_days, count) for count in (7, 30, 90, 365)},
    **{
        f"{name}_{unit}": partial(preset, unit)
        for unit in _UNITS
        for name, preset in (("this", _this), ("last", _last))
    },
    "last_12_months": lambda today, week_start: (
        today.replace(day=1) - _UNITS["year"],
        today.replace(day=1),
    ),
}
"""Whole days of the report's time zone: "last" ends before this day, week or month, "this" with today."""


class RangeSerializer(StrictSerializer):
    """Choose a preset, or `from` and `to`."""

    preset = serializers.ChoiceField(
        list(PRESETS),
        required=False,
        help_text="Whole days in `time_zone`. `last_…` is complete when the report runs: the days, week,"
        " month, quarter or year before; `this_…` lasts until the end of the day.",
    )
    to = TextField(
        required=False,
        max_length=40,
        help_text="As `from`; a date's whole day is included. Without it: now.",
    )

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, a keyword of Python that no class body can name."""
        since = TextField(
            required=False,
            max_length=40,
            help_text="A date, or a date and time, which is local unless it states an offset. Without it: 30"
            " days up to `to`.",
        )
        return {"from": since, **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject a preset together with dates; raises ValidationError."""
        if "preset" in attrs and len(attrs) > 1:
            raise serializers.ValidationError("Give a preset, or `from` and `to`.")
        return attrs


def period_at(*, range: dict[str, str], time_zone: str, week_start: str, now: datetime) -> Period:
    """Return the period of a range at a moment; raises Invalid, naming `range` or `time_zone`."""
    with _report_fields():
        if "preset" not in range:
            return parse_period(
                since=range.get("from", ""), until=range.get("to", ""), tz=time_zone, now=now
            )
        zone, preset = parse_zone(time_zone), range["preset"]
        if preset not in PRESETS:
            raise _invalid(f"There is no preset {preset!r}.")
        first, after = PRESETS[preset](now.astimezone(zone).date(), WEEK_STARTS[week_start])
        return period_between(day_start(first, zone), day_start(after, zone), zone=zone, now=now)


def stored_period(*, start: str, until: str, time_zone: str, now: datetime) -> Period:
    """Return the period of a run from its stored instants; raises Invalid as `period_at`."""
    with _report_fields():
        zone = parse_zone(time_zone)
        return period_between(_instant(start), _instant(until), zone=zone, now=now)


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (TypeError, ValueError) as error:
        raise _invalid("The start or the end of the range is not a valid time.") from error


@contextmanager
def _report_fields() -> Iterator[None]:
    """Name the fields of a report in errors, instead of parameters of analytics."""
    try:
        yield
    except Invalid as error:
        name = "time_zone" if "tz" in error.fields else "range"
        (messages,) = error.fields.values()
        raise Invalid(messages[0], fields={name: messages}) from error


def _invalid(message: str) -> Invalid:
    return Invalid(message, fields={"range": [message]})


def file_name_days(period: Period) -> str:
    """Return the days of a period for the name of a file: 2026-10-01_2026-10-31."""
    last = (period.until - timedelta(microseconds=1)).astimezone(period.zone).date()
    return f"{period.start.astimezone(period.zone).date()}_{last}"
