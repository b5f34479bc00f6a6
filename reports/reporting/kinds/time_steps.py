"""Time in a report: how long its buckets are, and what stands for them in a table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from gridlink.lib.errors import Invalid
from reports.analytics.buckets import buckets
from reports.analytics.metrics import Row
from reports.analytics.periods import Period
from reports.reporting.results.cells import Cell, CellType
from reports.reporting.results.result import Column

if TYPE_CHECKING:
    from reports.reporting.kinds.base import Question

Step = Literal["auto", "hour", "day", "week", "month"]
STEP_HELP = "How long one row is; `auto` goes by the length of the range."
# Until which length of a period the step is taken.
_AUTO = [
    (timedelta(days=2, hours=1), "hour"),
    (timedelta(days=93), "day"),
    (timedelta(days=732), "week"),
]
_LONGEST = "month"
_TITLES = {"hour": "Hour", "day": "Day", "week": "Week of", "month": "Month of"}


def step_of(question: Question, wanted: Step) -> str:
    """What `auto` stands for, or what was wanted."""
    return _auto(question.period) if wanted == "auto" else wanted


def check_step(question: Question, wanted: Step) -> None:
    """Raises Invalid, naming `step`, for more of them than an answer can hold."""
    step = step_of(question, wanted)
    try:
        buckets(question.period, group_by=step, week_start=question.week_start)
    except Invalid as error:
        raise Invalid(error.message, fields={"step": error.fields["group_by"]}) from error


def _auto(period: Period) -> str:
    length = period.until - period.start
    return next((step for longest, step in _AUTO if length <= longest), _LONGEST)


def time_column(step: str) -> Column:
    """The column `time`: of hours the moment at which one begins within the range, else the day with which
    the whole of a day, week or month begins."""
    kind = CellType.MOMENT if step == "hour" else CellType.DAY
    return Column("time", _TITLES[step], kind)


def time_cell(step: str, key: str, start: str) -> Cell:
    """What stands in it: of the key of a bucket, and its local start as ISO 8601 with its offset."""
    return _CELLS[step](key, start)


def wall(row: Row) -> datetime:
    """What clocks and calendars show when the row begins."""
    return datetime.fromisoformat(row.details["start"]).replace(tzinfo=None)


def _hour(key: str, start: str) -> Cell:
    return datetime.fromisoformat(start)


def _day(key: str, start: str) -> Cell:
    return date.fromisoformat(key)


def _month(key: str, start: str) -> Cell:
    return date.fromisoformat(f"{key}-01")


_CELLS: dict[str, Callable[[str, str], Cell]] = {
    "hour": _hour,
    "day": _day,
    "week": _day,
    "month": _month,
}
