"""Divide the period of a report into rows of an hour, day, week or month."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from rest_framework.serializers import ChoiceField

from gridlink.lib.errors import Invalid
from reports.analytics.buckets import Bucket, buckets
from reports.analytics.metrics import Row
from reports.reporting.kinds.base import ReportKind
from reports.reporting.kinds.parameters import Parameters
from reports.reporting.results.cells import Cell, CellType
from reports.reporting.results.result import Column

# The step for periods up to a length; a month for longer ones.
_AUTO = [
    (timedelta(days=2, hours=1), "hour"),
    (timedelta(days=93), "day"),
    (timedelta(days=732), "week"),
]
_TITLES = {"hour": "Hour", "day": "Day", "week": "Week of", "month": "Month of"}


class StepParameters(Parameters):
    """Validate the step into which time is divided."""

    step = ChoiceField(
        ["auto", *_TITLES],
        default="auto",
        help_text="The time that each row covers; `auto` depends on the length of the range.",
    )


class SteppedKind(ReportKind):
    """Provide the steps for kinds with a row for each step of time."""

    @property
    def step(self) -> str:
        """Return the requested step, or the one that `auto` stands for."""
        step: str = self.params["step"]
        if step != "auto":
            return step
        length = self.query.period.until - self.query.period.start
        return next((auto for longest, auto in _AUTO if length <= longest), "month")

    def check(self) -> None:
        """Raise Invalid, naming `step`, for more steps than a result can hold."""
        try:
            self.buckets()
        except Invalid as error:
            raise Invalid(error.message, fields={"step": error.fields["group_by"]}) from error

    def buckets(self) -> list[Bucket]:
        """Return the steps of the period; raises Invalid for too many."""
        query = self.query
        return buckets(query.period, group_by=self.step, week_start=query.week_start)


def time_column(step: str) -> Column:
    """Return the column of each step's start: a time for hours, else a date."""
    kind = CellType.MOMENT if step == "hour" else CellType.DAY
    return Column("time", _TITLES[step], kind)


def time_cell(step: str, key: str, start: str) -> Cell:
    """Return a cell of the column, from a bucket's key and local start."""
    if step == "hour":
        return datetime.fromisoformat(start)
    return date.fromisoformat(f"{key}-01" if step == "month" else key)


def local_start(row: Row) -> datetime:
    """Return the local time at which a row begins, without a zone."""
    return datetime.fromisoformat(row.details["start"]).replace(tzinfo=None)
