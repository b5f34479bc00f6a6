"""Describe an ended job as JSON, for notifications and webhooks.

URLs of files are the API's and need a token. Signed ones would open the files to anybody who reads the
receiver's log, and would expire before a late retry.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from gridlink.lib.text import one_line
from tasks.models import Job, JobFile, JobStatus

_NAME_LENGTH = 150
_ENDS = {
    JobStatus.SUCCEEDED: "succeeded",
    JobStatus.TRUNCATED: "ended at a limit",
    JobStatus.FAILED: "failed",
    JobStatus.CANCELLED: "was cancelled",
}


def title_of(job: Job) -> str:
    """Return one line that says how the job ended; `params["title"]` may name the job."""
    kind = job.kind.rpartition(".")[2].replace("_", " ").capitalize()
    name = one_line(str(job.params.get("title", ""))).strip()[:_NAME_LENGTH]
    words = [kind, f"“{name}”" if name else "", _ENDS[JobStatus(job.status)]]
    return " ".join(word for word in words if word)


def job_as_json(job: Job, files: Sequence[JobFile]) -> dict[str, Any]:
    """Return the job with its outputs, without what matters only until it ends."""
    error = {"code": job.error_code, "message": job.error_message} if job.error_code else None
    return {
        "slug": job.slug,
        "kind": job.kind,
        "status": job.status,
        "attempt": job.attempt,
        "params": job.params,
        "created_on": _moment(job.created_on),
        "started_on": _moment(job.started_on),
        "finished_on": _moment(job.finished_on),
        "result": job.result,
        "error": error,
        "files": [_file(job, file) for file in files],
    }


def _file(job: Job, file: JobFile) -> dict[str, Any]:
    return {
        "name": file.name,
        "size": file.size,
        "rows": file.rows,
        "sha256": file.sha256,
        "content_type": file.content_type,
        "expires_on": _moment(file.expires_on),
        "url": settings.PUBLIC_URL + reverse("job-file", args=[job.slug, file.name]),
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
