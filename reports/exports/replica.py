"""The read replica, for those who read much: all that the primary has, or it is not asked."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection, connections

from tasks.jobs.context import JobContext

ALIAS = "replica"
"""The name of the database in the settings, where there is one."""

WAIT_SECONDS = 10.0
"""How long a replica that lags behind is waited for."""

_LOOK_SECONDS = 0.05

logger = logging.getLogger(__name__)


def database_for(context: JobContext) -> str:
    """Where a job reads: the replica, if there is one, but for the job's last attempt. A replica ends queries
    that stand in the way of what it has to repeat."""
    is_there = ALIAS in connections.settings
    return ALIAS if is_there and not context.claim.is_last_attempt else DEFAULT_DB_ALIAS


class Reading:
    """Where one job reads. Once its replica was away, or lagged behind for too long, it does without.

    `breakable`, around queries on a database, makes them end when the job does.
    """

    def __init__(
        self, alias: str, breakable: Callable[[Any], AbstractContextManager[None]]
    ) -> None:
        self._alias = alias
        self._breakable = breakable

    @contextmanager
    def at_least_now(self) -> Iterator[None]:
        """In the block, this thread's database is the one to read from, and has everything that was committed
        before."""
        primary = connections[DEFAULT_DB_ALIAS]
        if self._alias != DEFAULT_DB_ALIAS and not self._has_all():
            self._alias = DEFAULT_DB_ALIAS
        # For whatever module reads here: none can forget to ask for the replica.
        connections[DEFAULT_DB_ALIAS] = connections[self._alias]
        try:
            yield
        finally:
            connections[DEFAULT_DB_ALIAS] = primary

    def _has_all(self) -> bool:
        with connection.cursor() as cursor:
            # Not how far it is written: with synchronous_commit off, commits are seen before they are.
            cursor.execute("SELECT pg_current_wal_insert_lsn()")
            (end,) = cursor.fetchone()
        try:
            return self._catches_up(end)
        except (OperationalError, InterfaceError) as error:
            logger.warning("replica_away", extra={"error": repr(error)})
            return False

    def _catches_up(self, end: str) -> bool:
        replica = connections[self._alias]
        deadline = time.monotonic() + WAIT_SECONDS
        with replica.cursor() as cursor, self._breakable(replica):
            while (has_all := _replayed(cursor, end)) is False and time.monotonic() < deadline:
                time.sleep(_LOOK_SECONDS)
        if not has_all:
            logger.warning("replica_lags", extra={"is_replica": has_all is not None})
        return bool(has_all)


def _replayed(cursor: Any, end: str) -> bool | None:
    """Whether the replica is through up to there; None of a server that is no replica."""
    cursor.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", [end])
    found: bool | None = cursor.fetchone()[0]
    return found
