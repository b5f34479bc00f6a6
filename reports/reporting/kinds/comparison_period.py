"""The period that another is compared to, and which of its time stands beside which."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from dateutil.relativedelta import relativedelta

from reports.analytics.metrics import ZERO, Metrics, Row, sum_metrics
from reports.analytics.periods import Period, day_start
from reports.reporting.kinds.time_steps import wall

FINEST = {"hour": "hour"}
"""By what an earlier period is read for each step; by the day, where it is not said."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A period, and how much later on clocks and calendars each time of it has its counterpart."""

    period: Period
    shift: timedelta | relativedelta

    def beside(self, rows: Sequence[Row], earlier: Sequence[Row], step: str) -> list[Metrics]:
        """The numbers of the earlier rows, read by `FINEST`, for each of the rows by step. Nothing is left
        out: what has no counterpart stands beside what comes before it."""
        trim = _TRIMS.get(step, _day)
        starts = [trim(wall(row)) for row in rows]
        found: list[list[Metrics]] = [[] for _ in rows]
        for row in earlier:
            counterpart = trim(wall(row) + self.shift)
            found[max(0, bisect_right(starts, counterpart) - 1)].append(row.metrics)
        return [sum_metrics(each) if each else ZERO for each in found]


def _day(moment: datetime) -> datetime:
    return datetime.combine(moment.date(), time())


_TRIMS: dict[str, Callable[[datetime], datetime]] = {"hour": lambda moment: moment}


def previous(period: Period) -> Earlier:
    """As long, and just before: so many local days if it is of whole ones, else to the second."""
    first, last = _wall(period, period.start), _wall(period, period.until)
    if first.time() == last.time() == time():
        start, shift = _moment(period, first - (last - first)), last - first
    else:
        shift = period.until - period.start
        start = period.start - shift
    return Earlier(replace(period, start=start, until=period.start, end=period.start), shift)


def year_before(period: Period) -> Earlier:
    """The same dates and times of the year before; of 29 February, the 28th."""
    year = relativedelta(years=1)
    start, until = (
        _moment(period, _wall(period, moment) - year) for moment in (period.start, period.until)
    )
    # From noon to noon of a leap year's last days of February.
    if start >= until:
        until = start + (period.until - period.start)
    return Earlier(replace(period, start=start, until=until, end=until), year)


def _wall(period: Period, moment: datetime) -> datetime:
    shown = moment.astimezone(period.zone).replace(tzinfo=None)
    # Where clocks skip midnight, a day begins later and is whole all the same.
    return _day(shown) if day_start(shown.date(), period.zone) == moment else shown


def _moment(period: Period, shown: datetime) -> datetime:
    if shown.time() == time():
        return day_start(shown.date(), period.zone)
    return shown.replace(tzinfo=period.zone).astimezone(UTC)


def nothing(period: Period) -> None:
    """No comparison."""


COMPARISONS: dict[str, Callable[[Period], Earlier | None]] = {
    "none": nothing,
    "previous": previous,
    "year": year_before,
}
