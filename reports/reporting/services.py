"""Writes of reports: their definitions, and runs, which are jobs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from gridlink.accounts.models import User
from gridlink.lib.database import lock_row
from gridlink.lib.errors import Conflict, NotFound
from gridlink.lib.models import require_version
from grids.access import grid_write, link_write
from reports.models import Report, ReportRun
from reports.reporting.kinds.parameters import as_json, parse
from reports.reporting.kinds.registry import kind_named
from reports.reporting.kinds.scope import Scope
from reports.reporting.runs.fingerprint import basis_of, is_same
from reports.reporting.runs.runner import REPORT
from reports.reporting.runs.spec import Asked
from tasks.jobs.services import Submission, job_submit
from tasks.models import FileRole, JobStatus
from tasks.notifications.recipients import DeliveryRequest


def report_create(*, user: User, **fields: Any) -> Report:
    """Save a definition. Raises Invalid per field, NotFound for a grid or link in the scope that is not the
    user's, and Conflict when there are as many reports as one may have."""
    report = Report(user=user, **fields)
    _check(report)
    _check_scope(report)
    with transaction.atomic():
        lock_row(user)
        if Report.objects.filter(user=user).count() >= settings.REPORTS_PER_USER:
            message = f"There are {settings.REPORTS_PER_USER} reports already; delete one first."
            raise Conflict(message)
        report.save(force_insert=True)
    return report


def report_update(*, report: Report, version: int | None, changes: dict[str, Any]) -> Report:
    """Change a definition; earlier runs stay as they are. Raises as `report_create`, and
    PreconditionFailed."""
    with transaction.atomic():
        report = _locked(report)
        require_version(report.version, version)
        # Parameters belong to their kind.
        if changes.get("kind", report.kind) != report.kind:
            changes = {"params": {}, **changes}
        for name, value in changes.items():
            setattr(report, name, value)
        _check(report)
        # What it named before may be gone by now: a run tells of that.
        if "scope" in changes:
            _check_scope(report)
        report.version += 1
        report.modified_on = timezone.now()
        report.save()
    return report


def report_delete(*, report: Report, version: int | None) -> None:
    """Delete a definition; the jobs of its runs stay with their files. Raises PreconditionFailed."""
    with transaction.atomic():
        report = _locked(report)
        require_version(report.version, version)
        report.delete()


def run_submit(
    *,
    report: Report,
    moment: datetime | None = None,
    like: ReportRun | None = None,
    fresh: bool = False,
    idempotency_key: str = "",
    deliveries: Sequence[DeliveryRequest] = (),
) -> Submission:
    """Queue a run: of the range as of `moment`, or of just what an earlier run asked. While nothing has
    changed that the numbers come from, it is the earlier run of the same question, unless a `fresh` one is
    wanted.

    Raises Invalid for a definition, or an earlier run, that makes no sense by now, and what `job_submit`
    raises.
    """
    now = timezone.now()
    asked = (
        Asked.from_json(like.job.params)
        if like
        else Asked.of(report, locale=report.user.locale, now=moment or now)
    )
    kind = asked.kind_of(user_id=report.user_id, now=now)
    if not fresh and (earlier := _unchanged(report, asked, kind.depends_on, now)):
        return Submission(earlier.job, created=False)
    with transaction.atomic():
        # So that it is not deleted meanwhile.
        if not lock_row(report):
            raise NotFound
        submission = job_submit(
            user=report.user,
            kind=REPORT,
            params=asked.as_json(),
            idempotency_key=idempotency_key,
            deliveries=deliveries,
            request={
                "report": [report.slug, report.version],
                "like": like.job.slug if like else "",
                "moment": moment.isoformat() if moment else "",
                "fresh": fresh,
            },
        )
        run = ReportRun(job=submission.job, report=report)
        # An earlier request may have made it, with the job.
        ReportRun.objects.bulk_create([run], ignore_conflicts=True)
    return submission


def _unchanged(report: Report, asked: Asked, reads: Any, now: datetime) -> ReportRun | None:
    """The last run that asked the same and has all of its files, if its answer must still be the same."""
    runs = report.runs.select_related("job").filter(
        job__params=asked.as_json(), job__status=JobStatus.SUCCEEDED, result__isnull=False
    )
    run = runs.defer("result").order_by("-job").first()
    if run is None or run.basis is None:
        return None
    files = run.job.files.filter(role=FileRole.OUTPUT, deleted_on=None, expires_on__gt=now)
    if files.count() < len(asked.formats):
        return None
    until = asked.period(now).until
    basis = basis_of(user_id=report.user_id, reads=reads, until=until)
    return run if is_same(run.basis, basis) else None


def _locked(report: Report) -> Report:
    found = Report.objects.select_for_update(no_key=True).filter(pk=report.pk).first()
    if found is None:
        raise NotFound
    return found


def _check(report: Report) -> None:
    """Raises for what can be told to make no sense before it is run; fills in the defaults of parameters."""
    kind = kind_named(report.kind)
    report.params = as_json(parse(kind.parameters, report.params))
    report.scope = Scope.parse(report.scope).as_json()
    now = timezone.now()
    asked = Asked.of(report, locale=report.user.locale, now=now)
    asked.kind_of(user_id=report.user_id, now=now).check()


def _check_scope(report: Report) -> None:
    for slug in report.scope["grids"]:
        grid_write(report.user, slug)
    for slug in report.scope["links"]:
        link_write(report.user, slug)
