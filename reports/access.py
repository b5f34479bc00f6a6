"""The only door from an identifier that somebody sent to a report or a run of it."""

from __future__ import annotations

from gridlink.accounts.models import User
from gridlink.lib.errors import Conflict, NotFound
from reports.report_models import Report, ReportRun


def report_write(actor: User, slug: str) -> Report:
    """One of the actor's own reports. Raises NotFound."""
    report = Report.objects.filter(user=actor, slug=slug).first()
    if report is None:
        raise NotFound
    return report


def run_read(report: Report, slug: str) -> ReportRun:
    """A run of the report, by the slug of its job. Raises NotFound."""
    run = ReportRun.objects.select_related("job").filter(report=report, job__slug=slug).first()
    if run is None:
        raise NotFound
    return run


def answered_read(report: Report, slug: str) -> ReportRun:
    """A run of the report that has a result. Raises NotFound, and Conflict when it has none."""
    run = run_read(report, slug)
    if run.result is None:
        raise Conflict(f"The run is {run.job.status}; it has no result.")
    return run
