"""The connections of an S3 client: what one thread waits for on them another can break off."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from weakref import WeakSet

from botocore.exceptions import BotoCoreError


class Interrupted(BotoCoreError):  # type: ignore[misc]
    """The request was broken off, or not made at all."""

    fmt = "The work with the store was broken off"


class Lines:
    """The connections of the clients that are watched."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Not boto's connections: those forget a line whose last answer is still being read.
        self._open: WeakSet[socket.socket] = WeakSet()
        self._is_cut = False

    def watch(self, client: Any) -> None:
        """A client that has made no request yet."""
        # boto has no other way to have one's own connections, and tells nobody of those it has.
        pools = client._endpoint.http_session._pool_classes_by_scheme
        for scheme, pool in list(pools.items()):
            pools[scheme] = type(pool.__name__, (pool,), {"ConnectionCls": self._watched(pool)})
        client.meta.events.register("before-send.s3", self._check)
        client.meta.events.register_first("needs-retry.s3", self._check_answer)

    def cut(self) -> None:
        """Break off all requests that are under way, and refuse further ones until `mend`."""
        with self._lock:
            self._is_cut = True
            for line in self._open:
                with suppress(OSError, TypeError):  # it is broken already, or TLS within TLS
                    # That of TLS would take its state from under the thread that reads.
                    socket.socket.shutdown(line, socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let requests through again."""
        with self._lock:
            self._is_cut = False

    def _watched(self, pool: Any) -> Any:
        lines = self

        class Watched(pool.ConnectionCls):  # type: ignore[misc]
            """Known from the moment that requests can be made on it."""

            def connect(self) -> None:
                super().connect()
                lines._add(self.sock)

        return Watched

    def _add(self, line: socket.socket) -> None:
        with self._lock:
            self._open.add(line)
        self._check()

    def _check(self, **_: Any) -> None:
        if self._is_cut:
            raise Interrupted()

    def _check_answer(self, response: Any, **_: Any) -> None:
        """Rather than to pause, and try again. What was done is done."""
        if response is None or response[0].status_code >= HTTPStatus.BAD_REQUEST:
            self._check()
