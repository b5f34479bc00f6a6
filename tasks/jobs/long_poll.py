"""Waiting for a job to end, for clients that would otherwise ask again and again.

Postgres tells of the end (tasks/migrations/0008), to the connection that the waiting thread has anyway.
"""

from __future__ import annotations

import select
import threading
from time import monotonic
from typing import Any

from django.db import connection

from tasks.models import Job

MAX_SECONDS = 20
# Half of the threads of a web process, so that there are always some for those who do not wait.
_WAITERS = threading.BoundedSemaphore(4)
# Between two looks, for where nothing is heard: behind a pooler that shares connections.
_POLL_SECONDS = 1.0


def wait_for_end(*, job: Job, seconds: float) -> None:
    """Return as soon as the job has ended, or so many seconds are over; at once while too many others wait.
    Not to be called in a transaction, in which nothing is heard."""
    if not _WAITERS.acquire(blocking=False):
        return
    try:
        _listen(job, monotonic() + seconds)
    finally:
        _WAITERS.release()


def _listen(job: Job, deadline: float) -> None:
    channel = f"job_{job.slug}"
    with connection.cursor() as cursor:
        cursor.execute(f"LISTEN {channel}")
        try:
            # After it has begun to listen: an end before that would not be heard.
            while not _has_ended(cursor, job) and (left := deadline - monotonic()) > 0:
                if _wait_for_notify(channel, min(left, _POLL_SECONDS)):
                    break
        finally:
            cursor.execute(f"UNLISTEN {channel}")


def _has_ended(cursor: Any, job: Job) -> bool:
    cursor.execute("SELECT FROM tasks_job WHERE id = %s AND finished_on IS NOT NULL", [job.pk])
    return bool(cursor.rowcount)


def _wait_for_notify(channel: str, seconds: float) -> bool:
    """Whether anything comes through the channel within so many seconds."""
    heard = connection.connection
    # select() would refuse the numbers that files have in a process with many visitors.
    poll = select.poll()
    poll.register(heard, select.POLLIN)
    poll.poll(seconds * 1000)
    with connection.wrap_database_errors:
        heard.poll()
    # There may be some of an earlier wait, which ended as they came.
    channels = {notice.channel for notice in heard.notifies}
    heard.notifies.clear()
    return channel in channels
