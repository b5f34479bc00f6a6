"""What one user may have: jobs that wait, rows written in a day, bytes in storage. A limit of 0 is none.

A limit is checked when a job is asked for, so one job may go past it; the next is refused. Only the bytes
must hold while a job writes: its runner asks for `bytes_left`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection

from tasks.jobs.errors import QuotaExceeded

DAY = timedelta(days=1)

# A finished job's files live no longer than `oldest`, so jobs long over need not be looked at.
_FILES = """
FROM tasks_job_file AS file JOIN tasks_job AS job ON job.id = file.job_id
WHERE job.user_id = %(user)s
    AND (job.finished_on IS NULL OR job.finished_on > statement_timestamp() - %(oldest)s)
"""
# What was deleted since was written all the same.
_WRITTEN = (
    "job.finished_on > statement_timestamp() - %(day)s AND file.role = 'output'"
    " AND file.rows IS NOT NULL"
)
_STORED = "file.deleted_on IS NULL AND file.expires_on > statement_timestamp()"
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


class _Used(NamedTuple):
    """`queued` is counted up to its limit, `rows` are those of a day."""

    queued: int
    rows: int
    bytes: int


def check(*, user_id: int, incoming: int = 0) -> None:
    """Raise QuotaExceeded unless the user may ask for another job, with a file of `incoming` bytes."""
    used = _used(user_id)
    _check_queued(used.queued)
    _check_rows(user_id, used.rows)
    _check_bytes(user_id, used.bytes, incoming)


def bytes_left(*, user_id: int) -> int | None:
    """How many more bytes the user's files may take, not below 0; None without a limit."""
    if not settings.JOB_QUOTA_BYTES:
        return None
    return max(0, settings.JOB_QUOTA_BYTES - _used(user_id).bytes)


def _check_queued(queued: int) -> None:
    limit = settings.JOB_QUOTA_QUEUED
    if limit and queued >= limit:
        raise QuotaExceeded(f"{limit} of your jobs are queued already, which is all that may be.")


def _check_rows(user_id: int, written: int) -> None:
    limit = settings.JOB_QUOTA_ROWS_PER_DAY
    if not limit or written < limit:
        return
    reached = _reached(_read(_LAST_WRITTEN, user_id), limit)
    message = f"Your jobs wrote the {limit} rows that a day allows."
    raise QuotaExceeded(message, room_on=reached and reached + DAY)


def _check_bytes(user_id: int, stored: int, incoming: int) -> None:
    limit = settings.JOB_QUOTA_BYTES
    if limit and incoming > limit:
        raise QuotaExceeded(f"The file is over the {limit} bytes that your files may take in all.")
    needed = max(1, incoming)
    if not limit or stored + needed <= limit:
        return
    # It must fit beside what is still there then.
    reached = _reached(_read(_LAST_TO_EXPIRE, user_id), limit - needed + 1)
    message = f"Your files take up the {limit} bytes that they may; delete some, or wait."
    raise QuotaExceeded(message, room_on=reached)


def _used(user_id: int) -> _Used:
    (used,) = _read(_USED, user_id)
    return _Used(*used)


def _read(sql: str, user_id: int) -> list[tuple[Any, ...]]:
    params: dict[str, Any] = {
        "user": user_id,
        "day": DAY,
        "oldest": max(settings.JOB_FILE_LIFE, DAY),
        "queued": settings.JOB_QUOTA_QUEUED,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _reached(newest_first: Iterable[tuple[Any, ...]], limit: int) -> datetime | None:
    """The moment of the entry at which the sum reaches `limit`: once it is gone, the rest is below."""
    total = 0
    reached: datetime | None = None
    for moment, amount in newest_first:
        total += amount
        if total >= limit:
            reached = moment
            break
    return reached
