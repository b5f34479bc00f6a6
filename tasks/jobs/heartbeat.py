"""Extend a running job's lease, write its progress and see a cancellation, from a thread."""

from __future__ import annotations

import logging
import threading
import time

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from tasks.jobs import lifecycle
from tasks.jobs.context import JobContext

logger = logging.getLogger(__name__)

# How long a cancelled job may take to stop by itself before its store is interrupted.
_GRACE_SECONDS = 0.5


class JobCancelled(Exception):
    """Report that the owner asked for the job to stop."""


class Heartbeat:
    """Beat while the `with` block lasts, on a database connection of its own."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work, name="heartbeat", daemon=True)
        self._last_beat = time.monotonic()

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._context.store.resume()

    def _work(self) -> None:
        try:
            while not self._done.wait(settings.JOB_HEARTBEAT_SECONDS):
                self._beat()
        except Exception as error:
            # Without heartbeats the lease runs out, and another worker claims the job.
            logger.error("heartbeat_defect", exc_info=error)
            self._context.stop(lifecycle.LeaseLost(self._context.claim.slug))
        finally:
            connection.close()

    def _beat(self) -> None:
        try:
            if lifecycle.heartbeat(self._context.claim, self._context.progress):
                self._cancel()
            self._last_beat = time.monotonic()
        except lifecycle.LeaseLost as error:
            self._context.stop(error)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("heartbeat_failed", extra={"error": repr(error)})
            connection.close()
            # The lease may have run out: better to stop than to run the job twice.
            if time.monotonic() - self._last_beat > settings.JOB_LEASE.total_seconds():
                self._context.stop(lifecycle.LeaseLost(self._context.claim.slug))

    def _cancel(self) -> None:
        self._context.stop(JobCancelled())
        # A store that does not answer would hold the job up for minutes.
        if not self._done.wait(_GRACE_SECONDS):
            self._context.store.interrupt()
