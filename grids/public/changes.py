"""Listen to PostgreSQL for changes: NOTIFY, sent by triggers of the migrations of grids.

Every commit that changes a row sends a notice, whether by a service, an import or the admin. A response
depends on notices, and is forgotten with any of them. No notice arrives while the connection is lost, so
after each connect the notice "all" empties the whole cache.
"""

from __future__ import annotations

import logging
import select
import threading
from collections.abc import Callable
from typing import Any

import psycopg2
from django.db import connections

logger = logging.getLogger(__name__)

CHANNEL = "gridlink_changes"
EVERYTHING = "all"
# Something became visible that may have been looked for in vain.
UNKNOWN = "unknown"
_RETRY_SECONDS = 0.5
# After this long without a notice, a query checks that the connection still works.
_QUIET_SECONDS = 5.0


def grid(key: int) -> str:
    """Return the notice that a grid or one of its links has changed."""
    return f"grid {key}"


def user(key: int) -> str:
    """Return the notice that a user's name or state has changed."""
    return f"user {key}"


def profile(key: int) -> str:
    """Return the notice that a user's list of grids has changed."""
    return f"profile {key}"


def key(name: str) -> str:
    """Return the notice that a slug or an alias may lead elsewhere."""
    return f"key {name}"


class ChangeListener(threading.Thread):
    """Call `on_notice` with each notice, in this thread, such as "grid 7" or "all"."""

    def __init__(self, on_notice: Callable[[str], object]) -> None:
        super().__init__(name="changes", daemon=True)
        self._on_notice = on_notice
        self._stopping = threading.Event()

    def run(self) -> None:
        """Listen until stopped, reconnecting as often as needed."""
        while not self._stopping.is_set():
            try:
                self._listen()
            except Exception as error:
                # No error may end this thread: cached responses would stay outdated.
                logger.warning("changes_not_heard", extra={"error": repr(error)})
                self._stopping.wait(_RETRY_SECONDS)

    def stop(self) -> None:
        """End within a few seconds."""
        self._stopping.set()

    def _listen(self) -> None:
        connection = _connect()
        # select() refuses the high file numbers of a process with many connections.
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
                self._on_notice(EVERYTHING)
                while not self._stopping.is_set():
                    if not poll.poll(_QUIET_SECONDS * 1000):
                        cursor.execute("SELECT 1")
                    connection.poll()
                    while connection.notifies:
                        self._on_notice(connection.notifies.pop(0).payload)
        finally:
            connection.close()


def _connect() -> Any:
    timeouts = {"connect_timeout": 5, "tcp_user_timeout": 5000}
    connection = psycopg2.connect(**connections["default"].get_connection_params() | timeouts)
    connection.autocommit = True
    return connection
