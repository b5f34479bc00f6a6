"""Define the actions of schedules: running a saved report, and making an export."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.utils import timezone
from rest_framework.exceptions import ValidationError

from gridlink.accounts.models import User
from gridlink.lib.errors import Invalid, NotFound
from gridlink.lib.rest.serializers import StrictSerializer, TextField, validated
from reports.access import report_write
from reports.exports.archive.tables.validated import first_error
from reports.exports.serializers import ExportSerializer
from reports.exports.services import export_params
from reports.reporting.runs.ranges import RangeSerializer, period_at
from reports.reporting.services import run_submit
from tasks.jobs.services import Submission, job_submit
from tasks.schedules.registry import Occurrence, ScheduledAction, register


class _ReportParams(StrictSerializer):
    report = TextField(max_length=35)


class _ExportParams(ExportSerializer):
    range = RangeSerializer(required=False)


@register
class RunReport(ScheduledAction):
    """Run the saved report of `params`; its range is relative to the slot's time."""

    name = "report"

    def validate(self, *, user: User, params: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters; raises Invalid, and NotFound for another user's report."""
        found = validated(_ReportParams, params)
        report_write(user, found["report"])
        return found

    def submit(self, *, user: User, params: dict[str, Any], occurrence: Occurrence) -> Submission:
        """Submit a fresh run, since an earlier one was delivered already."""
        with _missing("The report"):
            report = report_write(user, _stored(_ReportParams, params)["report"])
        return run_submit(
            report=report,
            moment=occurrence.slot,
            fresh=True,
            idempotency_key=occurrence.key,
            deliveries=occurrence.deliveries,
        )


@register
class MakeExport(ScheduledAction):
    """Make an export; `params` are those of the API, and optionally a `range`.

    The range is relative to the slot's time, like a report's; it replaces `from` and `to` in the filters.
    """

    name = "export"

    def validate(self, *, user: User, params: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters; raises Invalid, and NotFound for another user's grid or link."""
        found = validated(_ExportParams, params)
        if "range" in found and {"from", "to"} & found["filters"].keys():
            message = "Give either a range, or `from` and `to` in the filters."
            raise Invalid("Some fields are not valid.", fields={"range": [message]})
        export_params(user=user, **_resolve_range(found, user.week_start, timezone.now()))
        return found

    def submit(self, *, user: User, params: dict[str, Any], occurrence: Occurrence) -> Submission:
        """Submit the export."""
        stored = _stored(_ExportParams, params)
        export = _resolve_range(stored, user.week_start, occurrence.slot)
        with _missing("A grid or link in the filters"):
            kind, params = export_params(user=user, **export)
        return job_submit(
            user=user,
            kind=kind,
            params=params,
            idempotency_key=occurrence.key,
            deliveries=occurrence.deliveries,
        )


def _stored(form: type[StrictSerializer], params: dict[str, Any]) -> dict[str, Any]:
    """Validate parameters that another version may have stored; raises Invalid."""
    try:
        return validated(form, params)
    except ValidationError as error:
        fault = first_error(error.detail)
        raise Invalid(f"The schedule's parameters are no longer valid. {fault}") from error


@contextmanager
def _missing(what: str) -> Iterator[None]:
    """Name what is missing in NotFound, whose message becomes the slot's note."""
    try:
        yield
    except NotFound as error:
        raise NotFound(f"{what} no longer exists.") from error


def _resolve_range(params: dict[str, Any], week_start: str, moment: datetime) -> dict[str, Any]:
    """Return the parameters of an export, with the range resolved at a moment."""
    export = {name: value for name, value in params.items() if name != "range"}
    if "range" not in params:
        return export
    zone = params["time_zone"]
    period = period_at(range=params["range"], time_zone=zone, week_start=week_start, now=moment)
    moments = {"from": period.start.isoformat(), "to": period.until.isoformat()}
    return {**export, "filters": {**export["filters"], **moments}}
