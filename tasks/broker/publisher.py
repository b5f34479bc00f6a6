"""Publish the messages that tell workers to look for work.

A message holds no state: what there is to do stands in Postgres. Messages are sent from a thread of their
own, so a Redis that is gone, stopped or slow delays no request, and the sweeper replaces a lost message.
"""

from __future__ import annotations

import contextvars
import logging
import os
import queue
import threading
from collections.abc import Callable
from functools import partial

from celery import current_app
from django.db import connection, transaction

from gridlink.lib.queues import QUEUES
from tasks.models import JobStatus

logger = logging.getLogger(__name__)

RUN_JOB = "tasks.run_job"
DELIVER = "tasks.deliver"
# With this many unsent messages Redis is long gone; the sweeper publishes them again.
_BACKLOG = 1000
_NEXT_QUEUED = """
SELECT slug FROM tasks_job
WHERE queue = %s AND status = %s AND run_after <= statement_timestamp() LIMIT 1
"""


class Publisher:
    """Send messages one after another from a daemon thread that the first one starts."""

    def __init__(self) -> None:
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        # A forked child has no such thread, and the messages in its copy are the parent's to send.
        self._pending: queue.Queue[Callable[[], None]] = queue.Queue(maxsize=_BACKLOG)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def submit(self, publish: Callable[[], None]) -> None:
        """Hand over a message; never block and never raise."""
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="publisher", daemon=True)
                self._thread.start()
        try:
            # The caller's log context, such as the request's id, goes with it.
            self._pending.put_nowait(partial(contextvars.copy_context().run, publish))
        except queue.Full:
            logger.warning("publish_backlog_full")

    def _work(self) -> None:
        while True:
            self._pending.get()()


_publisher = Publisher()


def publish_on_commit(slug: str, queue_name: str) -> None:
    """Publish a job once the current transaction is committed."""
    publish = partial(_publish, slug, queue_name)
    transaction.on_commit(partial(_publisher.submit, publish), robust=True)


def publish_next_on_commit(queue_name: str) -> None:
    """Publish a queue's next job, as this worker is about to be free."""
    transaction.on_commit(partial(_publish_next, queue_name), robust=True)


def deliver_on_commit() -> None:
    """Ask for a pass over the outbox once the current transaction is committed."""
    transaction.on_commit(partial(_publisher.submit, _publish_deliver), robust=True)


def _publish_next(queue_name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_QUEUED, [queue_name, JobStatus.QUEUED])
        if row := cursor.fetchone():
            _publisher.submit(partial(_publish, row[0], queue_name))


def _publish(slug: str, queue_name: str) -> None:
    try:
        limits = QUEUES[queue_name]
        current_app.send_task(
            RUN_JOB,
            args=[slug],
            queue=queue_name,
            soft_time_limit=limits.soft,
            time_limit=limits.hard,
        )
    except Exception as error:
        # Whatever it is, it must not stop the thread; the sweeper publishes the job again.
        logger.warning("publish_failed", extra={"job": slug, "error": repr(error)})


def _publish_deliver() -> None:
    try:
        current_app.send_task(DELIVER)
    except Exception as error:
        # Beat asks for it anyway, a few seconds later.
        logger.warning("publish_failed", extra={"error": repr(error)})
