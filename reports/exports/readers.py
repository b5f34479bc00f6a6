"""Run database reads in threads, which end when the job must stop."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import contextmanager, suppress
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, connections

from gridlink.lib.database import snapshot
from reports.exports.replica import is_up_to_date

Result = TypeVar("Result")

# How often a waiting job checks whether it must stop.
_CHECK_SECONDS = 0.2
# How often the server checks whether the client of a query without rows is still connected.
_SERVER_CHECKS = "1s"


class ReaderPool:
    """Run work in threads within a `with` block.

    `check` raises why the job must stop; `wait` calls it repeatedly. When the block ends, running queries are
    interrupted: here at once, and in the server as soon as it notices.
    """

    def __init__(
        self, threads: int, check: Callable[[], None], using: str = DEFAULT_DB_ALIAS
    ) -> None:
        self._check = check
        self._using = using
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="export")
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._is_closed = False

    def __enter__(self) -> ReaderPool:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._is_closed = True
            for connected in self._sockets:
                # To ask the server to cancel would be to wait for it, however long it does not answer.
                with suppress(OSError):  # it is closed already
                    connected.shutdown(socket.SHUT_RDWR)
        self._executor.shutdown(cancel_futures=True)

    def submit(self, work: Callable[[], Result]) -> Future[Result]:
        """Run `work` in a thread, whose connections are closed afterwards."""
        return self._executor.submit(self._run, work)

    def wait(self, future: Future[Result]) -> Result:
        """Return the result once it is there; raise what the work or `check` raises."""
        # Also when it is done already: a long series of finished ones takes time too.
        self._check()
        while not wait_for([future], timeout=_CHECK_SECONDS).done:
            self._check()
        return future.result()

    @contextmanager
    def snapshot(self, zone: str) -> Iterator[str]:
        """Open a read-only snapshot in one of the threads; yield the alias of its database.

        It contains everything committed before the block. `zone` is the session's time zone meanwhile.
        """
        if self._using != DEFAULT_DB_ALIAS and not is_up_to_date(self._using, self._interruptible):
            # For the rest of the job: the replica fails or lags.
            self._using = DEFAULT_DB_ALIAS
        using = self._using
        connections[using].ensure_connection()
        with (
            self._interruptible(using),
            snapshot(using),
            connections[using].cursor() as cursor,
        ):
            cursor.execute(
                "SELECT set_config('TimeZone', %s, true),"
                " set_config('client_connection_check_interval', %s, true)",
                [zone, _SERVER_CHECKS],
            )
            yield using

    def _run(self, work: Callable[[], Result]) -> Result:
        try:
            return work()
        finally:
            connections.close_all()

    @contextmanager
    def _interruptible(self, using: str) -> Iterator[None]:
        # Another handle of the socket that the thread waits on.
        connected = socket.socket(fileno=os.dup(connections[using].connection.fileno()))
        with connected:
            with self._lock:
                if self._is_closed:
                    raise RuntimeError("The export is over.")
                self._sockets.add(connected)
            try:
                yield
            finally:
                with self._lock:
                    self._sockets.discard(connected)
                    is_closed = self._is_closed
        if is_closed:
            # Interrupted after the last read: what the thread would do next could not be recorded any more.
            raise RuntimeError("The export is over.")
