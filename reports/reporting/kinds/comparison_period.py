"""Find the earlier period to compare with, and match the rows of both."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from dateutil.relativedelta import relativedelta

from reports.analytics.metrics import ZERO, Metrics, Row, sum_metrics
from reports.analytics.periods import Period, day_start
from reports.reporting.kinds.time_steps import local_start


@dataclass(frozen=True, slots=True)
class ComparisonPeriod:
    """Hold an earlier period, and how much later its counterpart is in local time."""

    period: Period
    shift: timedelta | relativedelta

    def align(self, rows: Sequence[Row], earlier: Sequence[Row], step: str) -> list[Metrics]:
        """Sum the earlier rows for each of the rows.

        They are of hours if the step is, else of days. Nothing is left out: earlier rows without a
        counterpart count for the row before.
        """
        is_hour = step == "hour"
        starts = [start if is_hour else _to_day(start) for start in map(local_start, rows)]
        found: list[list[Metrics]] = [[] for _ in rows]
        for row in earlier:
            shifted = local_start(row) + self.shift
            counterpart = shifted if is_hour else _to_day(shifted)
            found[max(0, bisect_right(starts, counterpart) - 1)].append(row.metrics)
        return [sum_metrics(each) if each else ZERO for each in found]


def _to_day(moment: datetime) -> datetime:
    return datetime.combine(moment.date(), time())


def previous(period: Period) -> ComparisonPeriod:
    """Return the period of equal length, in local days or seconds, just before."""
    first, last = _local(period, period.start), _local(period, period.until)
    if first.time() == last.time() == time():
        start, shift = _instant(period, first - (last - first)), last - first
    else:
        shift = period.until - period.start
        start = period.start - shift
    return ComparisonPeriod(
        replace(period, start=start, until=period.start, end=period.start), shift
    )


def year_before(period: Period) -> ComparisonPeriod:
    """Return the same dates and times a year before; for 29 February, the 28th."""
    year = relativedelta(years=1)
    start, until = (
        _instant(period, _local(period, moment) - year) for moment in (period.start, period.until)
    )
    # From noon to noon of a leap year's last days of February.
    if start >= until:
        until = start + (period.until - period.start)
    return ComparisonPeriod(replace(period, start=start, until=until, end=until), year)


def _local(period: Period, moment: datetime) -> datetime:
    shown = moment.astimezone(period.zone).replace(tzinfo=None)
    # Where clocks skip midnight, a day begins later and is whole all the same.
    return _to_day(shown) if day_start(shown.date(), period.zone) == moment else shown


def _instant(period: Period, shown: datetime) -> datetime:
    if shown.time() == time():
        return day_start(shown.date(), period.zone)
    return shown.replace(tzinfo=period.zone).astimezone(UTC)


COMPARISONS: dict[str, Callable[[Period], ComparisonPeriod | None]] = {
    "none": lambda period: None,
    "previous": previous,
    "year": year_before,
}
