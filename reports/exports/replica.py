"""Choose between the primary and its replica, used only while up to date."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections

from tasks.jobs.context import JobContext

ALIAS = "replica"
"""The alias of the replica in the settings, where there is one."""

WAIT_SECONDS = 10.0
"""How long to wait for a replica that lags behind."""

_POLL_SECONDS = 0.05

logger = logging.getLogger(__name__)


def database_for(context: JobContext) -> str:
    """Return the alias a job reads from: the replica, except for the last attempt.

    A replica cancels queries that conflict with what it has to replay.
    """
    has_replica = ALIAS in connections.settings
    return ALIAS if has_replica and not context.claim.is_last_attempt else DEFAULT_DB_ALIAS


def is_up_to_date(using: str, interruptible: Callable[[str], AbstractContextManager[None]]) -> bool:
    """Return whether a replica has everything committed before this call, or soon has.

    `interruptible` takes an alias and makes queries there end when the job does.
    """
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        # Not the write position: with synchronous_commit off, commits are visible before it.
        cursor.execute("SELECT pg_current_wal_insert_lsn()")
        (position,) = cursor.fetchone()
    deadline = time.monotonic() + WAIT_SECONDS
    try:
        with connections[using].cursor() as cursor, interruptible(using):
            while (replayed := _replayed(cursor, position)) is False:
                if time.monotonic() >= deadline:
                    break
                time.sleep(_POLL_SECONDS)
    except (OperationalError, InterfaceError) as error:
        logger.warning("replica_unavailable", extra={"error": repr(error)})
        return False
    if not replayed:
        logger.warning("replica_lags", extra={"is_replica": replayed is not None})
    return bool(replayed)


def _replayed(cursor: Any, position: str) -> bool | None:
    """Return whether the server replayed the WAL to a position; None if no replica."""
    cursor.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", [position])
    found: bool | None = cursor.fetchone()[0]
    return found
