"""Define what every channel does: prepare a delivery, and record the result of an attempt."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from tasks.models import Channel, Delivery
from tasks.notifications.outbox import Result

# Runs in a thread of its own: it uses no database and raises nothing.
Send = Callable[[], Result]


class Sender(ABC):
    """Deliver through one channel, at most `at_once` deliveries at a time."""

    channel: ClassVar[Channel]
    at_once: ClassVar[int]

    @abstractmethod
    def prepare(self, delivery: Delivery) -> Send:
        """Read everything from the database and return how to send it. Raises Undeliverable."""

    @abstractmethod
    def settle(self, delivery: Delivery, result: Result, milliseconds: int) -> None:
        """Record the result of an attempt, and what follows from it."""
