"""Decide what of a period is read from roll-ups, and what from raw rows.

Roll-ups hold whole hours and days. The parts of an hour or a day that a boundary cuts are counted in raw
rows. Where retention has dropped those, the hour or day counts as a whole where it begins, and the answer
says before what time it is approximate for that reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from reports.analytics.periods import DAY, HOUR, Period, day_ceiling, day_floor, hour_floor
from reports.clicks.storage.partitions import CLICKS, oldest_month


class RawRetention:
    """Know from when on raw clicks are stored; queried when first needed."""

    def __init__(self, default: datetime) -> None:
        self._default = default

    @cached_property
    def since(self) -> datetime:
        """Return the start of the oldest month, or the default when no clicks are stored."""
        oldest = oldest_month(CLICKS)
        return datetime(oldest.year, oldest.month, 1, tzinfo=UTC) if oldest else self._default


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """Hold the cut UTC hours, the intervals of raw rows, and the whole UTC days."""

    cut_hours: list[datetime]
    raw_intervals: list[tuple[datetime, datetime]]
    # The start of the first one and the end of the last one.
    days: tuple[datetime, datetime]
    approximate_before: datetime | None = None

    @property
    def params(self) -> dict[str, Any]:
        """Return the parameters of the SQL in `reports.analytics.queries`."""
        return {
            "cut": self.cut_hours,
            "since": [since for since, _ in self.raw_intervals],
            "until": [until for _, until in self.raw_intervals],
            "first_day": self.days[0],
            "last_day": self.days[1],
        }


def plan_hours(period: Period, bounds: Iterable[datetime], retention: RawRetention) -> ReadPlan:
    """Plan a read of hourly roll-ups, cut at the bounds, and of whole days between."""
    floors = ((bound, hour_floor(bound)) for bound in bounds)
    hours = sorted({floor for bound, floor in floors if floor != bound})
    stored = [hour for hour in hours if hour >= retention.since]
    first, last = day_ceiling(period.start), day_floor(period.end)
    return ReadPlan(
        cut_hours=stored,
        raw_intervals=[(max(hour, period.start), min(hour + HOUR, period.end)) for hour in stored],
        days=(first, last) if first < last else (period.end, period.end),
        approximate_before=retention.since if len(stored) < len(hours) else None,
    )


def plan_days(period: Period, retention: RawRetention) -> ReadPlan:
    """Plan a read of daily roll-ups, cut at the ends of the period."""
    first, last = day_ceiling(period.start), day_floor(period.end)
    if last != period.end <= retention.since:
        last += DAY
    # The same interval twice, when the period lies within one day.
    ends = [
        (period.start, min(first, period.end)),
        (max(day_floor(period.end), period.start), period.end),
    ]
    intervals = [(since, until) for since, until in dict.fromkeys(ends) if since < until]
    stored = [interval for interval in intervals if interval[0] >= retention.since]
    return ReadPlan(
        cut_hours=[],
        raw_intervals=stored,
        days=(first, max(first, last)),
        approximate_before=retention.since if len(stored) < len(intervals) else None,
    )


def plan_raw(period: Period, retention: RawRetention) -> ReadPlan:
    """Plan a read of raw rows alone, as far back as there are any."""
    start = min(max(period.start, retention.since), period.end)
    return ReadPlan([], [(start, period.end)], days=(period.end, period.end))
