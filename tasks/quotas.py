"""What one user may have: jobs that wait, rows written in a day, bytes in storage. A limit of 0 is none.

A limit is checked when a job is asked for, so one job may go past it; the next is refused. Only the bytes
must hold while a job writes: its runner asks for `bytes_left`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Now

from tasks.errors import QuotaExceeded
from tasks.models import FileRole, Job, JobFile
from tasks.states import JobStatus

DAY = timedelta(days=1)


def check(*, user_id: int, incoming: int = 0) -> None:
    """Raise QuotaExceeded unless the user may ask for another job, with a file of `incoming` bytes."""
    _check_queued(user_id)
    _check_rows(user_id)
    _check_bytes(user_id, incoming)


def bytes_left(*, user_id: int) -> int | None:
    """How many more bytes the user's files may take, not below 0; None without a limit."""
    if not settings.JOB_QUOTA_BYTES:
        return None
    used: int = _stored(user_id).aggregate(bytes=Sum("size", default=0))["bytes"]
    return max(0, settings.JOB_QUOTA_BYTES - used)


def _check_queued(user_id: int) -> None:
    limit = settings.JOB_QUOTA_QUEUED
    waiting = Job.objects.filter(user_id=user_id, status=JobStatus.QUEUED)
    if limit and waiting[:limit].count() == limit:
        raise QuotaExceeded(f"{limit} of your jobs are queued already, which is all that may be.")


def _check_rows(user_id: int) -> None:
    limit = settings.JOB_QUOTA_ROWS_PER_DAY
    if not limit:
        return
    # What was deleted since was written all the same.
    written = JobFile.objects.filter(
        job__user_id=user_id,
        job__finished_on__gt=Now() - DAY,
        role=FileRole.OUTPUT,
        rows__isnull=False,
    )
    if written.aggregate(rows=Sum("rows", default=0))["rows"] < limit:
        return
    newest_first = written.order_by("-job__finished_on").values_list("job__finished_on", "rows")
    reached = _reached(newest_first, limit)
    message = f"Your jobs wrote the {limit} rows that a day allows."
    raise QuotaExceeded(message, room_on=reached and reached + DAY)


def _check_bytes(user_id: int, incoming: int) -> None:
    limit = settings.JOB_QUOTA_BYTES
    if not limit:
        return
    if incoming > limit:
        raise QuotaExceeded(f"The file is over the {limit} bytes that your files may take in all.")
    left, needed = bytes_left(user_id=user_id), max(1, incoming)
    if left is None or left >= needed:
        return
    newest_first = _stored(user_id).order_by("-expires_on").values_list("expires_on", "size")
    message = f"Your files take up the {limit} bytes that they may; delete some, or wait."
    # It must fit beside what is still there then.
    raise QuotaExceeded(message, room_on=_reached(newest_first, limit - needed + 1))


def _stored(user_id: int) -> QuerySet[JobFile]:
    # A finished job's files live no longer than this, so jobs long over need not be looked at.
    recent = Q(job__finished_on__isnull=True) | Q(
        job__finished_on__gt=Now() - settings.JOB_FILE_LIFE
    )
    return JobFile.objects.filter(
        recent, job__user_id=user_id, deleted_on__isnull=True, expires_on__gt=Now()
    )


def _reached(newest_first: Iterable[tuple[Any, Any]], limit: int) -> datetime | None:
    """The moment of the entry at which the sum reaches `limit`: once it is gone, the rest is below."""
    total = 0
    reached: datetime | None = None
    for moment, amount in newest_first:
        total += amount
        if total >= limit:
            reached = moment
            break
    return reached
