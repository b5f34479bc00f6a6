"""Jobs that import links and take an import back."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO

from grids.formats.base import SNIFF_BYTES, FormatError
from grids.imports import undo
from grids.imports.rows import Rows
from grids.imports.settle import MODES, Apply
from grids.imports.sources import reader_of
from grids.imports.staging import stage, unstage
from tasks.jobs.context import JobContext
from tasks.jobs.lifecycle import Outcome
from tasks.jobs.registry import JobFailed, JobRunner, register
from tasks.models import FileRole, Job, JobFile
from tasks.storage import ObjectMissing

IMPORT = "grids.import"
UNDO = "grids.undo"
VERDICTS = "verdicts.csv"


@register
class ImportRunner(JobRunner):
    """Reads an uploaded file into grids and links, all of it or nothing, with a verdict per entry."""

    kind = IMPORT
    queue = "imports"

    def run(self, context: JobContext) -> Outcome:
        """`params`: source, mode (`apply`, or `dry_run`, which changes nothing), name; columns, if those of
        a table are named; upload_of, the slug of the job whose upload is read, if it is not its own.

        The verdicts are found and written in the transaction that finishes the job, which makes them true.
        """
        rows = Rows()
        source = self._read(context, rows)
        settlement = MODES[context.params["mode"]](
            user_id=context.user_id,
            job_id=context.claim.job_id,
            source=source,
            folders=rows.folders,
        )
        result = {"mode": context.params["mode"], "source": source}
        return Outcome(result, effects=partial(self._settle, context, settlement, result))

    @staticmethod
    def _settle(context: JobContext, settlement: Apply, result: dict[str, Any]) -> None:
        counts = settlement.settle()
        result.update(counts)
        _tell(context, settlement.tell, sum(counts.values()) - counts["grids"])
        unstage()

    def _read(self, context: JobContext, rows: Rows) -> str:
        """Stage the file's entries; returns the name of its format."""
        upload = _upload_of(context)
        try:
            with context.store.open(upload.storage_key) as file:
                counted = _CountedReader(file)
                source = io.BufferedReader(counted, SNIFF_BYTES)
                reader = reader_of(context.params, source.peek(SNIFF_BYTES))
                pieces = self._watched(context, rows.of(reader.read(source)), counted, upload.size)
                stage(pieces, rows.folders)
        except FormatError as error:
            raise JobFailed("unreadable", str(error)) from error
        except ObjectMissing as error:
            raise JobFailed("expired", "The upload has expired; send the file again.") from error
        context.report(upload.size, upload.size, "bytes")
        return reader.source

    @staticmethod
    def _watched(
        context: JobContext, pieces: Iterator[bytes], counted: _CountedReader, size: int
    ) -> Iterator[bytes]:
        for piece in pieces:
            context.report(min(counted.bytes, size), size, "bytes")
            yield piece


@register
class UndoRunner(JobRunner):
    """Takes an import back, all of it or nothing, with a verdict per link and grid."""

    kind = UNDO
    queue = "imports"

    def run(self, context: JobContext) -> Outcome:
        """`params`: import, the slug of its job."""
        result: dict[str, Any] = {"import": context.params["import"]}
        return Outcome(result, effects=partial(self._undo, context, result))

    @staticmethod
    def _undo(context: JobContext, result: dict[str, Any]) -> None:
        job = Job.objects.only("pk").get(slug=context.params["import"], user=context.user_id)
        counts = undo.undo(user_id=context.user_id, job_id=job.pk)
        rows = counts.pop("rows")
        result.update(counts)
        _tell(context, undo.tell, rows)


def _tell(context: JobContext, tell: Callable[[BinaryIO], None], rows: int) -> None:
    context.check()
    with (
        context.output(VERDICTS, "text/csv; charset=utf-8") as output,
        io.BufferedWriter(output.sink) as file,
    ):
        tell(file)
        output.rows = rows


def _upload_of(context: JobContext) -> JobFile:
    slug = context.params.get("upload_of", context.claim.slug)
    return JobFile.objects.get(job__slug=slug, job__user=context.user_id, role=FileRole.INPUT)


class _CountedReader(io.RawIOBase):
    """Counts what is read through it."""

    def __init__(self, source: BinaryIO) -> None:
        super().__init__()
        self.bytes = 0
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._source.read(len(buffer))
        buffer[: len(data)] = data
        self.bytes += len(data)
        return len(data)
