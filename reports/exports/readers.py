"""Work on the side: threads with database connections of their own, that end when the job must stop."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections

from gridlink.lib.database import snapshot
from reports.exports.replica import Reading

Result = TypeVar("Result")

# How soon a job that must stop does.
_LOOK_SECONDS = 0.2
# How soon the server looks whether anybody still waits for a query that gives no row.
_SERVER_LOOKS = "1s"


class Side:
    """Threads, within a `with` block. `check` raises why the job must stop: whoever waits here asks it
    again and again. When it raises, or the block ends in any other way, running queries are broken off: here
    at once, and in the server as soon as it notices."""

    def __init__(
        self, threads: int, check: Callable[[], None], database: str = DEFAULT_DB_ALIAS
    ) -> None:
        self._check = check
        self._reading = Reading(database, self._breakable)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="export")
        self._lock = threading.Lock()
        self._running: set[socket.socket] = set()
        self._is_over = False

    def __enter__(self) -> Side:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._is_over = True
            for line in self._running:
                # To ask the server to cancel would be to wait for it, however long it does not answer.
                with suppress(OSError):  # it is broken already
                    line.shutdown(socket.SHUT_RDWR)
        self._pool.shutdown(cancel_futures=True)

    def submit(self, work: Callable[[], Result]) -> Future[Result]:
        """Do it in a thread."""
        return self._pool.submit(self._apart, work)

    def wait(self, future: Future[Result]) -> Result:
        """What came of it, once it is done; raises what it raised, and whatever `check` does."""
        # Also when it is done already: many of those in a row take their time.
        self._check()
        while not wait_for([future], timeout=_LOOK_SECONDS).done:
            self._check()
        return future.result()

    @contextmanager
    def snapshot(self, zone: str) -> Iterator[None]:
        """In one of the threads: a read-only transaction that sees one instant, which is not before the block
        begins, of the database that was named; `zone` is the session's time zone meanwhile."""
        with self._reading.at_least_now():
            connection.ensure_connection()
            with self._breakable(connection), snapshot(), connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('TimeZone', %s, true),"
                    " set_config('client_connection_check_interval', %s, true)",
                    [zone, _SERVER_LOOKS],
                )
                yield

    def _apart(self, work: Callable[[], Result]) -> Result:
        try:
            return work()
        finally:
            connections.close_all()

    @contextmanager
    def _breakable(self, database: Any) -> Iterator[None]:
        # Another handle of the socket that a thread waits on.
        with socket.socket(fileno=os.dup(database.connection.fileno())) as line:
            with self._lock:
                if self._is_over:
                    raise RuntimeError("The export is over.")
                self._running.add(line)
            try:
                yield
            finally:
                with self._lock:
                    self._running.discard(line)
                    is_over = self._is_over
        if is_over:
            # Broken off after all was read: what comes next in the thread could not be noted any more.
            raise RuntimeError("The export is over.")
