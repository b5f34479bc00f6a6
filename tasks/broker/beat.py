"""Run one Celery beat at a time, by an advisory lock in Postgres."""

from __future__ import annotations

import logging
from typing import Any

from celery.beat import Scheduler
from django.db import DatabaseError, InterfaceError, connection

logger = logging.getLogger(__name__)

# Any number that nothing else locks; the letters "gridbeat" as eight bytes.
LOCK_KEY = int.from_bytes(b"gridbeat", "big")
_RETRY_SECONDS = 5.0


class LockedScheduler(Scheduler):
    """Publish due tasks only while this process holds the lock; a second beat waits."""

    _holds_lock = False

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Return the seconds until the next tick; publish nothing without the lock."""
        if not self._acquire_lock():
            return _RETRY_SECONDS
        return float(super().tick(*args, **kwargs))

    def _acquire_lock(self) -> bool:
        # The lock ends with its connection, which may have been replaced since the last tick. Taking a lock
        # that this connection holds is allowed, so asking each time covers both cases.
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY])
                row = cursor.fetchone()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("beat_lost_database", extra={"error": repr(error)})
            connection.close()
            self._holds_lock = False
            return False
        if not self._holds_lock and row[0]:
            logger.info("beat_lock_taken")
        self._holds_lock = bool(row[0])
        return self._holds_lock
