"""The Celery queues: what each is for and how long one piece of its work may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Time limits of a queue's work, in seconds: at `soft` it is told to stop, at `hard` it is killed."""

    soft: int
    hard: int


# Small jobs of any kind, which a long one must not keep waiting.
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
    """Seconds after which Redis hands an unacknowledged message out again.

    Longer than any work may take, since Celery does not renew it while a task runs: a shorter one starts
    a long task a second time beside the first.
    """
    return max(limits.hard for limits in QUEUES.values()) + 600
