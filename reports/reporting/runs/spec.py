"""What one run asks: a report's definition with everything that moves held fast. It is the job's
parameters."""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Self, cast

from gridlink.accounts.models import WeekStart as WeekStarts
from gridlink.lib.errors import Invalid
from reports.analytics.periods import Period
from reports.models import Report
from reports.reporting.kinds.base import Question, ReportKind, WeekStart
from reports.reporting.kinds.parameters import parse
from reports.reporting.kinds.registry import kind_named
from reports.reporting.kinds.scope import Scope
from reports.reporting.renderers.base import Paper
from reports.reporting.renderers.registry import RENDERERS
from reports.reporting.runs.ranges import period_again, period_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """As in a report, but with the instants that its range came to: ISO 8601, in UTC.

    It is read again as long as jobs are kept, by versions that ask for more. So a field that is added has a
    default, which means what was done before there was one; and none is ever removed or renamed.
    """

    report: str
    title: str
    kind: str
    params: dict[str, Any] = field(default_factory=dict)
    scope: dict[str, Any] = field(default_factory=dict)
    start: str
    until: str
    time_zone: str
    week_start: str = WeekStarts.MONDAY.value
    include_bots: bool = False
    formats: list[str] = field(default_factory=lambda: ["json"])
    paper: str = Paper.A4.value
    locale: str = "en"

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
        """From the job's parameters, as this version or another stored them; what they lack has its default.
        Raises Invalid where they lack what has none, and for a field that is not known here: it would change
        the question, and the answer would be to another one."""
        strays = stored.keys() - {each.name for each in fields(cls)}
        if strays:
            raise Invalid(f"It was asked by another version: {min(strays)!r} is not known here.")
        missing = _REQUIRED - stored.keys()
        if missing:
            raise Invalid(f"What was asked lacks {min(missing)!r}.")
        return cls(**stored)

    def as_json(self) -> dict[str, Any]:
        """For the job's parameters."""
        return asdict(self)

    def period(self, now: datetime) -> Period:
        """The time that is asked about, as things are now."""
        return period_again(start=self.start, until=self.until, time_zone=self.time_zone, now=now)

    def kind_of(self, *, user_id: int, now: datetime) -> ReportKind[Any]:
        """What answers it. Raises Invalid for a kind that there is no longer, parameters that it knows no
        longer, and any other choice that is gone."""
        kind = kind_named(self.kind)
        self._check_choices()
        question = Question(
            user_id=user_id,
            scope=Scope.parse(self.scope),
            period=self.period(now),
            week_start=cast(WeekStart, self.week_start),
            include_bots=self.include_bots,
        )
        return kind(question, parse(kind.parameters, self.params))

    def _check_choices(self) -> None:
        for name, chosen, known in (
            ("formats", self.formats, list(RENDERERS)),
            ("paper", [self.paper], list(Paper)),
            ("week_start", [self.week_start], WeekStarts.values),
        ):
            strays = [each for each in chosen if each not in known]
            if strays:
                message = f"Of the choices for {name} there is no {strays[0]!r}."
                raise Invalid(message, fields={name: [message]})


_REQUIRED = {
    each.name
    for each in fields(Asked)
    if each.default is MISSING and each.default_factory is MISSING
}
