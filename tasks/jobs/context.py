"""Give a runner its job: parameters, progress reports, checkpoints and files to write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from tasks.jobs.claims import Claim, load_checkpoint, save_checkpoint
from tasks.jobs.lifecycle import FinishedFile, Progress
from tasks.models import FileRole, JobFile
from tasks.storage import ObjectStore, Sink


@dataclass(slots=True)
class Output:
    """Hold a file that is being written. Set `rows` before the `with` block ends."""

    sink: Sink
    rows: int | None = None


def scratch_delete(store: ObjectStore, slug: str) -> None:
    """Delete the scratch objects of all attempts of a job. Raises StorageError."""
    for item in list(store.list(_scratch(slug))):
        store.delete(item.key)


def _scratch(slug: str) -> str:
    return f"jobs/{slug}/scratch/"


class JobContext:
    """Give `JobRunner.run` its job; `check` and `report` raise the reason to stop."""

    def __init__(self, claim: Claim, store: ObjectStore) -> None:
        self.claim = claim
        self.user_id = claim.user_id
        # As the job's service stored them.
        self.params = claim.params
        self.store = store
        self.files: list[FinishedFile] = []
        # As last reported, and the reason to stop: each is read and written by two threads.
        self.progress = Progress()
        self.stopped_by: BaseException | None = None
        self._has_scratch = False

    def report(self, done: int, total: int | None, unit: str) -> None:
        """Report progress, as often as you like: it is written once a heartbeat."""
        self.check()
        self.progress = Progress(done, total, unit)

    def stop(self, reason: BaseException) -> None:
        """Make the runner stop at its next `check`; the first reason counts."""
        self.stopped_by = self.stopped_by or reason

    def check(self) -> None:
        """Raise the reason to stop, if there is one. Long loops call this or `report`."""
        if reason := self.stopped_by:
            raise reason

    @contextmanager
    def output(self, name: str, content_type: str) -> Iterator[Output]:
        """Write a file of the job, visible once the block ends without an error."""
        key = f"jobs/{self.claim.slug}/{self._attempt}/{name}"
        with self.store.sink(key) as sink:
            output = Output(sink)
            yield output
            self.check()
        self.files.append(
            FinishedFile(name, key, content_type, sink.size, output.rows, sink.sha256)
        )

    @property
    def checkpoint(self) -> dict[str, Any]:
        """Return the last checkpoint of this or an earlier attempt; empty if there is none."""
        data = load_checkpoint(self.claim)
        self._has_scratch |= bool(data)
        return data

    def save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store how far the work has come, for another attempt. Raises LeaseLost."""
        save_checkpoint(self.claim, checkpoint)

    def scratch(self, name: str) -> Sink:
        """Write an object for this or a later attempt, deleted on success or cancellation."""
        return self.store.sink(self.scratch_key(name))

    def scratch_key(self, name: str) -> str:
        """Return the key under which `scratch` writes this name in this attempt."""
        self._has_scratch = True
        return f"{_scratch(self.claim.slug)}{self._attempt}/{name}"

    def discard_scratch(self) -> None:
        """Delete the scratch objects of all attempts; the sweeper removes what this cannot."""
        if self._has_scratch:
            scratch_delete(self.store, self.claim.slug)

    def discard_outputs(self) -> None:
        """Delete outputs that did not become the job's; the sweeper removes what this cannot."""
        keys = {file.storage_key for file in self.files}
        kept = JobFile.objects.filter(storage_key__in=keys).values_list("storage_key", flat=True)
        for key in keys.difference(kept):
            self.store.delete(key)
        self.files.clear()

    @property
    def _attempt(self) -> str:
        # With the fence, so that two workers that both hold the job for theirs never share a file.
        return f"{self.claim.attempt}-{self.claim.fence}"

    @contextmanager
    def input(self) -> Iterator[BinaryIO]:
        """Open the file that the job was given, for streaming."""
        file = JobFile.objects.get(job_id=self.claim.job_id, role=FileRole.INPUT)
        with self.store.open(file.storage_key) as stream:
            yield stream
