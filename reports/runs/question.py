"""What one run asks: a report's definition with everything that moves held fast. It is the job's
parameters."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self, cast

from reports.analytics.periods import Period
from reports.kinds.base import Question, ReportKind, WeekStart
from reports.kinds.parameters import parse
from reports.kinds.registry import KINDS
from reports.kinds.scope import Scope
from reports.report_models import Report
from reports.runs.ranges import period_again, period_at


@dataclass(frozen=True, slots=True)
class Asked:
    """As in a report, but with the instants that its range came to: ISO 8601, in UTC."""

    report: str
    title: str
    kind: str
    params: dict[str, Any]
    scope: dict[str, Any]
    start: str
    until: str
    time_zone: str
    week_start: str
    include_bots: bool
    formats: list[str]
    paper: str
    locale: str

    @classmethod
    def of(cls, report: Report, *, locale: str, now: datetime) -> Self:
        """What the report asks at a moment. Raises Invalid for a range that makes no sense by now."""
        # To the minute, so that whoever asks twice asks the same, also of a range that ends now.
        now = now.replace(second=0, microsecond=0)
        period = period_at(
            range=report.range, time_zone=report.time_zone, week_start=report.week_start, now=now
        )
        return cls(
            report=report.slug,
            title=report.title,
            kind=report.kind,
            params=report.params,
            scope=report.scope,
            start=period.start.isoformat(),
            until=period.until.isoformat(),
            time_zone=report.time_zone,
            week_start=report.week_start,
            include_bots=report.include_bots,
            formats=report.formats,
            paper=report.paper,
            locale=locale,
        )

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """From the job's parameters."""
        return cls(**stored)

    def as_json(self) -> dict[str, Any]:
        """For the job's parameters."""
        return asdict(self)

    def period(self, now: datetime) -> Period:
        """The time that is asked about, as things are now."""
        return period_again(start=self.start, until=self.until, time_zone=self.time_zone, now=now)

    def kind_of(self, *, user_id: int, now: datetime) -> ReportKind[Any]:
        """What answers it. Raises Invalid for parameters that the kind knows no longer."""
        kind = KINDS[self.kind]
        question = Question(
            user_id=user_id,
            scope=Scope.parse(self.scope),
            period=self.period(now),
            week_start=cast(WeekStart, self.week_start),
            include_bots=self.include_bots,
        )
        return kind(question, parse(kind.parameters, self.params))
