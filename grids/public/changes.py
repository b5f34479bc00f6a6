"""Hears from Postgres what has changed: NOTIFY, sent by triggers of grids/migrations/0002.

Whatever writes the row, be it a service, an import or the admin, the notice leaves with its commit. While
the connection is away nothing is heard, so everything is forgotten when it is back.
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
_RETRY_SECONDS = 0.5
# After so long without a notice the connection is asked whether it still lives.
_QUIET_SECONDS = 5.0


class ChangeListener(threading.Thread):
    """Calls `heard` with each notice, in this thread: "key <alias>", "grid <id>" or "all"."""

    def __init__(self, heard: Callable[[str], object]) -> None:
        super().__init__(name="changes", daemon=True)
        self._heard = heard
        self._stopping = threading.Event()

    def run(self) -> None:
        """Listen until told to stop, over as many connections as it takes."""
        while not self._stopping.is_set():
            try:
                self._listen()
            except Exception as error:
                # Whatever it is: without this thread, answers would never be forgotten again.
                logger.warning("changes_not_heard", extra={"error": repr(error)})
                self._stopping.wait(_RETRY_SECONDS)

    def stop(self) -> None:
        """End within a few seconds."""
        self._stopping.set()

    def _listen(self) -> None:
        connection = _connect()
        # select() would refuse the numbers that files have in a process with many visitors.
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
                self._heard(EVERYTHING)
                while not self._stopping.is_set():
                    if not poll.poll(_QUIET_SECONDS * 1000):
                        cursor.execute("SELECT 1")
                    connection.poll()
                    while connection.notifies:
                        self._heard(connection.notifies.pop(0).payload)
        finally:
            connection.close()


def _connect() -> Any:
    patience = {"connect_timeout": 5, "tcp_user_timeout": 5000}
    connection = psycopg2.connect(**connections["default"].get_connection_params() | patience)
    connection.autocommit = True
    return connection
