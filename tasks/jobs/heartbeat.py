"""The heart of a running job: a thread that keeps the lease and carries progress out and news in."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from tasks.jobs import lifecycle
from tasks.jobs.context import JobContext

logger = logging.getLogger(__name__)

# What a job gets to stop by itself once its owner has asked, before its store is interrupted.
_GRACE_SECONDS = 0.5


class JobCancelled(Exception):
    """The owner asked for the job to stop."""


class Heartbeat:
    """Beats while the `with` block lasts, on a database connection of its own."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work, name="heart", daemon=True)
        self._last_beat = time.monotonic()

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()
        self._context.store.resume()

    def _work(self) -> None:
        try:
            while not self._done.wait(settings.JOB_HEARTBEAT_SECONDS):
                self._beat()
        except Exception as error:
            # Without a heart nobody keeps the lease, and another worker takes the job.
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
            # Nobody can tell any more whose the job is: better to stop than to work on it twice.
            if time.monotonic() - self._last_beat > settings.JOB_LEASE.total_seconds():
                self._context.stop(lifecycle.LeaseLost(self._context.claim.slug))

    def _cancel(self) -> None:
        self._context.stop(JobCancelled())
        # A store that does not answer would hold the job for minutes.
        if not self._done.wait(_GRACE_SECONDS):
            self._context.store.interrupt()
