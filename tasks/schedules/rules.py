"""When a schedule fires: a recurrence in a time zone, as a series of moments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, islice
from zoneinfo import ZoneInfo

from gridlink.lib.zones import zone_names
from tasks.schedules.cron import Cron
from tasks.schedules.recurrence import Recurrence, invalid_field
from tasks.schedules.rrule import RRule
from tasks.schedules.slots import once, whenever

FORMS: dict[str, type[Recurrence]] = {form.form: form for form in (RRule, Cron)}
# A rule without a slot for so long is taken for one that has none any more.
HORIZON = timedelta(days=3653)
# Whoever names another year has mistyped it; and nothing near these overflows.
YEARS = range(2000, 2200)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """A recurrence told in `zone`, until the end of the local day `ends_on`."""

    recurrence: Recurrence
    zone: ZoneInfo
    ends_on: date | None

    def slots(self, after: datetime) -> Iterator[datetime]:
        """The moments later than `after`, in UTC and in order, up to ten years later."""
        moments = whenever if self.recurrence.covers_every_hour else once
        # What the clock skipped yesterday comes today, where it skips midnight.
        begin = after.astimezone(self.zone).date() - _DAY
        end = min(begin + HORIZON, self.ends_on or date.max)
        latest = after
        for day, local_times in groupby(self.recurrence.local_times(begin), key=datetime.date):
            if day > end:
                return
            # Of an hour that is shown twice, all minutes come once before the first comes again.
            for moment in sorted(at for wall in local_times for at in moments(wall, self.zone)):
                if moment > latest:
                    latest = moment
                    yield moment

    def next(self, after: datetime, count: int = 5) -> list[datetime]:
        """The next `count` slots, or as many as there are, as the zone's clocks show them."""
        return [slot.astimezone(self.zone) for slot in islice(self.slots(after), count)]


def make_rule(
    *, rule: str, form: str, time_zone: str, starts_on: date, ends_on: date | None
) -> Rule:
    """The rule that a schedule's fields describe. Raises Invalid, naming the field that is wrong."""
    if form not in FORMS:
        raise invalid_field("form", f"There is no form of rule {form!r}.")
    for name, day in (("starts_on", starts_on), ("ends_on", ends_on)):
        if day and day.year not in YEARS:
            raise invalid_field(name, f"The year must be from {YEARS[0]} to {YEARS[-1]}.")
    if ends_on and ends_on < starts_on:
        raise invalid_field("ends_on", "The last day is before the first.")
    return Rule(FORMS[form](rule, starts_on), zone_of(time_zone), ends_on)


def zone_of(name: str) -> ZoneInfo:
    """The time zone of an IANA name. Raises Invalid."""
    if name not in zone_names():
        raise invalid_field("time_zone", "There is no such time zone.")
    return ZoneInfo(name)
