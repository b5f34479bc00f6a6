"""The jobs that write and restore archives."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import IO, Any

from django.db import DatabaseError, InterfaceError

from grids.formats.registry import register_job_format
from grids.models import Link
from reports.exports.archive import staging
from reports.exports.archive.bounds import spooled
from reports.exports.archive.format import CONTENT_TYPE, FILE_NAME, KIND, MANIFEST, ArchiveError
from reports.exports.archive.reader import Archive, is_archive
from reports.exports.archive.restore import Restore
from reports.exports.archive.writer import write_archive
from reports.exports.quota import Room
from reports.models import Click
from tasks.jobs.context import JobContext
from tasks.jobs.lifecycle import Outcome
from tasks.jobs.registry import JobFailed, JobRunner, register
from tasks.models import FileRole, JobFile
from tasks.storage import ObjectMissing

ARCHIVE = "reports.archive"
RESTORE = "reports.restore"
VERDICTS = "verdicts.csv"
_SMALL_ROWS = 20_000
_SMALL_BYTES = 1 << 17


@register
class ArchiveRunner(JobRunner):
    """Writes everything of an account to one file, and a manifest beside it."""

    kind = ARCHIVE
    queue = "exports"

    @classmethod
    def is_small(cls, *, user_id: int, params: dict[str, Any], upload_size: int) -> bool:
        """By its links and clicks."""
        counts = (
            model._base_manager.filter(user_id=user_id).order_by()[: _SMALL_ROWS + 1].count()
            for model in (Link, Click)
        )
        return sum(counts) <= _SMALL_ROWS

    def run(self, context: JobContext) -> Outcome:
        """`params` says nothing that matters."""
        with context.output(FILE_NAME, CONTENT_TYPE) as output:
            written = write_archive(context, output.sink)
            Room(context.user_id).take(output.sink.size)
            output.rows = sum(note.rows for note in written.files)
        about = written.as_json()
        about["content"] = about.pop("files")
        about["files"] = [
            {"name": file.name, "rows": file.rows, "size": file.size, "sha256": file.sha256}
            for file in context.files
        ]
        with context.output(MANIFEST, "application/json") as beside:
            beside.sink.write(json.dumps(about, indent=2).encode())
        rows = {note.name.removesuffix(".jsonl"): note.rows for note in written.files}
        return Outcome({"kind": KIND, "rows": output.rows, "tables": rows})


@register
class RestoreRunner(JobRunner):
    """Puts an archive into its user's account, all of it or nothing."""

    kind = RESTORE
    queue = "imports"

    @classmethod
    def is_small(cls, *, user_id: int, params: dict[str, Any], upload_size: int) -> bool:
        """By the size of the upload."""
        return 0 < upload_size <= _SMALL_BYTES

    def run(self, context: JobContext) -> Outcome:
        """`params`: mode (`apply`, or `dry_run`, which changes nothing); upload_of, the slug of the job whose
        upload is read, if it is not its own."""
        mode = context.params["mode"]
        try:
            with _spool(context) as file:
                restore = self._stage(context, Archive(file))
        except ArchiveError as error:
            raise JobFailed("unreadable", str(error)) from error
        result: dict[str, Any] = {"mode": mode}
        return Outcome(result, effects=partial(_MODES[mode], context, restore, result))

    def _stage(self, context: JobContext, archive: Archive) -> Restore:
        done, total = 0, archive.rows

        def moved(rows: int) -> None:
            nonlocal done
            done += rows
            context.report(min(done, total), total, "rows")

        moved(0)
        try:
            staging.stage(archive, moved)
        except BaseException:
            # Whoever is next in this session has no use for it; a session that broke has nothing left.
            with suppress(DatabaseError, InterfaceError):
                staging.drop()
            raise
        return Restore(user_id=context.user_id, manifest=archive.manifest)


def _apply(context: JobContext, restore: Restore, result: dict[str, Any]) -> None:
    result |= restore.apply()
    _tell(context, restore)


def _try(context: JobContext, restore: Restore, result: dict[str, Any]) -> None:
    result |= restore.decide()
    _tell(context, restore)


_MODES = {"apply": _apply, "dry_run": _try}


def _tell(context: JobContext, restore: Restore) -> None:
    """Write the verdicts, in the transaction that makes them true."""
    context.check()
    with (
        context.output(VERDICTS, "text/csv; charset=utf-8") as output,
        io.TextIOWrapper(io.BufferedWriter(output.sink), encoding="utf-8", newline="") as verdicts,
    ):
        output.rows = restore.verdicts(verdicts)
    staging.drop()


@contextmanager
def _spool(context: JobContext) -> Iterator[IO[bytes]]:
    """The upload as a file that can seek. Raises ArchiveError when it is too large, JobFailed when it is
    gone."""
    slug = context.params.get("upload_of", context.claim.slug)
    upload = JobFile.objects.get(job__slug=slug, job__user=context.user_id, role=FileRole.INPUT)
    with tempfile.TemporaryFile() as file:
        try:
            with context.store.open(upload.storage_key) as source:
                spooled(source, file)
        except ObjectMissing as error:
            raise JobFailed("expired", "The upload has expired; send the file again.") from error
        file.seek(0)
        yield file


register_job_format("gridlink", is_archive, RESTORE)
