"""From what clocks on the wall show to moments, over the days on which they are changed.

A rule that names every hour of the day runs through: it fires whenever the clock shows one of its times, so
an hourly one fires 23 or 25 times on a day of so many hours. Any other rule names times of the day, and each
comes once: one that the clock skips just after it did, one that it shows twice the first time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

_MINUTE = timedelta(minutes=1)


def once(wall: datetime, zone: tzinfo) -> Iterator[datetime]:
    """The one moment, in UTC, of a local time of the day."""
    first, second = _readings(wall, zone)
    yield first if first <= second else _end_of_gap(second, first, zone)


def whenever(wall: datetime, zone: tzinfo) -> Iterator[datetime]:
    """The moments, in UTC, at which the clock shows a local time: none, one or two."""
    first, second = _readings(wall, zone)
    if first <= second:
        yield first
    if first < second:
        yield second


def _readings(wall: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """The moments of a local time by the offsets before and after a change of the clock. Where the clock
    skips it the first is the later of the two."""
    local = wall.replace(tzinfo=zone)
    return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)


def _end_of_gap(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The first minute with another offset than `before`; `after` has it too."""
    offset = before.astimezone(zone).utcoffset()
    minutes = range((after - before) // _MINUTE)
    changed = bisect_left(
        minutes, True, key=lambda n: (before + n * _MINUTE).astimezone(zone).utcoffset() != offset
    )
    return before + changed * _MINUTE
