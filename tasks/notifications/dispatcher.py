"""Empties the outbox: many deliveries at a time, each channel with places of its own.

Threads do nothing but wait for the other side. The database is the caller's thread's alone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from threading import Thread

from tasks.models import Delivery
from tasks.notifications.channels.base import Send, Sender
from tasks.notifications.channels.registry import SENDERS
from tasks.notifications.outbox import (
    ATTEMPTS_MAX,
    Result,
    Undeliverable,
    Verdict,
    attempt_timeout,
    claim,
)

logger = logging.getLogger(__name__)

# Then another message goes on, so that a worker that is told to stop can.
DISPATCH_SECONDS = 20.0
_TICK_SECONDS = 0.25
_TOO_OFTEN = Result(Verdict.REJECTED, error="It was tried too often, and no try came to an end.")
_Outcome = tuple[Sender, Delivery, Result, int]


def deliver(*, senders: Sequence[Sender] = SENDERS, seconds: float = DISPATCH_SECONDS) -> int:
    """Send what is due, and what becomes due while something is under way; how many tries that took."""
    return _Dispatcher(senders).run(seconds)


class _Dispatcher:
    def __init__(self, senders: Sequence[Sender]) -> None:
        self._free = {sender: sender.at_once for sender in senders}
        self._back: SimpleQueue[_Outcome] = SimpleQueue()
        self._out = 0
        self._tries = 0

    def run(self, seconds: float) -> int:
        started = time.monotonic()
        # What hangs for longer than it may is left to its lease.
        patience = seconds + attempt_timeout().total_seconds() + 1
        while (spent := time.monotonic() - started) < patience:
            if spent < seconds:
                self._start_all()
            if not self._out:
                break
            self._receive()
        return self._tries

    def _start_all(self) -> None:
        for sender in self._free:
            while self._free[sender] and (delivery := claim(sender.channel)):
                self._start(sender, delivery)

    def _start(self, sender: Sender, delivery: Delivery) -> None:
        self._tries += 1
        if delivery.attempts > ATTEMPTS_MAX:
            # Each of those took its worker's life, or longer than it may.
            self._settle(sender, delivery, _TOO_OFTEN, 0)
            return
        try:
            send = sender.prepare(delivery)
        except Undeliverable as error:
            self._settle(sender, delivery, error.answer, 0)
            return
        except Exception as error:
            # One delivery that cannot be made ready must not keep the others from going.
            self._settle(sender, delivery, _defect(error), 0)
            return
        self._out += 1
        self._free[sender] -= 1
        thread = Thread(target=self._work, args=(sender, delivery, send), daemon=True)
        thread.name = f"deliver-{delivery.slug}"
        thread.start()

    def _work(self, sender: Sender, delivery: Delivery, send: Send) -> None:
        started = time.monotonic()
        try:
            answer = send()
        except Exception as error:
            answer = _defect(error)
        self._back.put((sender, delivery, answer, round((time.monotonic() - started) * 1000)))

    def _receive(self) -> None:
        try:
            sender, delivery, answer, milliseconds = self._back.get(timeout=_TICK_SECONDS)
        except Empty:
            return
        self._out -= 1
        self._free[sender] += 1
        self._settle(sender, delivery, answer, milliseconds)

    def _settle(
        self, sender: Sender, delivery: Delivery, answer: Result, milliseconds: int
    ) -> None:
        sender.settle(delivery, answer, milliseconds)
        said = {"verdict": answer.verdict.name.lower(), "code": answer.code}
        which = {"delivery": delivery.slug, "channel": delivery.channel}
        logger.info("delivery_tried", extra={**which, "attempt": delivery.attempts, **said})


def _defect(error: Exception) -> Result:
    logger.error("delivery_defect", exc_info=error)
    return Result(Verdict.RETRY, error="A defect on the server stopped the delivery.")
