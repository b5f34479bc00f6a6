"""Which runner does which kind of job. Apps register theirs in `<app>/jobs.py`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from gridlink.lib.queues import QUEUES, QUICK
from tasks.jobs.context import JobContext
from tasks.jobs.lifecycle import Outcome


class JobRunner(ABC):
    """The work of one kind of job. The executor owns the lifecycle; a subclass writes only `run`."""

    kind: ClassVar[str]
    queue: ClassVar[str]

    @abstractmethod
    def run(self, context: JobContext) -> Outcome:
        """Do the work. It may be started again from the beginning at any time, even twice at once:
        change the database only through the effects of the Outcome, and storage only through
        `context.output`.

        Raise `JobFailed` for what the owner can understand. A ConnectionError, a database that cannot be
        reached, and any StorageError but StorageFull are tried again; anything else is a defect and fails
        the job.
        """

    @classmethod
    def is_small(cls, *, user_id: int, params: dict[str, Any], upload_size: int) -> bool:
        """Whether the job is sure to take seconds and may go into the queue `quick`, by a count or bound
        that costs next to nothing to find out. Where this was wrong, that queue's time limit stops it.
        """
        return False


class JobFailed(Exception):
    """The job cannot succeed, and `message` tells its owner why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class UnknownKind(Exception):
    """No installed app knows this kind of job; in the middle of a deployment another worker may."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"No worker knows jobs of the kind {kind!r}.")


_runners: dict[str, type[JobRunner]] = {}


def register(runner: type[JobRunner]) -> type[JobRunner]:
    """Class decorator. Raises ValueError for a kind that exists already or an unknown queue."""
    if runner.kind in _runners:
        raise ValueError(f"There is a runner for {runner.kind!r} already.")
    if runner.queue not in QUEUES:
        raise ValueError(f"{runner.kind!r} names the unknown queue {runner.queue!r}.")
    _runners[runner.kind] = runner
    return runner


def runner_for(kind: str) -> type[JobRunner]:
    """Raises UnknownKind."""
    runner = _runners.get(kind)
    if runner is None:
        raise UnknownKind(kind)
    return runner


def queue_for(kind: str, *, user_id: int, params: dict[str, Any], upload_size: int = 0) -> str:
    """The queue that a new job joins: its kind's, or the one of small jobs. Raises UnknownKind."""
    runner = runner_for(kind)
    is_small = runner.is_small(user_id=user_id, params=params, upload_size=upload_size)
    return QUICK if is_small else runner.queue


def kinds() -> list[str]:
    """All registered kinds, sorted."""
    return sorted(_runners)
