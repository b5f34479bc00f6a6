"""Writes an export of several pieces: each becomes a part in storage, several at once, and then one file.

What is finished is kept in the job's checkpoint. Whoever takes up the job of a worker that died writes only
the rest, by the same plan, and gets the same bytes.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, NamedTuple

from reports.exports.base import PartedFormat, StoredPart
from reports.exports.progress import Counter, Progress
from reports.exports.quota import Room
from reports.exports.readers import Side
from reports.exports.sources.base import ExportSource, Plan
from tasks.jobs.context import JobContext
from tasks.storage import ObjectMissing


class Part(NamedTuple):
    """A part in storage."""

    key: str
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far an export has come: its plan, and the finished parts by their number."""

    plan: Plan
    parts: Mapping[int, Part]

    def as_json(self) -> dict[str, Any]:
        """For the job."""
        parts = {str(number): list(part) for number, part in self.parts.items()}
        return {"plan": self.plan.as_json(), "parts": parts}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Checkpoint:
        """From the job."""
        parts = {int(number): Part(*values) for number, values in stored["parts"].items()}
        return cls(Plan.from_json(stored["plan"]), parts)


class Parts:
    """The parts of one export in one attempt."""

    def __init__(
        self, context: JobContext, source: ExportSource, plan: Plan, form: PartedFormat
    ) -> None:
        self._context, self._source, self._plan, self._form = context, source, plan, form
        self._progress = Progress(context, plan.rows)
        self._room = Room(context.user_id)
        self._lock = threading.Lock()
        self._finished: dict[int, Part] = {}

    def adopt(self, kept: Mapping[int, Part]) -> None:
        """Take over, of the parts of an earlier attempt, those that are still in storage."""
        self._finished = {number: part for number, part in kept.items() if self._is_stored(part)}
        self._room.take(sum(part.size for part in self._finished.values()))
        self._progress.add(sum(part.rows for part in self._finished.values()))

    def write(self, side: Side, out: io.RawIOBase) -> list[int]:
        """Write what is missing, and all of it to `out`; returns the rows of each part."""
        futures = [
            side.submit(partial(self._part, side, number))
            for number in range(len(self._plan.pieces))
        ]
        self._form.assemble(self._in_order(side, futures), out)
        return [future.result().rows for future in futures]

    def _in_order(self, side: Side, futures: list[Future[Part]]) -> Iterator[StoredPart]:
        for future in futures:
            part = side.wait(future)
            yield StoredPart(part.rows, part.size, partial(self._open, part))

    def _part(self, side: Side, number: int) -> Part:
        if earlier := self._finished.get(number):
            return earlier
        name, counter = f"{number:05}", Counter(self._progress)
        with self._context.scratch(name) as sink, side.snapshot(self._form.zone):
            query = self._source.query(self._plan, self._plan.pieces[number])
            rows = self._form.write_part(query, sink, counter.moved)
        counter.settle(rows)
        self._room.take(sink.size)
        part = Part(self._context.scratch_key(name), rows, sink.size)
        with self._lock:
            self._finished[number] = part
            self._context.keep(Checkpoint(self._plan, self._finished).as_json())
        return part

    def _open(self, part: Part, start: int, length: int | None) -> BinaryIO:
        return self._context.store.open(part.key, start=start, length=length)

    def _is_stored(self, part: Part) -> bool:
        try:
            return self._context.store.size(part.key) == part.size
        except ObjectMissing:
            return False
