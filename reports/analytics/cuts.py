"""What roll-ups cannot tell: the parts of hours, or of days, that a boundary goes through.

They are counted in the raw rows. Where retention has dropped those, an hour or a day that is cut counts
as a whole where it begins; whoever asks is told before what time that is so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.db import connection

from reports.analytics.periods import DAY, HOUR, Period, day_ceiling, day_floor, hour_floor

_OLDEST = """
SELECT min(substring(pg_get_expr(relpartbound, oid) FROM $$FROM \\('([^']+)'$$)::timestamptz)
FROM pg_class JOIN pg_inherits ON inhrelid = oid WHERE inhparent = 'reports_click'::regclass
"""


class Kept:
    """Raw rows, as far as they are kept. What cuts nothing need not know how far that is."""

    def __init__(self, default: datetime) -> None:
        self._default = default

    @cached_property
    def since(self) -> datetime:
        """Of when the oldest may be; the default when there are none. A query, once."""
        with connection.cursor() as cursor:
            cursor.execute(_OLDEST)
            oldest: datetime | None = cursor.fetchone()[0]
        return oldest.astimezone(UTC) if oldest else self._default


@dataclass(frozen=True, slots=True)
class Cuts:
    """The cut hours, in UTC, and the pieces of time to be read from raw rows; the whole UTC days from
    `days[0]` until just before `days[1]`; and before what time the answer is approximate, if it is."""

    hours: list[datetime]
    pieces: list[tuple[datetime, datetime]]
    days: tuple[datetime, datetime]
    approximate_before: datetime | None = None

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the SQL in reports.analytics.parts."""
        return {
            "cut": self.hours,
            "since": [since for since, _ in self.pieces],
            "until": [until for _, until in self.pieces],
            "first_day": self.days[0],
            "last_day": self.days[1],
        }


def cut_hours(period: Period, bounds: Iterable[datetime], *, kept: Kept) -> Cuts:
    """For roll-ups by the hour, cut at the bounds; those by the day serve where whole days are wanted."""
    floors = ((bound, hour_floor(bound)) for bound in bounds)
    hours = sorted({floor for bound, floor in floors if floor != bound})
    left = [hour for hour in hours if hour >= kept.since]
    first, last = day_ceiling(period.start), day_floor(period.end)
    return Cuts(
        hours=left,
        pieces=[(max(hour, period.start), min(hour + HOUR, period.end)) for hour in left],
        days=(first, last) if first < last else (period.end, period.end),
        approximate_before=kept.since if len(left) < len(hours) else None,
    )


def cut_days(period: Period, *, kept: Kept) -> Cuts:
    """For roll-ups by the day alone, cut at the ends of the period."""
    first, last = day_ceiling(period.start), day_floor(period.end)
    if last != period.end <= kept.since:
        last += DAY
    # The same piece twice, when the period lies within one day.
    ends = [
        (period.start, min(first, period.end)),
        (max(day_floor(period.end), period.start), period.end),
    ]
    pieces = [(since, until) for since, until in dict.fromkeys(ends) if since < until]
    left = [piece for piece in pieces if piece[0] >= kept.since]
    return Cuts(
        hours=[],
        pieces=left,
        days=(first, max(first, last)),
        approximate_before=kept.since if len(left) < len(pieces) else None,
    )


def all_raw(period: Period, *, kept: Kept) -> Cuts:
    """For what is in raw rows alone, as far back as there are any."""
    start = min(max(period.start, kept.since), period.end)
    return Cuts(hours=[], pieces=[(start, period.end)], days=(period.end, period.end))
