"""A question while it is being answered: what it is about now, and its numbers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection

from reports.analytics.cuts import Kept
from reports.analytics.groupings import READERS, Wish, by_values
from reports.analytics.numbers import Reading
from reports.analytics.periods import Period, day_start

if TYPE_CHECKING:
    from reports.kinds.base import Question


_ANY = "SELECT EXISTS (SELECT FROM {hours} AND hour < %(before)s)"


class Asking:
    """Reads numbers for one question. The scope is resolved at once; each reading takes the queries of its
    grouping, and the first that cuts an hour or a day one more."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.period = question.period
        self.scope = question.scope.resolve(user_id=question.user_id)
        self.kept = Kept(self.period.end)
        self._approximate: set[datetime] = set()

    def read(self, group_by: str, *, period: Period | None = None, limit: int = 1) -> Reading:
        """The numbers of the question's period, or of another, by a grouping of analytics; `limit` is for
        groups that are not times. Raises Invalid for too many buckets of time."""
        wish = self._wish(group_by, limit)
        reading = READERS[group_by](self.scope.subject, period or self.period, wish, self.kept)
        self.approximate(reading.approximate_before)
        return reading

    def read_values(self, dimensions: Iterable[str], *, limit: int) -> dict[str, Reading]:
        """The same by each dimension, with a query less for every one but the first."""
        wish = self._wish("", limit)
        readings = by_values(dimensions, self.scope.subject, self.period, wish, self.kept)
        for reading in readings.values():
            self.approximate(reading.approximate_before)
        return readings

    def _wish(self, group_by: str, limit: int) -> Wish:
        return Wish(group_by, self.question.include_bots, self.question.week_start, limit)

    def approximate(self, before: datetime | None) -> None:
        """Note before what time an answer is approximate, if it is."""
        if before:
            self._approximate.add(before)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said of all numbers read so far. A query if some are approximate."""
        cuts = [self._cut(before) for before in sorted(self._approximate) if self._is_sum(before)]
        return (*self.scope.missing, *cuts)

    def _is_sum(self, before: datetime) -> bool:
        """Whether there is anything from before then, which a range over many years need not have."""
        subject = self.scope.subject
        with connection.cursor() as cursor:
            cursor.execute(_ANY.format(hours=subject.hours), {**subject.params, "before": before})
            found: bool = cursor.fetchone()[0]
        return found

    def _cut(self, before: datetime) -> str:
        return (
            f"Single clicks from before {_clock(self.period, before)} are no longer kept: an hour or a day"
            " then that a boundary cuts counts as a whole where it begins."
        )


def range_words(period: Period) -> str:
    """From when until when and in which zone; whole local days as such, of which the last is included."""
    days = [moment.astimezone(period.zone).date() for moment in (period.start, period.until)]
    first, last = days
    if [day_start(day, period.zone) for day in days] == [period.start, period.until]:
        last -= timedelta(days=1)
        shown = str(first) if first == last else f"{first} to {last}"
    else:
        shown = f"{_clock(period, period.start)} to {_clock(period, period.until)}"
    return f"{shown} ({period.zone.key})"


def _clock(period: Period, moment: datetime) -> str:
    return f"{moment.astimezone(period.zone):%Y-%m-%d %H:%M}"
