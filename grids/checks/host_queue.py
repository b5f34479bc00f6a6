"""Queue items by host: few at a time for each, with gaps between starts."""

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
    """Hold a host's waiting items by their time, and when the host is free again."""

    waiting: list[tuple[float, int, T]] = field(default_factory=list)
    running: int = 0
    paused_until: float = 0.0
    due: float | None = None


class HostQueue(Generic[T]):
    """Release at most `per_host` items of a host at a time, `gap` seconds apart."""

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
        # When a host has a due item, with one entry per host; outdated entries are skipped.
        self._due: list[tuple[float, int, str]] = []
        self._numbers = count()
        self._left = 0

    def __len__(self) -> int:
        """Return the number of waiting items."""
        return self._left

    def add(self, host: str, item: T, *, after: float = 0.0) -> None:
        """Add an item, which is released after `after` seconds at the earliest."""
        entry = self._hosts.setdefault(host, _Host())
        heapq.heappush(entry.waiting, (self._clock() + after, next(self._numbers), item))
        self._left += 1
        self._schedule(host, entry)

    def pause(self, host: str, seconds: float) -> None:
        """Hold back all items of a host for so many seconds."""
        entry = self._hosts.setdefault(host, _Host())
        entry.paused_until = max(entry.paused_until, self._clock() + seconds)

    def pop(self) -> tuple[str, T] | None:
        """Return the next host and item, or None; give the host back with `release`."""
        now = self._clock()
        while self._due and self._due[0][0] <= now:
            due, _, host = heapq.heappop(self._due)
            entry = self._hosts[host]
            if entry.due != due:
                continue
            entry.due = None
            if self._ready_at(entry) <= now:
                return host, self._start(host, entry, now)
            self._schedule(host, entry)
        return None

    def release(self, host: str) -> None:
        """Note that an item of the host is done."""
        entry = self._hosts[host]
        entry.running -= 1
        self._schedule(host, entry)

    def seconds_until_next(self) -> float:
        """Return the seconds until an item is due; infinite when only `release` can free one."""
        return max(0.0, self._due[0][0] - self._clock()) if self._due else float("inf")

    def _start(self, host: str, entry: _Host[T], now: float) -> T:
        item = heapq.heappop(entry.waiting)[2]
        self._left -= 1
        entry.running += 1
        entry.paused_until = max(entry.paused_until, now + self._gap)
        self._schedule(host, entry)
        return item

    def _ready_at(self, entry: _Host[T]) -> float:
        return max(entry.paused_until, entry.waiting[0][0])

    def _schedule(self, host: str, entry: _Host[T]) -> None:
        if not entry.waiting or entry.running >= self._per_host:
            return
        ready_at = self._ready_at(entry)
        if entry.due is None or ready_at < entry.due:
            entry.due = ready_at
            heapq.heappush(self._due, (ready_at, next(self._numbers), host))
