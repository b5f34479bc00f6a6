"""Compute when a schedule fires: the moments of a recurrence in a time zone.

A rule that covers every hour fires whenever the clock shows one of its times: an hourly one 23 or 25 times
on a day of a clock change. Any other rule fires once for each of its times: just after the gap for one that
the clock skips, the first time for one that it shows twice.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import groupby, islice
from zoneinfo import ZoneInfo

from gridlink.lib.zones import zone_names
from tasks.schedules.cron import Cron
from tasks.schedules.recurrence import Recurrence, invalid_field
from tasks.schedules.rrule import RRule

FORMS: dict[str, type[Recurrence]] = {form.form: form for form in (RRule, Cron)}
# A rule without a slot for this long counts as one that has no more.
HORIZON = timedelta(days=3653)
# Other years are typing errors; and nothing near these overflows.
YEARS = range(2000, 2200)
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """Represent a recurrence in `zone`, until the end of the local day `ends_on`."""

    recurrence: Recurrence
    zone: ZoneInfo
    ends_on: date | None

    def slots(self, after: datetime) -> Iterator[datetime]:
        """Yield the moments after `after`, in UTC and in order, up to ten years later."""
        moments = _all_moments if self.recurrence.covers_every_hour else _first_moment
        # A time that the clock skipped yesterday comes today where the gap covers midnight.
        begin = after.astimezone(self.zone).date() - _DAY
        end = min(begin + HORIZON, self.ends_on or date.max)
        latest = after
        for day, times in groupby(self.recurrence.local_times(begin), key=datetime.date):
            if day > end:
                return
            # In an hour that comes twice, all minutes come once before the first comes again.
            for moment in sorted(at for local in times for at in moments(local, self.zone)):
                if moment > latest:
                    latest = moment
                    yield moment

    def next(self, after: datetime, count: int = 5) -> list[datetime]:
        """Return the next `count` slots, or as many as there are, in the rule's zone."""
        return [slot.astimezone(self.zone) for slot in islice(self.slots(after), count)]


def make_rule(
    *, rule: str, form: str, time_zone: str, starts_on: date, ends_on: date | None
) -> Rule:
    """Return the rule that a schedule's fields describe. Raises Invalid, naming the field."""
    if form not in FORMS:
        raise invalid_field("form", f"There is no form of rule {form!r}.")
    for name, day in (("starts_on", starts_on), ("ends_on", ends_on)):
        if day and day.year not in YEARS:
            raise invalid_field(name, f"The year must be from {YEARS[0]} to {YEARS[-1]}.")
    if ends_on and ends_on < starts_on:
        raise invalid_field("ends_on", "The last day is before the first.")
    return Rule(FORMS[form](rule, starts_on), find_zone(time_zone), ends_on)


def find_zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name. Raises Invalid."""
    if name not in zone_names():
        raise invalid_field("time_zone", "There is no such time zone.")
    return ZoneInfo(name)


def _first_moment(local: datetime, zone: tzinfo) -> Iterator[datetime]:
    """Yield the one moment, in UTC, of a local time."""
    first, second = _readings(local, zone)
    yield first if first <= second else _end_of_gap(second, first, zone)


def _all_moments(local: datetime, zone: tzinfo) -> Iterator[datetime]:
    """Yield the moments, in UTC, of a local time: none, one or two."""
    first, second = _readings(local, zone)
    if first <= second:
        yield first
    if first < second:
        yield second


def _readings(local: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the moments by the offsets before and after a clock change, reversed in gaps."""
    local = local.replace(tzinfo=zone)
    return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)


def _end_of_gap(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Return the first minute with another offset than `before`, which `after` has."""
    offset = before.astimezone(zone).utcoffset()
    minutes = range((after - before) // _MINUTE)
    changed = bisect_left(
        minutes, True, key=lambda n: (before + n * _MINUTE).astimezone(zone).utcoffset() != offset
    )
    return before + changed * _MINUTE
