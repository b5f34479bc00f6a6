"""Query reports and their runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from django.db.models import QuerySet

from gridlink.accounts.models import User
from reports.models import Report, ReportRun
from reports.reporting.kinds.parameters import described
from reports.reporting.kinds.registry import KINDS
from reports.reporting.runs.compression import json_chunks
from tasks.jobs.selectors import job_list
from tasks.models import Job


def kind_list() -> list[dict[str, Any]]:
    """Return the kinds of reports, with their parameters."""
    return [
        {
            "name": kind.name,
            "title": kind.title,
            "description": kind.description,
            "parameters": described(kind.parameters),
        }
        for kind in KINDS.values()
    ]


def report_list(*, user: User, kind: str = "") -> QuerySet[Report]:
    """Filter a user's reports, optionally by kind."""
    reports = Report.objects.filter(user=user)
    return reports.filter(kind=kind) if kind else reports


def run_list(*, report: Report) -> QuerySet[Job]:
    """Return the jobs of a report's runs, with their files."""
    runs = ReportRun.objects.filter(report=report)
    return job_list(user=report.user).filter(pk__in=runs.values("pk"))


def run_json(*, run: ReportRun) -> Iterator[bytes]:
    """Yield the JSON of a run in chunks; memory does not grow with its result."""
    head = {
        "job": run.job.slug,
        "status": run.job.status,
        "asked": run.job.params,
        "basis": run.basis,
    }
    yield orjson.dumps(head).removesuffix(b"}") + b',"result":'
    yield from json_chunks(run.result) if run.result else (b"null",)
    yield b"}"
