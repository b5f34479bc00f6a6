"""One round of checks: every address visited once, many at a time, in everybody's turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.parse import urlsplit

from gridlink.lib.outbound.client import Client, Response
from gridlink.lib.outbound.errors import OutboundError
from grids.checks.judge import Finding, Visit, judge
from grids.checks.turns import Turns

_TICK_SECONDS = 0.25
_Outcome = Response | OutboundError | Exception


class Round:
    """Visits addresses with `at_once` threads. Redirects, retries and waits take turns as first requests do,
    so that a host is never asked faster for being where many others lead."""

    def __init__(self, *, client: Client, at_once: int, turns: Turns[Visit]) -> None:
        self._client = client
        self._at_once = at_once
        self._turns = turns
        self._todo: SimpleQueue[tuple[str, Visit] | None] = SimpleQueue()
        self._back: SimpleQueue[tuple[str, Visit, _Outcome]] = SimpleQueue()
        self._out = 0

    def run(
        self, urls: Iterable[str], *, seconds: float, tick: Callable[[], None]
    ) -> Iterator[tuple[str, Finding]]:
        """Each address with its finding, as they come; what is not found in `seconds` does not come. `tick`
        is called several times a second and may raise to end the round at once: requests that are under
        way then end by themselves, within the client's limits."""
        deadline = time.monotonic() + seconds
        for url in urls:
            self._turns.add(_host_of(url), Visit(url))
        for _ in range(self._at_once):
            # No pool of the library: the end of the process would wait for its threads.
            Thread(target=self._work, name="check", daemon=True).start()
        try:
            while (self._out or self._turns) and time.monotonic() < deadline:
                tick()
                self._send()
                yield from self._receive()
        finally:
            for _ in range(self._at_once):
                self._todo.put(None)

    def _work(self) -> None:
        while turn := self._todo.get():
            host, visit = turn
            self._back.put((host, visit, self._ask(visit)))

    def _ask(self, visit: Visit) -> _Outcome:
        try:
            return self._client.request(visit.method, visit.at)
        except Exception as error:
            return error

    def _send(self) -> None:
        while self._out < self._at_once and (turn := self._turns.take()):
            self._out += 1
            self._todo.put(turn)

    def _receive(self) -> Iterator[tuple[str, Finding]]:
        try:
            wait = min(_TICK_SECONDS, self._turns.seconds_until_next())
            host, visit, outcome = self._back.get(timeout=wait if self._may_send else _TICK_SECONDS)
        except Empty:
            return
        self._out -= 1
        if not isinstance(outcome, (Response, OutboundError)):
            # A defect is the job's, and not to die in a thread.
            raise outcome
        step = judge(visit, outcome)
        if isinstance(step, Finding):
            yield visit.url, step
        else:
            if step.host_rests:
                self._turns.rest(host, step.seconds)
            self._turns.add(_host_of(visit.at), visit, after=step.seconds)
        self._turns.done(host)

    @property
    def _may_send(self) -> bool:
        return self._out < self._at_once


def _host_of(url: str) -> str:
    """What counts as one host: its name, whatever the port and the scheme."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
