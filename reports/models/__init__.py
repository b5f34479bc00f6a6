"""Define clicks, views and their roll-ups, and reports and their runs."""

from __future__ import annotations

from reports.models.archive import DeletedSlug as DeletedSlug
from reports.models.archive import FormerKey as FormerKey
from reports.models.archive import RawFrom as RawFrom
from reports.models.click import Click as Click
from reports.models.click import SeenVisitor as SeenVisitor
from reports.models.click import UserAgent as UserAgent
from reports.models.click import Verdict as Verdict
from reports.models.click import View as View
from reports.models.click import Visit as Visit
from reports.models.click import VisitorSalt as VisitorSalt
from reports.models.report import TITLE_LENGTH as TITLE_LENGTH
from reports.models.report import Report as Report
from reports.models.report import ReportRun as ReportRun
from reports.models.rollup import Counts as Counts
from reports.models.rollup import DayValue as DayValue
from reports.models.rollup import Dimension as Dimension
from reports.models.rollup import GridDayValue as GridDayValue
from reports.models.rollup import GridHour as GridHour
from reports.models.rollup import LinkDay as LinkDay
from reports.models.rollup import LinkHour as LinkHour
from reports.models.rollup import UserDayValue as UserDayValue
from reports.models.rollup import UserHour as UserHour
from reports.models.rollup import ViewCounts as ViewCounts
from reports.models.stream import Producer as Producer
from reports.models.stream import SetAside as SetAside
from reports.models.stream import Watermark as Watermark
