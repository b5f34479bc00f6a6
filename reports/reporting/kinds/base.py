"""What every kind of report speaks: a question and its parameters in, a result out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Generic, Literal, TypeVar

from django.db import connection

from reports.analytics.groupings import READERS, AnalyticsQuery, by_values
from reports.analytics.metrics import GroupedMetrics
from reports.analytics.periods import Period, day_start
from reports.analytics.read_plan import RawRetention
from reports.reporting.kinds.parameters import Parameters
from reports.reporting.kinds.scope import Scope
from reports.reporting.results.result import Chart, Fact, Result, Table

P = TypeVar("P", bound=Parameters)
WeekStart = Literal["monday", "sunday"]
_ANY = "SELECT EXISTS (SELECT FROM {hours} AND hour < %(before)s)"


class Data(StrEnum):
    """What a report is made of: while none of it has moved, the same question has the same answer."""

    CLICKS = "clicks"
    """And views, as they are stored and summed."""
    LINKS = "links"
    """And grids, also what they are called."""
    CHECKS = "checks"
    """The last check of each link."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of any kind. With `include_bots`, clicks are those of bots too, but for click-through."""

    user_id: int
    scope: Scope
    period: Period
    week_start: WeekStart = "monday"
    include_bots: bool = False


class Asking:
    """Reads numbers for one question. The scope is resolved at once; each reading takes the queries of its
    grouping, and the first that cuts an hour or a day one more."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.period = question.period
        self.scope = question.scope.resolve(user_id=question.user_id)
        self.retention = RawRetention(self.period.end)
        self._approximate: set[datetime] = set()

    def read(
        self, group_by: str, *, period: Period | None = None, limit: int = 1
    ) -> GroupedMetrics:
        """The numbers of the question's period, or of another, by a grouping of analytics; `limit` is for
        groups that are not times. Raises Invalid for too many buckets of time."""
        grouped = READERS[group_by](self._query(group_by, period or self.period, limit))
        self.approximate(grouped.approximate_before)
        return grouped

    def read_values(self, dimensions: Iterable[str], *, limit: int) -> dict[str, GroupedMetrics]:
        """The same by each dimension, with a query less for every one but the first."""
        groups = by_values(dimensions, self._query("", self.period, limit))
        for grouped in groups.values():
            self.approximate(grouped.approximate_before)
        return groups

    def _query(self, group_by: str, period: Period, limit: int) -> AnalyticsQuery:
        return AnalyticsQuery(
            source=self.scope.source,
            period=period,
            retention=self.retention,
            group_by=group_by,
            include_bots=self.question.include_bots,
            week_start=self.question.week_start,
            limit=limit,
        )

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
        source = self.scope.source
        with connection.cursor() as cursor:
            cursor.execute(_ANY.format(hours=source.hours), {**source.params, "before": before})
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


class ReportKind(ABC, Generic[P]):
    """One kind of report. Adding another is a subclass in a file of its own, and a line in `registry`."""

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    """A sentence for whoever chooses a kind."""
    reads: ClassVar[frozenset[Data]]
    """What its numbers come from when the scope is the whole account; see `depends_on`."""
    parameters: ClassVar[type[Parameters]]
    """What P is."""

    def __init__(self, question: Question, params: P) -> None:
        self.question = question
        self.params = params

    @property
    def depends_on(self) -> frozenset[Data]:
        """What this very question reads: a scope is resolved by what the links are now."""
        return self.reads if self.question.scope.is_all else self.reads | {Data.LINKS}

    def check(self) -> None:
        """Raises Invalid, naming the parameters that do not go together with the period. No query."""

    @abstractmethod
    def result(self) -> Result:
        """The answer: a handful of queries, whatever the number of clicks, which are of one instant if the
        caller is in a REPEATABLE READ transaction. Raises Invalid where `check` does, and nothing else."""

    def subtitle(self, asking: Asking) -> str:
        """What was asked, in words: the scope and the range."""
        return f"{asking.scope.words}, {range_words(asking.period)}"

    def made(
        self,
        asking: Asking,
        *,
        facts: Iterable[Fact] = (),
        tables: Iterable[Table] = (),
        charts: Iterable[Chart] = (),
    ) -> Result:
        """The result, of what has been asked, under the kind's name."""
        return Result(
            kind=self.name,
            title=self.title,
            subtitle=self.subtitle(asking),
            zone=self.question.period.zone.key,
            facts=tuple(facts),
            tables=tuple(tables),
            charts=tuple(charts),
            remarks=asking.remarks,
        )
