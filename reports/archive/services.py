"""Writes of archives: a request becomes a job."""

from __future__ import annotations

from gridlink.accounts.models import User
from reports.archive.runner import ARCHIVE
from tasks.services import Submission, job_submit


def archive_submit(*, user: User, idempotency_key: str = "") -> Submission:
    """Queue an export of the whole account."""
    return job_submit(user=user, kind=ARCHIVE, params={}, idempotency_key=idempotency_key)
