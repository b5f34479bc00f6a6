"""Send due deliveries, many at once, with a limit for each channel.

Threads only wait for the other side. Only the caller's thread uses the database.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from threading import Thread

from tasks.models import Delivery
from tasks.notifications import outbox
from tasks.notifications.channels.base import Send, Sender
from tasks.notifications.channels.email import EmailSender
from tasks.notifications.channels.webhook import WebhookSender
from tasks.notifications.outbox import Result, Undeliverable, Verdict

logger = logging.getLogger(__name__)

# Every channel has a Sender in a module of its own.
SENDERS: tuple[Sender, ...] = (EmailSender(), WebhookSender())
# After this another message goes on, so that a worker that is stopping can stop.
DISPATCH_SECONDS = 20.0
_TICK_SECONDS = 0.25
_TOO_OFTEN = Result(
    Verdict.REJECTED, error="It was tried too often, and no attempt came to an end."
)
_Finished = tuple[Sender, Delivery, Result, int]


def deliver(*, senders: Sequence[Sender] = SENDERS, seconds: float = DISPATCH_SECONDS) -> int:
    """Send what is due and what becomes due meanwhile; return how many attempts were made."""
    return _Dispatcher(senders).run(seconds)


class _Dispatcher:
    def __init__(self, senders: Sequence[Sender]) -> None:
        self._free = {sender: sender.at_once for sender in senders}
        self._finished: SimpleQueue[_Finished] = SimpleQueue()
        self._under_way = 0
        self._attempts = 0

    def run(self, seconds: float) -> int:
        started = time.monotonic()
        # An attempt that hangs for longer than this is left to its lease.
        limit = seconds + outbox.attempt_timeout().total_seconds() + 1
        while (spent := time.monotonic() - started) < limit:
            if spent < seconds:
                self._start_all()
            if not self._under_way:
                break
            self._receive()
        return self._attempts

    def _start_all(self) -> None:
        for sender in self._free:
            while self._free[sender] and (delivery := outbox.claim(sender.channel)):
                self._start(sender, delivery)

    def _start(self, sender: Sender, delivery: Delivery) -> None:
        self._attempts += 1
        if delivery.attempts > outbox.ATTEMPTS_MAX:
            # Each attempt ended with its worker's death, or took too long.
            self._settle(sender, delivery, _TOO_OFTEN, 0)
            return
        try:
            send = sender.prepare(delivery)
        except Undeliverable as error:
            self._settle(sender, delivery, error.result, 0)
            return
        except Exception as error:
            # A delivery that cannot be prepared must not hold up the others.
            self._settle(sender, delivery, _defect(error), 0)
            return
        self._under_way += 1
        self._free[sender] -= 1
        thread = Thread(target=self._work, args=(sender, delivery, send), daemon=True)
        thread.name = f"deliver-{delivery.slug}"
        thread.start()

    def _work(self, sender: Sender, delivery: Delivery, send: Send) -> None:
        started = time.monotonic()
        try:
            result = send()
        except Exception as error:
            result = _defect(error)
        milliseconds = round((time.monotonic() - started) * 1000)
        self._finished.put((sender, delivery, result, milliseconds))

    def _receive(self) -> None:
        try:
            sender, delivery, result, milliseconds = self._finished.get(timeout=_TICK_SECONDS)
        except Empty:
            return
        self._under_way -= 1
        self._free[sender] += 1
        self._settle(sender, delivery, result, milliseconds)

    def _settle(
        self, sender: Sender, delivery: Delivery, result: Result, milliseconds: int
    ) -> None:
        sender.settle(delivery, result, milliseconds)
        outcome = {"verdict": result.verdict.name.lower(), "code": result.code}
        which = {"delivery": delivery.slug, "channel": delivery.channel}
        logger.info("delivery_tried", extra={**which, "attempt": delivery.attempts, **outcome})


def _defect(error: Exception) -> Result:
    logger.error("delivery_defect", exc_info=error)
    return Result(Verdict.RETRY, error="A defect on the server stopped the delivery.")
