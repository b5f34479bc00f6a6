"""Register runners by the kind of job they run; apps register theirs in `<app>/jobs.py`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from gridlink.lib.queues import QUEUES, QUICK
from tasks.jobs.context import JobContext
from tasks.jobs.lifecycle import Outcome


class JobRunner(ABC):
    """Do the work of one kind of job; the executor owns its lifecycle."""

    kind: ClassVar[str]
    queue: ClassVar[str]

    @abstractmethod
    def run(self, context: JobContext) -> Outcome:
        """Do the work, which may start over at any time, even twice at once.

        Change the database only through the Outcome's effects, and storage only through `context.output`.
        Raise `JobFailed` for what the owner can understand. A ConnectionError, an unreachable database and
        any StorageError but StorageFull are tried again; anything else is a defect and fails the job.
        """

    @classmethod
    def is_small(cls, *, user_id: int, params: dict[str, Any], upload_size: int) -> bool:
        """Return whether the job surely takes seconds, and so may join the queue `quick`.

        Must cost next to nothing. If it is wrong, that queue's time limit moves the job to its own queue.
        """
        return False


class JobFailed(Exception):
    """Report that the job cannot succeed; `message` tells its owner why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class UnknownKind(Exception):
    """Report an unknown kind of job, which another version's worker may know."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"No worker knows jobs of the kind {kind!r}.")


_runners: dict[str, type[JobRunner]] = {}


def register(runner: type[JobRunner]) -> type[JobRunner]:
    """Register a runner. Raises ValueError for a known kind or an unknown queue."""
    if runner.kind in _runners:
        raise ValueError(f"There is a runner for {runner.kind!r} already.")
    if runner.queue not in QUEUES:
        raise ValueError(f"{runner.kind!r} names the unknown queue {runner.queue!r}.")
    _runners[runner.kind] = runner
    return runner


def runner_for(kind: str) -> type[JobRunner]:
    """Return the runner of a kind. Raises UnknownKind."""
    runner = _runners.get(kind)
    if runner is None:
        raise UnknownKind(kind)
    return runner


def queue_for(kind: str, *, user_id: int, params: dict[str, Any], upload_size: int = 0) -> str:
    """Return the queue that a new job joins: `quick` or its kind's. Raises UnknownKind."""
    runner = runner_for(kind)
    is_small = runner.is_small(user_id=user_id, params=params, upload_size=upload_size)
    return QUICK if is_small else runner.queue
