"""The jobs of this app: importing links, and checking them."""

from __future__ import annotations

import io
import tempfile
from typing import BinaryIO

from grids.checks.runner import CheckRunner as CheckRunner  # which registers it
from grids.formats.base import SNIFF_BYTES, FormatError
from grids.formats.registry import reader_for
from grids.importer import IMPORTERS, Importer
from tasks.context import JobContext
from tasks.lifecycle import Outcome
from tasks.models import FileRole, JobFile
from tasks.registry import JobFailed, JobRunner, register

IMPORT = "grids.import"
VERDICTS = "verdicts.csv"
_REPORT_EVERY = 200


@register
class ImportRunner(JobRunner):
    """Reads an uploaded file into grids and links, all of it or nothing, with a verdict per entry."""

    kind = IMPORT
    queue = "imports"

    def run(self, context: JobContext) -> Outcome:
        """`params`: source, mode (`apply`, or `dry_run`, which changes nothing)."""
        mode = context.params["mode"]
        spool = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115  (lives until load)
        with (
            context.output(VERDICTS, "text/csv; charset=utf-8") as output,
            io.TextIOWrapper(
                io.BufferedWriter(output.sink), encoding="utf-8", newline=""
            ) as verdicts,
        ):
            importer = IMPORTERS[mode](user_id=context.user_id, spool=spool, verdicts=verdicts)
            with context.input() as file:
                self._read(context, importer, file)
            tally = importer.tally
            output.rows = tally.links + tally.refused + tally.problems
        return Outcome({"mode": mode, **tally.as_dict()}, effects=importer.load)

    def _read(self, context: JobContext, importer: Importer, file: BinaryIO) -> None:
        counted = _CountedReader(file)
        source = io.BufferedReader(counted, SNIFF_BYTES)
        total = _input_size(context)
        try:
            reader = reader_for(context.params["source"], source.peek(SNIFF_BYTES))
            for number in importer.add(reader.read(source)):
                if number % _REPORT_EVERY == 0:
                    context.report(min(counted.bytes, total), total, "bytes")
        except FormatError as error:
            raise JobFailed("unreadable", str(error)) from error
        context.report(total, total, "bytes")


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


def _input_size(context: JobContext) -> int:
    size: int = JobFile.objects.values_list("size", flat=True).get(
        job_id=context.claim.job_id, role=FileRole.INPUT
    )
    return size
