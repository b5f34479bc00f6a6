"""Define clicks, views and their roll-ups, and reports and their runs."""

from __future__ import annotations

from reports.models.archive import FormerKey, RawFrom
from reports.models.click import Click, SeenVisitor, UserAgent, Verdict, View, Visit, VisitorSalt
from reports.models.report import TITLE_LENGTH, Report, ReportRun
from reports.models.rollup import (
    Counts,
    DayValue,
    Dimension,
    GridDayValue,
    GridHour,
    LinkDay,
    LinkHour,
    UserDayValue,
    UserHour,
    ViewCounts,
)
from reports.models.stream import Producer, SetAside, Watermark

__all__ = [
    "TITLE_LENGTH",
    "Click",
    "Counts",
    "DayValue",
    "Dimension",
    "FormerKey",
    "GridDayValue",
    "GridHour",
    "LinkDay",
    "LinkHour",
    "Producer",
    "RawFrom",
    "Report",
    "ReportRun",
    "SeenVisitor",
    "SetAside",
    "UserAgent",
    "UserDayValue",
    "UserHour",
    "Verdict",
    "View",
    "ViewCounts",
    "Visit",
    "VisitorSalt",
    "Watermark",
]
