"""The doorbell: a message that tells workers there is something to claim, and nothing else.

It rings from a thread of its own. A Redis that is gone, stopped or slow therefore never delays a request,
and a ring that is lost is made up for by the sweeper.
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
# With this many unsent rings Redis is long gone; the sweeper will ring for all of them.
_BACKLOG = 1000


class Publisher:
    """Sends rings one after another from a daemon thread, started with the first of them."""

    def __init__(self) -> None:
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        # A forked child has no such thread, and the rings that wait in its copy are the parent's to send.
        self._pending: queue.Queue[Callable[[], None]] = queue.Queue(maxsize=_BACKLOG)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def submit(self, ring: Callable[[], None]) -> None:
        """Hand over a ring; never blocks and never raises."""
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="doorbell", daemon=True)
                self._thread.start()
        try:
            # The caller's log context, such as the request's id, travels along.
            self._pending.put_nowait(partial(contextvars.copy_context().run, ring))
        except queue.Full:
            logger.warning("publish_backlog_full")

    def _work(self) -> None:
        while True:
            self._pending.get()()


_publisher = Publisher()


def publish_on_commit(slug: str, queue_name: str) -> None:
    """Ring for a job once the current transaction is committed."""
    transaction.on_commit(
        partial(_publisher.submit, partial(_publish, slug, queue_name)), robust=True
    )


def publish_next_on_commit(queue_name: str) -> None:
    """Ring again for a queue with more work, as this ring's worker is about to be free."""
    transaction.on_commit(partial(_publish_next, queue_name), robust=True)


def deliver_on_commit() -> None:
    """Have the outbox looked at once the current transaction is committed."""
    transaction.on_commit(partial(_publisher.submit, _publish_deliver), robust=True)


def _publish_next(queue_name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT slug FROM tasks_job WHERE queue = %s AND status = %s"
            " AND run_after <= statement_timestamp() LIMIT 1",
            [queue_name, JobStatus.QUEUED],
        )
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
        # Anything at all: a ring is never worth more than what rang.
        logger.warning("publish_failed", extra={"job": slug, "error": repr(error)})


def _publish_deliver() -> None:
    try:
        current_app.send_task(DELIVER)
    except Exception as error:
        # Beat asks for it anyway, a few seconds later.
        logger.warning("publish_failed", extra={"error": repr(error)})
