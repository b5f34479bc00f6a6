"""Look up the reports and runs that a user may read or change, by slug."""

from __future__ import annotations

from django.db.models import QuerySet

from gridlink.accounts.models import User
from gridlink.lib.errors import Conflict, Gone, NotFound
from reports.models import Report, ReportRun
from tasks.models import DELIVERED, JobStatus


def report_write(actor: User, slug: str) -> Report:
    """Return one of the actor's own reports. Raises NotFound."""
    report = Report.objects.filter(user=actor, slug=slug).first()
    if report is None:
        raise NotFound
    report.user = actor
    return report


def run_read(report: Report, slug: str) -> ReportRun:
    """Return a run by the slug of its job, without its result. Raises NotFound."""
    return _run(ReportRun.objects.defer("result"), report, slug)


def shown_read(report: Report, slug: str) -> ReportRun:
    """Return a run that has a result or may still get one.

    Raises NotFound, and Gone when its result is deleted.
    """
    run = _run(ReportRun.objects.all(), report, slug)
    if run.result is None and run.job.status in (*DELIVERED, JobStatus.EXPIRED):
        raise Gone("The result of this run has been deleted; run the report again.")
    return run


def answered_read(report: Report, slug: str) -> ReportRun:
    """Return a run that has a result. Raises NotFound, Gone, and Conflict without one."""
    run = shown_read(report, slug)
    if run.result is None:
        raise Conflict(f"The run is {run.job.status}; it has no result.")
    return run


def _run(runs: QuerySet[ReportRun], report: Report, slug: str) -> ReportRun:
    run = runs.select_related("job").filter(report=report, job__slug=slug).first()
    if run is None:
        raise NotFound
    return run
