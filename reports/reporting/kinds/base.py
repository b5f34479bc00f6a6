"""Define what every kind of report implements: it answers a query with a result."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from django.db import connection

from reports.analytics.groupings import READERS, AnalyticsQuery, by_values
from reports.analytics.metrics import GroupedMetrics
from reports.analytics.periods import Period, day_start
from reports.analytics.read_plan import RawRetention
from reports.reporting.kinds.parameters import Parameters
from reports.reporting.kinds.scope import Scope
from reports.reporting.results.result import Chart, Fact, Result, Table

_HAS_CLICKS = "SELECT EXISTS (SELECT FROM {hours} AND hour < %(before)s)"


class DataSource(StrEnum):
    """Name data that a report reads; while unchanged, a query has the same result."""

    CLICKS = "clicks"
    """Clicks and views, in rollups and raw rows."""
    LINKS = "links"
    """Links and grids, their titles included."""
    CHECKS = "checks"
    """The last check of each link."""


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """Hold what a report is about; with `include_bots` clicks (but not click-through) include bots."""

    user_id: int
    scope: Scope
    period: Period
    week_start: str = "monday"
    include_bots: bool = False


class MetricsReader:
    """Read the metrics for one query, and collect the remarks about them.

    Each read runs the queries of its grouping. The first one that divides an hour or a day also queries how
    far back raw clicks are stored.
    """

    def __init__(self, query: ReportQuery) -> None:
        self.query = query
        self.period = query.period
        self.scope = query.scope.resolve(user_id=query.user_id)
        self.retention = RawRetention(self.period.end)
        self._approximate: set[datetime] = set()

    def read(
        self, group_by: str, *, period: Period | None = None, limit: int = 1
    ) -> GroupedMetrics:
        """Read metrics by a grouping of analytics, of the query's period or another.

        `limit` is for groups other than time. Raises Invalid for too many groups of time.
        """
        grouped = READERS[group_by](self._query(group_by, period or self.period, limit))
        self.note_approximate(grouped.approximate_before)
        return grouped

    def read_values(self, dimensions: Iterable[str], *, limit: int) -> dict[str, GroupedMetrics]:
        """Read metrics by each dimension: a query for each, and one in common."""
        groups = by_values(dimensions, self._query("", self.period, limit))
        for grouped in groups.values():
            self.note_approximate(grouped.approximate_before)
        return groups

    def _query(self, group_by: str, period: Period, limit: int) -> AnalyticsQuery:
        return AnalyticsQuery(
            source=self.scope.source,
            period=period,
            retention=self.retention,
            group_by=group_by,
            include_bots=self.query.include_bots,
            week_start=self.query.week_start,
            limit=limit,
        )

    def note_approximate(self, before: datetime | None) -> None:
        """Note that metrics from before this time are approximate, if any are."""
        if before:
            self._approximate.add(before)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return sentences about all metrics read so far; query only if some are approximate."""
        approximate = filter(self._has_clicks, sorted(self._approximate))
        return (*self.scope.remarks, *map(self._approximate_remark, approximate))

    def _has_clicks(self, before: datetime) -> bool:
        source = self.scope.source
        with connection.cursor() as cursor:
            sql = _HAS_CLICKS.format(hours=source.hours)
            cursor.execute(sql, {**source.params, "before": before})
            found: bool = cursor.fetchone()[0]
        return found

    def _approximate_remark(self, before: datetime) -> str:
        return (
            f"Individual clicks from before {_format_moment(self.period, before)} are no longer kept."
            " Before then, an hour or day that a boundary divides is counted as a whole where it begins."
        )


class ReportKind(ABC):
    """Answer queries of one kind; `registry` lists the subclasses."""

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    """A sentence for users who choose a kind."""
    reads: ClassVar[frozenset[DataSource]]
    """The data read when the scope is the whole account; see `depends_on`."""
    parameters: ClassVar[type[Parameters]]

    def __init__(self, query: ReportQuery, params: dict[str, Any]) -> None:
        self.query = query
        self.params = params

    @property
    def depends_on(self) -> frozenset[DataSource]:
        """Return the data that this query reads: resolving a scope reads links."""
        return self.reads if self.query.scope.is_all else self.reads | {DataSource.LINKS}

    def check(self) -> None:  # noqa: B027
        """Raise Invalid, naming the parameters that do not suit the period; without a query."""

    @abstractmethod
    def result(self) -> Result:
        """Return the result in a handful of queries, whatever the number of clicks.

        The caller's REPEATABLE READ transaction makes them consistent. Raises Invalid where `check` does.
        """

    def subtitle(self, reader: MetricsReader) -> str:
        """Describe the scope and the range."""
        return f"{reader.scope.description}, {describe_range(reader.period)}"

    def build_result(
        self,
        reader: MetricsReader,
        *,
        facts: Iterable[Fact] = (),
        tables: Iterable[Table] = (),
        charts: Iterable[Chart] = (),
    ) -> Result:
        """Return the result under the kind's title, with the reader's remarks."""
        return Result(
            kind=self.name,
            title=self.title,
            subtitle=self.subtitle(reader),
            zone=self.query.period.zone.key,
            facts=tuple(facts),
            tables=tuple(tables),
            charts=tuple(charts),
            remarks=reader.remarks,
        )


def describe_range(period: Period) -> str:
    """Describe a period with its zone; whole local days as dates, the last included."""
    first, last = (moment.astimezone(period.zone).date() for moment in (period.start, period.until))
    if [day_start(day, period.zone) for day in (first, last)] == [period.start, period.until]:
        last -= timedelta(days=1)
        shown = str(first) if first == last else f"{first} to {last}"
    else:
        shown = " to ".join(_format_moment(period, each) for each in (period.start, period.until))
    return f"{shown} ({period.zone.key})"


def _format_moment(period: Period, moment: datetime) -> str:
    return f"{moment.astimezone(period.zone):%Y-%m-%d %H:%M}"
