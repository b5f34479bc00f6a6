"""Reads of reports and their runs."""

from __future__ import annotations

from collections.abc import Iterator
from json import JSONEncoder
from typing import Any

from django.db.models import QuerySet

from gridlink.accounts.models import User
from reports.models import Report, ReportRun
from reports.reporting.kinds.parameters import described
from reports.reporting.kinds.registry import KINDS
from reports.reporting.runs.compression import stored_pieces
from tasks.jobs.selectors import job_list
from tasks.models import Job

_encode = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def kind_list() -> list[dict[str, Any]]:
    """What reports there are, with their parameters."""
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
    """A user's reports."""
    reports = Report.objects.filter(user=user)
    return reports.filter(kind=kind) if kind else reports


def run_list(*, report: Report) -> QuerySet[Job]:
    """The jobs of a report's runs, with their files."""
    runs = ReportRun.objects.filter(report=report)
    return job_list(user=report.user).filter(pk__in=runs.values("pk"))


def run_shown(*, run: ReportRun) -> Iterator[bytes]:
    """The JSON of a run, in pieces: its result is passed on as it is stored, however many rows it has."""
    head = {
        "job": run.job.slug,
        "status": run.job.status,
        "asked": run.job.params,
        "basis": run.basis,
    }
    yield _encode(head).removesuffix("}").encode() + b',"result":'
    yield from stored_pieces(run.result) if run.result else (b"null",)
    yield b"}"
