"""Run the jobs that import links and undo imports."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO

from grids.formats.base import SNIFF_BYTES, FormatError
from grids.formats.registry import choose_reader
from grids.imports import undo
from grids.imports.modes import MODES, ApplyMode
from grids.imports.rows import EntryRows
from grids.imports.staging import stage, unstage
from grids.models import Visibility
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
    """Import an uploaded file as grids and links, wholly or not at all."""

    kind = IMPORT
    queue = "imports"

    def run(self, context: JobContext) -> Outcome:
        """Stage the file; the verdicts are found in the transaction that finishes the job.

        `params`: source, mode (`apply`, or `dry_run`, which changes nothing), name; visibility, that of new
        grids if they are not private; columns, if those of a table are named; upload_of, the slug of the job
        whose upload is read, if it is not its own.
        """
        rows = EntryRows(context.params.get("visibility", Visibility.PRIVATE))
        source = self._read(context, rows)
        mode = MODES[context.params["mode"]](
            user_id=context.user_id,
            job_id=context.claim.job_id,
            source=source,
            folders=rows.folders,
        )
        result = {"mode": context.params["mode"], "source": source}
        return Outcome(result, effects=partial(self._apply, context, mode, result))

    @staticmethod
    def _apply(context: JobContext, mode: ApplyMode, result: dict[str, Any]) -> None:
        counts = mode.run()
        result.update(counts)
        _write_verdicts(context, mode.write_verdicts, sum(counts.values()) - counts["grids"])
        unstage()

    def _read(self, context: JobContext, rows: EntryRows) -> str:
        """Stage the file's entries; return the name of its format."""
        slug = context.params.get("upload_of", context.claim.slug)
        inputs = JobFile.objects.filter(job__user=context.user_id, role=FileRole.INPUT)
        upload = inputs.get(job__slug=slug)
        try:
            with context.store.open(upload.storage_key) as file:
                counted = _CountedReader(file)
                source = io.BufferedReader(counted, SNIFF_BYTES)
                reader = choose_reader(
                    context.params["source"],
                    source.peek(SNIFF_BYTES),
                    context.params.get("columns"),
                )
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
    """Undo an import, wholly or not at all, with a verdict per link and grid."""

    kind = UNDO
    queue = "imports"

    def run(self, context: JobContext) -> Outcome:
        """Undo the import whose job's slug is `params["import"]`."""
        result: dict[str, Any] = {"import": context.params["import"]}
        return Outcome(result, effects=partial(self._undo, context, result))

    @staticmethod
    def _undo(context: JobContext, result: dict[str, Any]) -> None:
        job = Job.objects.only("pk").get(slug=context.params["import"], user=context.user_id)
        counts = undo.undo(user_id=context.user_id, job_id=job.pk)
        rows = counts.pop("rows")
        result.update(counts)
        _write_verdicts(context, undo.write_verdicts, rows)


def _write_verdicts(context: JobContext, write: Callable[[BinaryIO], None], rows: int) -> None:
    context.check()
    with (
        context.output(VERDICTS, "text/csv; charset=utf-8") as output,
        io.BufferedWriter(output.sink) as file,
    ):
        write(file)
        output.rows = rows


class _CountedReader(io.RawIOBase):
    """Count the bytes that are read through it."""

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
