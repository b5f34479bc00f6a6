"""What a runner sees of its job: its parameters, a way to report progress, and files to write."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from tasks.jobs import checkpoints
from tasks.jobs.claims import Claim
from tasks.jobs.lifecycle import FinishedFile, Progress
from tasks.models import FileRole, JobFile
from tasks.storage import ObjectStore, Sink


@dataclass(slots=True)
class Output:
    """A file in the making. Set `rows` before the `with` block ends."""

    sink: Sink
    rows: int | None = None


def scratch_delete(store: ObjectStore, slug: str) -> None:
    """Delete what the attempts of a job wrote for themselves. Raises StorageError."""
    for item in list(store.list(_scratch(slug))):
        store.delete(item.key)


def _scratch(slug: str) -> str:
    return f"jobs/{slug}/scratch/"


class JobContext:
    """Handed to `JobRunner.run`. `check` and everything that reports raise what the heart has heard:
    JobCancelled, LeaseLost or the worker's stop."""

    def __init__(self, claim: Claim, store: ObjectStore) -> None:
        self.claim = claim
        self.store = store
        self.files: list[FinishedFile] = []
        self._progress = Progress()
        self._stop: BaseException | None = None
        self._lock = threading.Lock()
        self._has_scratch = False

    @property
    def params(self) -> dict[str, Any]:
        """The job's parameters, as its service stored them."""
        return self.claim.params

    @property
    def user_id(self) -> int:
        """The key of the job's owner."""
        return self.claim.user_id

    @property
    def progress(self) -> Progress:
        """The last reported progress."""
        with self._lock:
            return self._progress

    def report(self, done: int, total: int | None, unit: str) -> None:
        """Report progress, however often: it is written once a heartbeat."""
        self.check()
        with self._lock:
            self._progress = Progress(done, total, unit)

    def stop(self, reason: BaseException) -> None:
        """Make the runner stop at its next `check`; the first reason stays."""
        with self._lock:
            self._stop = self._stop or reason

    @property
    def stopped_by(self) -> BaseException | None:
        """The reason to stop, if there is one."""
        with self._lock:
            return self._stop

    def check(self) -> None:
        """Raise the reason to stop, if there is one. Long loops call this or `report`."""
        if reason := self.stopped_by:
            raise reason

    @contextmanager
    def output(self, name: str, content_type: str) -> Iterator[Output]:
        """Write a file of the job; it becomes visible only when the block ends well.

        The key holds attempt and fence: two workers that both believe in the job never share a file.
        """
        claim = self.claim
        key = f"jobs/{claim.slug}/{claim.attempt}-{claim.fence}/{name}"
        with self.store.sink(key) as sink:
            output = Output(sink)
            yield output
            self.check()
        self.files.append(
            FinishedFile(name, key, content_type, sink.size, output.rows, sink.sha256)
        )

    @property
    def checkpoint(self) -> dict[str, Any]:
        """What this or an earlier attempt kept last."""
        data = checkpoints.kept(self.claim)
        self._has_scratch |= bool(data)
        return data

    def keep(self, checkpoint: dict[str, Any]) -> None:
        """Remember how far the work has come, for an attempt after this one. Raises LeaseLost."""
        checkpoints.keep(self.claim, checkpoint)

    @contextmanager
    def scratch(self, name: str) -> Iterator[Sink]:
        """Write an object that the job itself will read, in this attempt or in another one that finds its key
        in the checkpoint. It is gone once the job has succeeded or is cancelled."""
        with self.store.sink(self.scratch_key(name)) as sink:
            yield sink

    def scratch_key(self, name: str) -> str:
        """Where `scratch` writes the object of this name: each attempt somewhere else."""
        self._has_scratch = True
        return f"{_scratch(self.claim.slug)}{self.claim.attempt}-{self.claim.fence}/{name}"

    def discard_scratch(self) -> None:
        """Delete what `scratch` wrote, of all attempts; what remains here the sweeper finds."""
        if self._has_scratch:
            scratch_delete(self.store, self.claim.slug)

    def discard_outputs(self) -> None:
        """Delete what was written and did not become the job's; what remains here the sweeper finds."""
        keys = {file.storage_key for file in self.files}
        kept = JobFile.objects.filter(storage_key__in=keys).values_list("storage_key", flat=True)
        for key in keys.difference(kept):
            self.store.delete(key)
        self.files.clear()

    @contextmanager
    def input(self) -> Iterator[BinaryIO]:
        """The file that the job was given, opened for streaming."""
        file = JobFile.objects.get(job_id=self.claim.job_id, role=FileRole.INPUT)
        with self.store.open(file.storage_key) as stream:
            yield stream
