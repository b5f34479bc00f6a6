"""What every channel does: make a delivery ready, and learn from what became of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from tasks.models import Channel, Delivery
from tasks.notifications.outbox import Result

Send = Callable[[], Result]
"""Sends, on a thread of its own: it touches no database and raises nothing."""


class Sender(ABC):
    """One way out. A new one is a subclass in a file of its own, and its name in `registry.py`."""

    channel: ClassVar[Channel]
    at_once: ClassVar[int]

    @abstractmethod
    def prepare(self, delivery: Delivery) -> Send:
        """All that the database says, as something that can be sent. Raises Undeliverable."""

    @abstractmethod
    def settle(self, delivery: Delivery, answer: Result, milliseconds: int) -> None:
        """Write down what a try came to, with all that follows from it."""
