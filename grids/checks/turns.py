"""Whose turn it is: many visits at once, but few to one host, and not one right after the other."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, TypeVar

PER_HOST = 2
GAP_SECONDS = 0.5

T = TypeVar("T")


@dataclass(slots=True)
class _Host(Generic[T]):
    """A host's waiting items by the time they may go, and when the host may be asked next."""

    waiting: list[tuple[float, int, T]] = field(default_factory=list)
    running: int = 0
    rests_until: float = 0.0
    due: float | None = None


class Turns(Generic[T]):
    """At most `per_host` items of a host are out at a time, their starts `gap` seconds apart."""

    def __init__(
        self,
        *,
        per_host: int = PER_HOST,
        gap: float = GAP_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_host = per_host
        self._gap = gap
        self._clock = clock
        self._hosts: dict[str, _Host[T]] = {}
        # When a host has something to give, one entry a host; outdated ones are passed over.
        self._due: list[tuple[float, int, str]] = []
        self._numbers = count()
        self._left = 0

    def __len__(self) -> int:
        """How many items wait."""
        return self._left

    def add(self, host: str, item: T, *, after: float = 0.0) -> None:
        """Let an item wait for its turn, which comes in `after` seconds at the earliest."""
        entry = self._hosts.setdefault(host, _Host())
        heapq.heappush(entry.waiting, (self._clock() + after, next(self._numbers), item))
        self._left += 1
        self._announce(host, entry)

    def rest(self, host: str, seconds: float) -> None:
        """Nothing of the host goes for so long."""
        entry = self._hosts.setdefault(host, _Host())
        entry.rests_until = max(entry.rests_until, self._clock() + seconds)

    def take(self) -> tuple[str, T] | None:
        """The next host and item; None when it is nobody's turn. Give the host back with `done`."""
        now = self._clock()
        while self._due and self._due[0][0] <= now:
            due, _, host = heapq.heappop(self._due)
            entry = self._hosts[host]
            if entry.due != due:
                continue
            entry.due = None
            if self._ready_at(entry) <= now:
                return host, self._start(host, entry, now)
            self._announce(host, entry)
        return None

    def done(self, host: str) -> None:
        """An item of the host came back."""
        entry = self._hosts[host]
        entry.running -= 1
        self._announce(host, entry)

    def seconds_until_next(self) -> float:
        """How long until it may be somebody's turn; infinite when that is up to `done`."""
        return max(0.0, self._due[0][0] - self._clock()) if self._due else float("inf")

    def _start(self, host: str, entry: _Host[T], now: float) -> T:
        item = heapq.heappop(entry.waiting)[2]
        self._left -= 1
        entry.running += 1
        entry.rests_until = max(entry.rests_until, now + self._gap)
        self._announce(host, entry)
        return item

    def _ready_at(self, entry: _Host[T]) -> float:
        return max(entry.rests_until, entry.waiting[0][0])

    def _announce(self, host: str, entry: _Host[T]) -> None:
        if not entry.waiting or entry.running >= self._per_host:
            return
        ready_at = self._ready_at(entry)
        if entry.due is None or ready_at < entry.due:
            entry.due = ready_at
            heapq.heappush(self._due, (ready_at, next(self._numbers), host))
