"""Limit each user's queued jobs, rows written in a day, and stored bytes.

A limit of 0 is none. Limits are checked when a job is submitted, so one job may go past a limit and the next
is refused. Only the bytes must hold while a job writes: its runner asks for `bytes_left`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from tasks.jobs.errors import QuotaExceeded

DAY = timedelta(days=1)

# A finished job's files live no longer than `oldest`, so older jobs need no look.
_FILES = """
FROM tasks_job_file AS file JOIN tasks_job AS job ON job.id = file.job_id
WHERE job.user_id = %(user)s
    AND (job.finished_on IS NULL OR job.finished_on > statement_timestamp() - %(oldest)s)
"""
# Deleted files count as written.
_WRITTEN = (
    "job.finished_on > statement_timestamp() - %(day)s AND file.role = 'output'"
    " AND file.rows IS NOT NULL"
)
_STORED = "file.deleted_on IS NULL AND file.expires_on > statement_timestamp()"
# Queued jobs up to their limit, rows of the last day, and bytes.
_USED = f"""
SELECT
    (SELECT count(*) FROM (
        SELECT FROM tasks_job WHERE user_id = %(user)s AND status = 'queued' LIMIT %(queued)s
    ) AS waiting),
    coalesce(sum(file.rows) FILTER (WHERE {_WRITTEN}), 0)::bigint,
    coalesce(sum(file.size) FILTER (WHERE {_STORED}), 0)::bigint
{_FILES}
"""
_LAST_WRITTEN = f"SELECT job.finished_on, file.rows {_FILES} AND {_WRITTEN} ORDER BY 1 DESC"
_LAST_TO_EXPIRE = f"SELECT file.expires_on, file.size {_FILES} AND {_STORED} ORDER BY 1 DESC"


def check(*, user_id: int, incoming: int = 0) -> None:
    """Raise QuotaExceeded unless the user may submit a job with a file of `incoming` bytes."""
    ((queued, rows, stored),) = _query(_USED, user_id)
    _check_queued(queued)
    _check_rows(user_id, rows)
    _check_bytes(user_id, stored, incoming)


def bytes_left(*, user_id: int) -> int | None:
    """Return how many more bytes the user may store; None without a limit."""
    if not settings.JOB_QUOTA_BYTES:
        return None
    ((_, _, stored),) = _query(_USED, user_id)
    return max(0, settings.JOB_QUOTA_BYTES - int(stored))


def _check_queued(queued: int) -> None:
    limit = settings.JOB_QUOTA_QUEUED
    if limit and queued >= limit:
        raise QuotaExceeded(
            f"You have {limit} queued jobs, which is the limit; wait until one has started."
        )


def _check_rows(user_id: int, written: int) -> None:
    limit = settings.JOB_QUOTA_ROWS_PER_DAY
    if not limit or written < limit:
        return
    reached = _reached(_query(_LAST_WRITTEN, user_id), limit)
    message = f"Your jobs have written the {limit} rows that one day allows."
    raise QuotaExceeded(message, room_on=reached and reached + DAY)


def _check_bytes(user_id: int, stored: int, incoming: int) -> None:
    limit = settings.JOB_QUOTA_BYTES
    if limit and incoming > limit:
        raise QuotaExceeded(
            f"The file is larger than the {limit} bytes that all your files may have."
        )
    needed = max(1, incoming)
    if not limit or stored + needed <= limit:
        return
    reached = _reached(_query(_LAST_TO_EXPIRE, user_id), limit - needed + 1)
    message = f"Your files have reached the limit of {limit} bytes; delete some, or wait."
    raise QuotaExceeded(message, room_on=reached)


def _query(sql: str, user_id: int) -> list[Any]:
    params: dict[str, Any] = {
        "user": user_id,
        "day": DAY,
        "oldest": max(settings.JOB_FILE_LIFE, DAY),
        "queued": settings.JOB_QUOTA_QUEUED,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found: list[Any] = cursor.fetchall()
    return found


def _reached(newest_first: Iterable[tuple[datetime, int]], limit: int) -> datetime | None:
    """Return when the sum of newer amounts reaches `limit`; None if it does not."""
    total = 0
    for moment, amount in newest_first:
        total += amount
        if total >= limit:
            return moment
    return None
