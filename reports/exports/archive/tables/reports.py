"""Reports as they are defined. Their runs are jobs, which no archive has."""

from __future__ import annotations

from typing import Any

from gridlink.accounts.models import User, WeekStart
from gridlink.lib.errors import Invalid
from gridlink.lib.zones import zone_names
from reports.exports.archive import names
from reports.exports.archive.table import Field
from reports.exports.archive.tables.defined import (
    DefinedTable,
    Judged,
    Row,
    check_object,
    first_fault,
)
from reports.exports.archive.tables.placed import INTEGER_MAX, check_title
from reports.exports.archive.values import Choice, Flag, Integer, Json, Moment, Ref, Text, Texts
from reports.models import TITLE_LENGTH, Report
from reports.reporting.kinds.parameters import parse
from reports.reporting.kinds.registry import KINDS
from reports.reporting.kinds.scope import Scope
from reports.reporting.renderers.base import Paper
from reports.reporting.renderers.registry import RENDERERS
from reports.reporting.runs.ranges import RangeSerializer

_PARAMS_LENGTH = 20_000
_COLUMNS = (
    "title", "kind", "params", "range", "time_zone", "week_start", "include_bots", "formats",
    "paper", "version", "created_on", "modified_on",
)  # fmt: skip


def _check_scope(scope: Any) -> None:
    if type(scope) is not dict:
        raise ValueError("it is no object")
    try:
        parsed = Scope.parse(scope).as_json()
    except Invalid as error:
        raise ValueError(first_fault(error.fields)) from error
    if parsed != scope:
        raise ValueError("it does not have grids, links and tags, each once")


def _row(table: str, scope: str) -> str:
    return ", ".join(f"{table}.{name}" for name in (*_COLUMNS, scope))


class ReportsTable(DefinedTable):
    """A definition. One that this version cannot answer is left out: not one that names what is gone."""

    name = "reports"
    kind = "rp"
    model = Report
    model_table = "reports_report"
    limit = "REPORTS_PER_USER"
    label = "title"
    fields = (
        Field("slug", "report.slug", Ref("rp")),
        Field("title", "report.title", Text(TITLE_LENGTH, check_title)),
        Field("kind", "report.kind", Text(30)),
        Field("params", "report.params", Json(check_object(_PARAMS_LENGTH))),
        Field("scope", "report.scope", Json(_check_scope)),
        Field("range", "report.range", Json(check_object(_PARAMS_LENGTH))),
        Field("time_zone", "report.time_zone", Text(64)),
        Field("week_start", "report.week_start", Choice(WeekStart.values)),
        Field("include_bots", "report.include_bots", Flag()),
        Field("formats", "report.formats", Texts(100, 10)),
        Field("paper", "report.paper", Choice([paper.value for paper in Paper])),
        Field("version", "report.version", Integer(1, INTEGER_MAX)),
        Field("created_on", "report.created_on", Moment()),
        Field("modified_on", "report.modified_on", Moment()),
    )
    source = "FROM reports_report AS report WHERE report.user_id = %(user)s"
    order = "report.id"
    same = f"({_row('here', 'scope')}) IS NOT DISTINCT FROM ({_row('row', 'given')})"
    extra = (*DefinedTable.extra, "given jsonb")

    def follow(self, cursor: Any) -> None:
        """The grids and links of the scope."""
        names.follow(cursor, self.staging, "scope", {"gr": "{grids}", "li": "{links}"})

    def judge(self, user: User, row: Row) -> Judged:
        """By what does not change with the day: a range that has become too long is told when it is run."""
        fault = _fault(row)
        return Judged("skip", fault) if fault else Judged()

    def fields_of(self, row: Row) -> Row:
        """All of them."""
        return {**{name: row[name] for name in _COLUMNS}, "scope": row["given"]}


def _fault(row: Row) -> str:
    """Why this version could not answer it; empty when it can."""
    kind, formats, ranges = (
        KINDS.get(row["kind"]),
        row["formats"],
        RangeSerializer(data=row["range"]),
    )
    if kind is None:
        return f"there is no kind of report {row['kind']!r} here"
    if row["time_zone"] not in zone_names():
        return f"there is no time zone {row['time_zone']!r} here"
    if not formats or len(set(formats)) < len(formats) or set(formats) - RENDERERS.keys():
        return f"its formats are not some of: {', '.join(RENDERERS)}"
    if not ranges.is_valid():
        return f"its range cannot be read here: {first_fault(ranges.errors)}"
    try:
        parse(kind.parameters, row["params"])
    except Invalid as error:
        return f"its parameters cannot be read here: {first_fault(error.fields)}"
    return ""
