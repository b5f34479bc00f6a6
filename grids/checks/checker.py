"""Check addresses: request each once, many at a time and politely to each host."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.parse import urlsplit

from gridlink.lib.outbound.client import Client, Response
from gridlink.lib.outbound.errors import OutboundError
from grids.checks.classifier import Finding, Probe, classify
from grids.checks.host_queue import HostQueue

_TICK_SECONDS = 0.25
_Outcome = Response | OutboundError | Exception


class Checker:
    """Request addresses with `concurrency` threads.

    Redirects and retries wait in the queue as first requests do, so that a host is never requested faster for
    being where many others redirect to.
    """

    def __init__(self, *, client: Client, concurrency: int, queue: HostQueue[Probe]) -> None:
        self._client = client
        self._concurrency = concurrency
        self._queue = queue
        self._tasks: SimpleQueue[tuple[str, Probe] | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[str, Probe, _Outcome]] = SimpleQueue()
        self._running = 0

    def run(
        self, urls: Iterable[str], *, seconds: float, tick: Callable[[], None]
    ) -> Iterator[tuple[str, Finding]]:
        """Yield each address with its finding; what takes longer than `seconds` is left out.

        `tick` is called several times a second and may raise to end the check at once: requests that are
        under way then end by themselves, within the client's limits.
        """
        deadline = time.monotonic() + seconds
        for url in urls:
            self._queue.add(_host_of(url), Probe(url))
        for _ in range(self._concurrency):
            # No ThreadPoolExecutor: the end of the process would wait for its threads.
            Thread(target=self._work, name="check", daemon=True).start()
        try:
            while (self._running or self._queue) and time.monotonic() < deadline:
                tick()
                self._send()
                yield from self._receive()
        finally:
            for _ in range(self._concurrency):
                self._tasks.put(None)

    def _work(self) -> None:
        while task := self._tasks.get():
            host, probe = task
            self._done.put((host, probe, self._request(probe)))

    def _request(self, probe: Probe) -> _Outcome:
        try:
            return self._client.request(probe.method, probe.at)
        except Exception as error:
            return error

    def _send(self) -> None:
        while self._running < self._concurrency and (task := self._queue.pop()):
            self._running += 1
            self._tasks.put(task)

    def _receive(self) -> Iterator[tuple[str, Finding]]:
        try:
            wait = _TICK_SECONDS
            if self._running < self._concurrency:
                wait = min(wait, self._queue.seconds_until_next())
            host, probe, outcome = self._done.get(timeout=wait)
        except Empty:
            return
        self._running -= 1
        if not isinstance(outcome, (Response, OutboundError)):
            # A defect must fail the job, and not only a thread.
            raise outcome
        step = classify(probe, outcome)
        if isinstance(step, Finding):
            yield probe.url, step
        else:
            if step.pauses_host:
                self._queue.pause(host, step.seconds)
            self._queue.add(_host_of(probe.at), probe, after=step.seconds)
        self._queue.release(host)


def _host_of(url: str) -> str:
    """Return what counts as one host: its name, whatever the port and the scheme."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
