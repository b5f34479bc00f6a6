"""Archive the definitions of reports; their runs are jobs, which no archive has."""

from __future__ import annotations

from typing import Any

from gridlink.accounts.models import User, WeekStart
from gridlink.lib.errors import Invalid
from gridlink.lib.zones import zone_names
from reports.exports.archive import names
from reports.exports.archive.fields import model_fields
from reports.exports.archive.tables.records import check_title
from reports.exports.archive.tables.validated import (
    Decision,
    Row,
    ValidatedTable,
    check_object,
    first_error,
)
from reports.exports.archive.values import VERSION, choice, reference, texts
from reports.models import Report
from reports.reporting.kinds.parameters import parse
from reports.reporting.kinds.registry import KINDS
from reports.reporting.kinds.scope import Scope
from reports.reporting.renderers.base import Paper
from reports.reporting.renderers.registry import RENDERERS
from reports.reporting.runs.ranges import RangeSerializer

_PARAMS_LENGTH = 20_000
_NAMES = (
    "slug", "title", "kind", "params", "scope", "range", "time_zone", "week_start", "include_bots",
    "formats", "paper", "version", "created_on", "modified_on",
)  # fmt: skip


def _check_scope(scope: Any) -> None:
    if type(scope) is not dict:
        raise ValueError("it is no object")
    try:
        parsed = Scope.parse(scope).as_json()
    except Invalid as error:
        raise ValueError(first_error(error.fields)) from error
    if parsed != scope:
        raise ValueError("it does not have grids, links and tags, each once")


class ReportsTable(ValidatedTable):
    """Restore definitions, except those that this version cannot run; deleted grids do not matter."""

    name = "reports"
    kind = "rp"
    model = Report
    limit = "REPORTS_PER_USER"
    label = "title"
    fields = model_fields(
        Report,
        "report",
        _NAMES,
        checks={
            "title": check_title,
            "params": check_object(_PARAMS_LENGTH),
            "scope": _check_scope,
            "range": check_object(_PARAMS_LENGTH),
        },
        overrides={
            "slug": reference("rp"),
            "week_start": choice(WeekStart.values),
            "formats": texts(100, 10),
            "paper": choice([paper.value for paper in Paper]),
            "version": VERSION,
        },
    )
    source = "FROM reports_report AS report WHERE report.user_id = %(user)s"
    order = "report.id"
    compared_as = {"scope": "row.remapped"}
    staged = (*ValidatedTable.staged, "remapped jsonb")

    def remap(self, cursor: Any) -> None:
        """Stage the grids and links of the scope as they are here."""
        names.remap_references(cursor, self.staging, "scope", {"gr": "{grids}", "li": "{links}"})

    def validate(self, user: User, row: Row) -> Decision:
        """Leave out invalid definitions, but not for a range too long by now."""
        fault = _fault(row)
        return Decision("skip", fault) if fault else Decision()


def _fault(row: Row) -> str:
    """Return why this version cannot run the definition; empty if it can."""
    kind, formats = KINDS.get(row["kind"]), row["formats"]
    ranges = RangeSerializer(data=row["range"])
    if kind is None:
        return f"there is no kind of report {row['kind']!r} here"
    if row["time_zone"] not in zone_names():
        return f"there is no time zone {row['time_zone']!r} here"
    if not formats or len(set(formats)) < len(formats) or set(formats) - RENDERERS.keys():
        return f"its formats are not some of: {', '.join(RENDERERS)}"
    if not ranges.is_valid():
        return f"its range cannot be read here: {first_error(ranges.errors)}"
    try:
        parse(kind.parameters, row["params"])
    except Invalid as error:
        return f"its parameters cannot be read here: {first_error(error.fields)}"
    return ""
