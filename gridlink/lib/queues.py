"""Define the Celery queues and the time limits of their tasks."""

from __future__ import annotations

from typing import NamedTuple


class QueueLimits(NamedTuple):
    """Hold a queue's time limits in seconds: `soft` raises an exception, `hard` kills."""

    soft: int
    hard: int


# For small jobs of any kind, which must not wait for long ones.
QUICK = "quick"
QUEUES: dict[str, QueueLimits] = {
    QUICK: QueueLimits(soft=120, hard=180),
    "exports": QueueLimits(soft=6 * 3600, hard=6 * 3600 + 120),
    "reports": QueueLimits(soft=3600, hard=3600 + 120),
    "imports": QueueLimits(soft=2 * 3600, hard=2 * 3600 + 120),
    "notify": QueueLimits(soft=120, hard=180),
    "maintenance": QueueLimits(soft=600, hard=660),
    "ingest": QueueLimits(soft=600, hard=660),
}


def visibility_timeout() -> int:
    """Return the seconds after which Redis redelivers an unacknowledged message.

    Celery does not renew it while a task runs, so it exceeds every limit: otherwise a long task would start
    a second time.
    """
    return max(limits.hard for limits in QUEUES.values()) + 600
