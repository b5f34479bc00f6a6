"""Wait for the end of a job, for clients that would otherwise poll.

A trigger (tasks/migrations/0008) notifies of it, on the connection that the waiting thread has anyway.
"""

from __future__ import annotations

import select
import threading
from time import monotonic
from typing import Any

from django.db import connection

from tasks.models import Job

MAX_SECONDS = 20
# Half of the threads of a web process, so that some are always left for other requests.
_WAITERS = threading.BoundedSemaphore(4)
# For where no notification arrives: behind a pooler that shares connections.
_POLL_SECONDS = 1.0


def wait_for_end(*, job: Job, seconds: float) -> None:
    """Return when the job has ended, after `seconds`, or at once if too many wait.

    Do not call this in a transaction, in which no notification arrives.
    """
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
            # Checked after LISTEN, so that no end is missed in between.
            while not _has_ended(cursor, job) and (left := deadline - monotonic()) > 0:
                if _wait_for_notify(channel, min(left, _POLL_SECONDS)):
                    break
        finally:
            cursor.execute(f"UNLISTEN {channel}")


def _has_ended(cursor: Any, job: Job) -> bool:
    cursor.execute("SELECT FROM tasks_job WHERE id = %s AND finished_on IS NOT NULL", [job.pk])
    return bool(cursor.rowcount)


def _wait_for_notify(channel: str, seconds: float) -> bool:
    """Return whether a notification comes through the channel within so many seconds."""
    raw = connection.connection
    # select() refuses the file descriptors of a process with many connections.
    poll = select.poll()
    poll.register(raw, select.POLLIN)
    poll.poll(seconds * 1000)
    with connection.wrap_database_errors:
        raw.poll()
    # Some may be of an earlier wait, which ended as they came.
    channels = {notification.channel for notification in raw.notifies}
    raw.notifies.clear()
    return channel in channels
