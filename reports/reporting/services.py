"""Create, change and delete reports, and submit their runs, which are jobs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from gridlink.accounts.models import User
from gridlink.lib.database import lock_row
from gridlink.lib.errors import Conflict, NotFound
from gridlink.lib.models import require_version
from gridlink.lib.unset import UNSET, Unset, given
from grids.access import grids_write, links_write
from reports.models import Report, ReportRun
from reports.reporting.kinds.base import DataSource
from reports.reporting.kinds.parameters import parse
from reports.reporting.kinds.registry import kind_named
from reports.reporting.kinds.scope import Scope
from reports.reporting.runs.fingerprint import data_fingerprint, is_unchanged
from reports.reporting.runs.runner import REPORT
from reports.reporting.runs.spec import RunSpec
from tasks.jobs.services import Submission, job_submit
from tasks.models import FileRole, JobStatus
from tasks.notifications.recipients import DeliveryRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportChanges:
    """Hold the fields of a report that change."""

    title: str | Unset = UNSET
    kind: str | Unset = UNSET
    params: dict[str, Any] | Unset = UNSET
    scope: dict[str, Any] | Unset = UNSET
    range: dict[str, Any] | Unset = UNSET
    time_zone: str | Unset = UNSET
    week_start: str | Unset = UNSET
    include_bots: bool | Unset = UNSET
    formats: Sequence[str] | Unset = UNSET
    paper: str | Unset = UNSET


def report_create(
    *,
    user: User,
    title: str,
    kind: str,
    params: dict[str, Any],
    scope: dict[str, Any],
    range: dict[str, Any],
    time_zone: str,
    week_start: str,
    include_bots: bool,
    formats: Sequence[str],
    paper: str,
) -> Report:
    """Save a definition.

    Raises Invalid, NotFound for another user's grid or link, and Conflict for too many reports.
    """
    report = Report(
        user=user,
        title=title,
        kind=kind,
        params=params,
        scope=scope,
        range=range,
        time_zone=time_zone,
        week_start=week_start,
        include_bots=include_bots,
        formats=formats,
        paper=paper,
    )
    _validate(report)
    _check_scope(report)
    with transaction.atomic():
        lock_row(user)
        if Report.objects.filter(user=user).count() >= settings.REPORTS_PER_USER:
            message = f"There are {settings.REPORTS_PER_USER} reports already; delete one first."
            raise Conflict(message)
        report.save(force_insert=True)
    return report


def report_update(*, report: Report, version: int | None, changes: ReportChanges) -> Report:
    """Change a definition; earlier runs stay as they are.

    Another kind begins with default parameters. Raises as `report_create`, and PreconditionFailed.
    """
    with transaction.atomic():
        report = _locked(report)
        require_version(report.version, version)
        if changes.kind not in (UNSET, report.kind):
            report.params = {}
        for name, value in given(changes).items():
            setattr(report, name, value)
        _validate(report)
        # An unchanged scope may name what no longer exists; runs report that.
        if changes.scope is not UNSET:
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
    """Queue a run of the range as of `moment`, or `like` an earlier run.

    Unless `fresh`, this returns an earlier equal run while the data is unchanged. Raises Invalid for a
    definition or an earlier run that is no longer valid, and what `job_submit` raises.
    """
    now = timezone.now()
    if like:
        spec = RunSpec.from_json(like.job.params)
    else:
        spec = RunSpec.of(report, locale=report.user.locale, now=moment or now)
    kind = spec.report_kind(user_id=report.user_id, now=now)
    if not fresh and (earlier := _unchanged_run(report, spec, kind.depends_on, now)):
        return Submission(earlier.job, created=False)
    with transaction.atomic():
        # Against concurrent deletion.
        if not lock_row(report):
            raise NotFound
        submission = job_submit(
            user=report.user,
            kind=REPORT,
            params=spec.as_json(),
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
        # An earlier request with the same key may have made it with the job.
        ReportRun.objects.bulk_create([run], ignore_conflicts=True)
    return submission


def _unchanged_run(
    report: Report, spec: RunSpec, reads: Iterable[DataSource], now: datetime
) -> ReportRun | None:
    """Return the last equal run, if it has all files and the data is unchanged."""
    runs = report.runs.select_related("job").filter(
        job__params=spec.as_json(), job__status=JobStatus.SUCCEEDED, result__isnull=False
    )
    run = runs.defer("result").order_by("-job").first()
    if run is None or run.basis is None:
        return None
    files = run.job.files.filter(role=FileRole.OUTPUT, deleted_on=None, expires_on__gt=now)
    if files.count() < len(spec.formats):
        return None
    until = spec.period(now).until
    fingerprint = data_fingerprint(user_id=report.user_id, reads=reads, until=until)
    return run if is_unchanged(run.basis, fingerprint) else None


def _locked(report: Report) -> Report:
    found = Report.objects.select_for_update(no_key=True).filter(pk=report.pk).first()
    if found is None:
        raise NotFound
    return found


def _validate(report: Report) -> None:
    """Check a definition as far as possible before a run, and add the default parameters."""
    kind = kind_named(report.kind)
    report.params = parse(kind.parameters, report.params)
    report.scope = Scope.parse(report.scope).as_json()
    now = timezone.now()
    spec = RunSpec.of(report, locale=report.user.locale, now=now)
    spec.report_kind(user_id=report.user_id, now=now).check()


def _check_scope(report: Report) -> None:
    grids_write(report.user, report.scope["grids"])
    links_write(report.user, report.scope["links"])
