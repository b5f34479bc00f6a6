"""Enforce how much more an owner may store while an export runs."""

from __future__ import annotations

import math
import threading

from tasks.jobs.quotas import bytes_left
from tasks.jobs.registry import JobFailed


class StorageQuota:
    """Hold what is left of a user's quota; an export reserves what it writes."""

    def __init__(self, user_id: int) -> None:
        left = bytes_left(user_id=user_id)
        self._left = math.inf if left is None else left
        self._lock = threading.Lock()

    def reserve(self, size: int) -> None:
        """Subtract so many bytes; raise JobFailed when that is more than is left."""
        with self._lock:
            self._left -= size
        if self._left < 0:
            message = "Your files would exceed your storage quota; delete some files and try again."
            raise JobFailed("quota", message)
