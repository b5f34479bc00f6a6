"""Convert local times to moments, also on days on which clocks are changed.

A rule that covers every hour fires whenever the clock shows one of its times: an hourly one 23 or 25 times
on such a day. Any other rule fires once for each of its times: for one that the clock skips just after the
gap, for one that it shows twice the first time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

_MINUTE = timedelta(minutes=1)


def first_moment(local: datetime, zone: tzinfo) -> Iterator[datetime]:
    """Yield the one moment, in UTC, of a local time."""
    first, second = _readings(local, zone)
    yield first if first <= second else _end_of_gap(second, first, zone)


def all_moments(local: datetime, zone: tzinfo) -> Iterator[datetime]:
    """Yield the moments, in UTC, at which clocks show a local time: none, one or two."""
    first, second = _readings(local, zone)
    if first <= second:
        yield first
    if first < second:
        yield second


def _readings(local: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the moments of a local time by the offsets before and after a change of the clock.

    In a gap the first is the later of the two.
    """
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
