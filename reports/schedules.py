"""What a schedule can start here: a saved report, or an export."""

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
from reports.exports.services import export_params, export_submit
from reports.reporting.runs.ranges import RangeSerializer, period_at
from reports.reporting.services import run_submit
from tasks.jobs.services import Submission
from tasks.schedules.registry import Occurrence, ScheduledAction, register


class _ReportParams(StrictSerializer):
    report = TextField(max_length=35)


class _ExportParams(ExportSerializer):
    range = RangeSerializer(required=False)


@register
class RunReport(ScheduledAction):
    """`params`: report, the slug of a saved one. Its range is as of the slot."""

    name = "report"

    def validate(self, *, user: User, params: dict[str, Any]) -> dict[str, Any]:
        """Raises Invalid, and NotFound for a report that is not the user's."""
        found = validated(_ReportParams, params)
        report_write(user, found["report"])
        return found

    def submit(self, *, user: User, params: dict[str, Any], occurrence: Occurrence) -> Submission:
        """Always a run of its own: an earlier one was delivered already."""
        wish = _again(_ReportParams, params)
        with _told("The report"):
            report = report_write(user, wish["report"])
        return run_submit(
            report=report,
            moment=occurrence.slot,
            fresh=True,
            idempotency_key=occurrence.key,
            deliveries=occurrence.deliveries,
        )


@register
class MakeExport(ScheduledAction):
    """`params`: as of `exports/`; and range, as a report's, which stands for `from` and `to` as of the
    slot."""

    name = "export"

    def validate(self, *, user: User, params: dict[str, Any]) -> dict[str, Any]:
        """Raises Invalid, and NotFound for a grid or link in the filters that is not the user's."""
        found = validated(_ExportParams, params)
        moments = {"from", "to"} & found["filters"].keys()
        if "range" in found and moments:
            message = "Give a range, or `from` and `to` in the filters."
            raise Invalid("Some fields are not valid.", fields={"range": [message]})
        export_params(user=user, **_resolved(found, user.week_start, timezone.now()))
        return found

    def submit(self, *, user: User, params: dict[str, Any], occurrence: Occurrence) -> Submission:
        """The job."""
        wish = _resolved(_again(_ExportParams, params), user.week_start, occurrence.slot)
        with _told("A grid or a link in the filters"):
            return export_submit(
                user=user, idempotency_key=occurrence.key, deliveries=occurrence.deliveries, **wish
            )


def _again(form: type[StrictSerializer], params: dict[str, Any]) -> dict[str, Any]:
    """Parameters that were kept, perhaps by another version, with the defaults of what has been added since.
    Raises Invalid for what there is no longer."""
    try:
        return validated(form, params)
    except ValidationError as error:
        fault = first_error(error.detail)
        raise Invalid(f"Its parameters make no sense any more. {fault}") from error


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Whoever reads the note of a slot did not ask just now, and must be told what is missing."""
    try:
        yield
    except NotFound as error:
        raise NotFound(f"{what} is gone.") from error


def _resolved(params: dict[str, Any], week_start: str, moment: datetime) -> dict[str, Any]:
    """The wish for an export, with the range as of a moment."""
    wish = {name: value for name, value in params.items() if name != "range"}
    if "range" not in params:
        return wish
    zone = params["time_zone"]
    period = period_at(range=params["range"], time_zone=zone, week_start=week_start, now=moment)
    moments = {"from": period.start.isoformat(), "to": period.until.isoformat()}
    return {**wish, "filters": {**wish["filters"], **moments}}
