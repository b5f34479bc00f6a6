"""Parse the periods that users ask for, in their time zones."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gridlink.lib.errors import Invalid
from gridlink.lib.zones import zone_names

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
DAYS_MAX = 3653
_DAYS_DEFAULT = 30
# Another year is a typing error, and no arithmetic near these overflows.
_YEARS = range(2000, 2200)
# The readings of midnight by the offsets before and after a change of clocks at that time.
_BEFORE, _AFTER = time(), time(fold=1)


@dataclass(frozen=True, slots=True)
class Period:
    """Represent the time from `start` until just before `until`, both in UTC, shown in `zone`."""

    start: datetime
    until: datetime
    zone: ZoneInfo
    # Where reading ends: for a period that is not over yet at the end of the UTC day, so that whole hours and
    # days can be read.
    end: datetime

    def local(self, moment: datetime) -> str:
        """Return the moment in local time, as ISO 8601 with its offset."""
        return moment.astimezone(self.zone).isoformat()

    @property
    def as_json(self) -> dict[str, str]:
        """Return what an answer repeats of the question."""
        return {
            "from": self.local(self.start),
            "to": self.local(self.until),
            "tz": self.zone.key,
        }


def parse_period(*, since: str, until: str, tz: str, now: datetime) -> Period:
    """Return the period between two ISO 8601 texts.

    Each is a local day, or a moment that is local unless it states an offset. A day as `until` is included.
    Empty texts stand for the 30 local days that end with `until`, and for now. Raises Invalid, naming the
    parameter `from`, `to` or `tz`.
    """
    zone = parse_zone(tz)
    stop = _moment("to", until, zone, later=DAY) if until else now.astimezone(UTC)
    start = _moment("from", since, zone) if since else _days_before(stop, zone)
    return period_between(start, stop, zone=zone, now=now)


def period_between(start: datetime, stop: datetime, *, zone: ZoneInfo, now: datetime) -> Period:
    """Return the period between two UTC moments. Raises Invalid if empty or over ten years."""
    if start >= stop:
        raise _invalid("to", "The range is empty: `to` must be later than `from`.")
    if stop - start > DAYS_MAX * DAY:
        raise _invalid("from", "The range is longer than ten years.")
    end = stop if stop < now else max(stop, day_floor(now.astimezone(UTC)) + DAY)
    return Period(start, stop, zone, end)


def parse_bounds(*, since: str, until: str, tz: str) -> tuple[datetime | None, datetime | None]:
    """Return the bounds as `parse_period` does, but None for empty texts and without a limit."""
    zone = parse_zone(tz)
    start = _moment("from", since, zone) if since else None
    stop = _moment("to", until, zone, later=DAY) if until else None
    if start and stop and start >= stop:
        raise _invalid("to", "The range is empty: `to` must be later than `from`.")
    return start, stop


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Return when a local day begins, in UTC.

    From then on the clock shows no earlier day any more: where clocks skip midnight, once they have; where
    they show it twice, from the first one, unless they show the evening before once more in between.
    """
    before, after = (
        datetime.combine(day, midnight, zone).astimezone(UTC) for midnight in (_BEFORE, _AFTER)
    )
    if before <= after:
        return before if local_day(after - _SECOND, zone) >= day else after
    seconds = range((before - after) // _SECOND)
    return after + _SECOND * bisect_left(
        seconds, day, key=lambda second: local_day(after + _SECOND * second, zone)
    )


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """Return the day that a clock shows at a moment."""
    return moment.astimezone(zone).date()


def hour_floor(moment: datetime) -> datetime:
    """Return the start of the UTC hour that a UTC moment is in."""
    return moment.replace(minute=0, second=0, microsecond=0)


def day_floor(moment: datetime) -> datetime:
    """Return the start of the UTC day that a UTC moment is in."""
    return hour_floor(moment).replace(hour=0)


def day_ceiling(moment: datetime) -> datetime:
    """Return the first start of a UTC day that is not before a UTC moment."""
    return day_floor(moment + DAY - timedelta(microseconds=1))


def parse_zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name. Raises Invalid, naming the parameter `tz`."""
    if name not in zone_names():
        raise _invalid("tz", "There is no such time zone; give an IANA name such as Europe/Athens.")
    return ZoneInfo(name)


def _days_before(stop: datetime, zone: ZoneInfo) -> datetime:
    last = local_day(stop - timedelta(microseconds=1), zone)
    return day_start(last - (_DAYS_DEFAULT - 1) * DAY, zone)


def _moment(name: str, text: str, zone: ZoneInfo, later: timedelta = timedelta()) -> datetime:
    try:
        moment = _parsed(text, zone, later)
    except (ValueError, OverflowError) as error:
        raise _invalid(name, "Give an ISO 8601 date or date and time.") from error
    if moment.year not in _YEARS:
        message = f"Only the years {_YEARS.start} to {_YEARS.stop - 1} can be asked for."
        raise _invalid(name, message)
    return moment


def _parsed(text: str, zone: ZoneInfo, later: timedelta) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    return day_start(day + later, zone)


def _invalid(name: str, message: str) -> Invalid:
    return Invalid("Some fields are not valid.", fields={name: [message]})
