"""Write an export of several chunks: each as a part, then all as one file.

Finished parts are recorded in the job's checkpoint. The next attempt after a worker's death writes only the
rest, by the same plan, and produces the same bytes.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, NamedTuple

from reports.exports.base import PartedFormat
from reports.exports.progress import ChunkProgress, Progress
from reports.exports.quota import StorageQuota
from reports.exports.readers import ReaderPool
from reports.exports.sources.base import ExportSource, Plan
from tasks.jobs.context import JobContext
from tasks.storage import ObjectMissing


class Part(NamedTuple):
    """Name a part in storage."""

    key: str
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Hold how far an export is: its plan, and the finished parts by their number."""

    plan: Plan
    parts: Mapping[int, Part]

    def as_json(self) -> dict[str, Any]:
        """Return it as the job stores it."""
        parts = {str(number): list(part) for number, part in self.parts.items()}
        return {"plan": self.plan.as_json(), "parts": parts}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Checkpoint:
        """Read what `as_json` returned."""
        parts = {int(number): Part(*values) for number, values in stored["parts"].items()}
        return cls(Plan.from_json(stored["plan"]), parts)


class ExportParts:
    """Write the parts of one export in one attempt, several at once."""

    def __init__(
        self, context: JobContext, source: ExportSource, plan: Plan, parted: PartedFormat
    ) -> None:
        self._context, self._source, self._plan, self._format = context, source, plan, parted
        self._progress = Progress(context, plan.rows)
        self._quota = StorageQuota(context.user_id)
        self._lock = threading.Lock()
        self._finished: dict[int, Part] = {}

    def reuse(self, parts: Mapping[int, Part]) -> None:
        """Take over those parts of an earlier attempt that are still in storage."""
        self._finished = {number: part for number, part in parts.items() if self._is_stored(part)}
        self._quota.reserve(sum(part.size for part in self._finished.values()))
        self._progress.add(sum(part.rows for part in self._finished.values()))

    def write(self, readers: ReaderPool, out: io.RawIOBase) -> list[int]:
        """Write the missing parts, then the whole file; return the rows of each."""
        futures = [
            readers.submit(partial(self._part, readers, number))
            for number in range(len(self._plan.chunks))
        ]
        self._format.assemble(self._in_order(readers, futures), out)
        return [future.result().rows for future in futures]

    def _in_order(self, readers: ReaderPool, futures: list[Future[Part]]) -> Iterator[BinaryIO]:
        for future in futures:
            yield self._context.store.open(readers.wait(future).key)

    def _part(self, readers: ReaderPool, number: int) -> Part:
        if earlier := self._finished.get(number):
            return earlier
        name, progress = f"{number:05}", ChunkProgress(self._progress)
        with (
            self._context.scratch(name) as sink,
            readers.snapshot(self._format.zone) as using,
        ):
            query = self._source.query(self._plan, self._plan.chunks[number], using)
            rows = self._format.write_part(query, sink, progress.add_lines)
        progress.correct(rows)
        self._quota.reserve(sink.size)
        part = Part(self._context.scratch_key(name), rows, sink.size)
        with self._lock:
            self._finished[number] = part
            self._context.save_checkpoint(Checkpoint(self._plan, self._finished).as_json())
        return part

    def _is_stored(self, part: Part) -> bool:
        try:
            return self._context.store.size(part.key) == part.size
        except ObjectMissing:
            return False
