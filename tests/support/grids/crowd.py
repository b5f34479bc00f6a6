"""Simulate visitors who open pages and links without pause, and count their responses."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from types import TracebackType

_TIMEOUT = 30


class Crowd:
    """Visits `paths` on a port of this machine from when the block begins until it ends."""

    def __init__(
        self, port: int, paths: Sequence[str], *, visitors: int = 8, pause: float = 0.0
    ) -> None:
        self._port = port
        self._paths = paths
        self._pause = pause
        self._leaving = threading.Event()
        self._since = time.monotonic()
        self._lock = threading.Lock()
        # By status; 0 stands for a connection that ended without an answer.
        self.answers: Counter[int] = Counter()
        self._visitors = [
            threading.Thread(target=self._visit, args=(number,), daemon=True)
            for number in range(visitors)
        ]

    @property
    def clicks(self) -> int:
        """How many were sent on so far."""
        return self.answers[302]

    @property
    def views(self) -> int:
        """How many were answered with a page so far, or told that they have it."""
        return self.answers[200] + self.answers[304]

    @property
    def visits(self) -> int:
        """Clicks and views so far."""
        return self.clicks + self.views

    def elapsed(self) -> float:
        """Seconds since it was called together."""
        return time.monotonic() - self._since

    def __enter__(self) -> Crowd:
        for visitor in self._visitors:
            visitor.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leaving.set()
        for visitor in self._visitors:
            visitor.join(_TIMEOUT)

    def _visit(self, number: int) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT)
        turn, tags = number, dict[str, str]()
        while not self._leaving.is_set():
            turn += 1
            status = self._ask(connection, self._paths[turn % len(self._paths)], tags)
            with self._lock:
                self.answers[status] += 1
            if status == 0:
                # Nobody listens; whoever knocks on without pause only makes the machine slow.
                self._leaving.wait(0.05)
            elif self._pause:
                time.sleep(self._pause)
        connection.close()

    def _ask(self, connection: HTTPConnection, path: str, tags: dict[str, str]) -> int:
        """Ask for a page as new or, every other time, as one that the browser has."""
        headers = {"User-Agent": "Mozilla/5.0 Firefox/144.0", "Accept-Encoding": "gzip"}
        if path in tags:
            headers["If-None-Match"] = tags.pop(path)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                tags[path] = answer.headers["ETag"]
        except (OSError, HTTPException):
            connection.close()
            return 0
        return answer.status
