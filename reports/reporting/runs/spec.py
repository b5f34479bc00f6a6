"""Hold what one run computes: the job parameters, with the range resolved."""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Self

from gridlink.accounts.models import WeekStart
from gridlink.lib.errors import Invalid
from reports.analytics.periods import Period
from reports.models import Report
from reports.reporting.kinds.base import ReportKind, ReportQuery
from reports.reporting.kinds.parameters import parse
from reports.reporting.kinds.registry import kind_named
from reports.reporting.kinds.scope import Scope
from reports.reporting.renderers.base import Paper
from reports.reporting.renderers.registry import RENDERERS
from reports.reporting.runs.ranges import period_at, stored_period


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """Hold a report's fields, with the instants of its range in ISO 8601, UTC.

    Other versions read it as long as jobs are kept. So a new field has a default that means what was done
    before it existed, and none is ever removed or renamed.
    """

    report: str
    title: str
    kind: str
    params: dict[str, Any] = field(default_factory=dict)
    scope: dict[str, Any] = field(default_factory=dict)
    start: str
    until: str
    time_zone: str
    week_start: str = WeekStart.MONDAY.value
    include_bots: bool = False
    formats: list[str] = field(default_factory=lambda: ["json"])
    paper: str = Paper.A4.value
    locale: str = "en"

    @classmethod
    def of(cls, report: Report, *, locale: str, now: datetime) -> Self:
        """Return the report's specification at a moment; raises Invalid for its range."""
        # To the minute, so that two requests in a row for a range that ends now are the same.
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
        """Return the specification from job parameters of any version; raises Invalid."""
        # Ignoring an unknown field would answer another query.
        unknown = stored.keys() - {each.name for each in fields(cls)}
        if unknown:
            raise Invalid(
                f"Another version of Gridlink started this run: its field {min(unknown)!r} is unknown here."
            )
        required = {
            each.name
            for each in fields(cls)
            if each.default is MISSING and each.default_factory is MISSING
        }
        missing = required - stored.keys()
        if missing:
            raise Invalid(f"The run's parameters lack {min(missing)!r}.")
        return cls(**stored)

    def as_json(self) -> dict[str, Any]:
        """Return the specification as job parameters."""
        return asdict(self)

    def period(self, now: datetime) -> Period:
        """Return the period, to be read at this moment; raises Invalid."""
        return stored_period(start=self.start, until=self.until, time_zone=self.time_zone, now=now)

    def report_kind(self, *, user_id: int, now: datetime) -> ReportKind:
        """Return the kind that answers it; raises Invalid for values that no longer exist."""
        kind = kind_named(self.kind)
        self._check_choices()
        query = ReportQuery(
            user_id=user_id,
            scope=Scope.parse(self.scope),
            period=self.period(now),
            week_start=self.week_start,
            include_bots=self.include_bots,
        )
        return kind(query, parse(kind.parameters, self.params))

    def _check_choices(self) -> None:
        for name, chosen, known in (
            ("formats", self.formats, list(RENDERERS)),
            ("paper", [self.paper], list(Paper)),
            ("week_start", [self.week_start], WeekStart.values),
        ):
            unknown = [each for each in chosen if each not in known]
            if unknown:
                message = f"{unknown[0]!r} is not a choice for {name}."
                raise Invalid(message, fields={name: [message]})
