"""How much more an owner may store."""

from __future__ import annotations

import threading

from tasks.jobs.quotas import bytes_left
from tasks.jobs.registry import JobFailed


class Room:
    """What is left of a user's quota when an export begins, taken up by what it writes."""

    def __init__(self, user_id: int) -> None:
        self._left = bytes_left(user_id=user_id)
        self._lock = threading.Lock()

    def take(self, size: int) -> None:
        """So many bytes more are written. Raises JobFailed when that is too much."""
        with self._lock:
            if self._left is not None:
                self._left -= size
        if self._left is not None and self._left < 0:
            message = "Your files would take up more than you may store; delete some first."
            raise JobFailed("quota", message)
