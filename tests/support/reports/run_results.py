"""Create finished runs of a report without running them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from reports.models import Report, ReportRun
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Column, Result, Row, Table
from reports.reporting.runs.compression import compress
from reports.reporting.runs.runner import REPORT
from reports.reporting.runs.spec import RunSpec
from tests.support.client import Client
from tests.support.platform import make_job
from tests.support.reports.report_runs import define

BASIS = {"watermark": 5, "judged_again": 0, "bot_rules": 1, "state": {}}
COLUMNS = (
    Column("number", "Number", CellType.INTEGER),
    Column("title", "Title", CellType.TEXT),
    Column("url", "Address", CellType.ADDRESS),
)


def defined(client: Client, **fields: Any) -> Report:
    """A saved report of the client's."""
    return Report.objects.get(slug=define(client, **fields)["slug"])


def rows_of(count: int) -> list[Row]:
    """So many rows that no two are alike."""
    return [
        (number, f"Σελίδα {number}", f"https://e.example/{number * 7919 % 104729:x}/index.html")
        for number in range(count)
    ]


def result_of_rows(rows: list[Row]) -> Result:
    """A result of one table."""
    table = Table("links", "Links", COLUMNS, rows, ("number",))
    return Result("traffic", "Größe", "", "UTC", (), (table,), ())


def answered(report: Report, *, days: float = 0, rows: int = 3, **fields: Any) -> ReportRun:
    """A run that succeeded so many days ago."""
    ended = timezone.now() - timedelta(days=days)
    job = make_job(
        report.user,
        kind=REPORT,
        queue="reports",
        params=RunSpec.of(report, locale="en", now=ended).as_json(),
        result={"rows": rows},
        **{"status": "succeeded", "finished_on": ended, **fields},
    )
    result = compress(result_of_rows(rows_of(rows)))
    return ReportRun.objects.create(
        job=job, report=report, basis=BASIS, result=result, kept_since=ended
    )


def unanswered(report: Report, status: str = "failed") -> ReportRun:
    """A run without a result."""
    job = make_job(report.user, kind=REPORT, queue="reports")
    ended = None if status == "queued" else timezone.now()
    type(job).objects.filter(pk=job.pk).update(status=status, finished_on=ended)
    return ReportRun.objects.create(job=job, report=report)


def kept() -> set[int]:
    """The keys of the runs that have a result. No run has one half of it."""
    halves = ReportRun.objects.filter(result=None).exclude(basis=None)
    assert not halves.exists()
    return set(ReportRun.objects.exclude(result=None).values_list("pk", flat=True))
