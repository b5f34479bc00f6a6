"""Run the jobs that write and restore archives."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import IO, Any

from django.db import DatabaseError, InterfaceError

from grids.formats.registry import register_job_format
from grids.models import Link
from reports.exports.archive import staging
from reports.exports.archive.format import CONTENT_TYPE, FILE_NAME, KIND, MANIFEST, ArchiveError
from reports.exports.archive.reader import Archive, check_size, is_archive
from reports.exports.archive.restore import Restore
from reports.exports.archive.writer import write_archive
from reports.exports.progress import Progress
from reports.exports.quota import StorageQuota
from reports.exports.runner import files_json
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
    """Write a whole account to one file, and a manifest beside it."""

    kind = ARCHIVE
    queue = "exports"

    @classmethod
    def is_small(cls, *, user_id: int, params: dict[str, Any], upload_size: int) -> bool:
        """Judge by the number of links and clicks."""
        counts = (
            model._base_manager.filter(user_id=user_id).order_by()[: _SMALL_ROWS + 1].count()
            for model in (Link, Click)
        )
        return sum(counts) <= _SMALL_ROWS

    def run(self, context: JobContext) -> Outcome:
        """Write the files; `params` are ignored."""
        with context.output(FILE_NAME, CONTENT_TYPE) as output:
            written = write_archive(context, output.sink)
            StorageQuota(context.user_id).reserve(output.sink.size)
            output.rows = sum(note.rows for note in written.files)
        manifest = written.as_json()
        manifest["content"] = manifest.pop("files")
        manifest["files"] = files_json(context.files)
        with context.output(MANIFEST, "application/json") as file:
            file.sink.write(json.dumps(manifest, indent=2).encode())
        rows = {note.name.removesuffix(".jsonl"): note.rows for note in written.files}
        return Outcome({"kind": KIND, "rows": output.rows, "tables": rows})


@register
class RestoreRunner(JobRunner):
    """Restore an archive into its user's account, completely or not at all."""

    kind = RESTORE
    queue = "imports"

    @classmethod
    def is_small(cls, *, user_id: int, params: dict[str, Any], upload_size: int) -> bool:
        """Judge by the size of the upload."""
        return 0 < upload_size <= _SMALL_BYTES

    def run(self, context: JobContext) -> Outcome:
        """Stage the archive, and restore it when the job finishes.

        `params` are mode (`apply`, or `dry_run`, which changes nothing) and upload_of, the slug of the job
        whose upload is read, if not its own.
        """
        try:
            with _upload(context) as file:
                restore = self._stage(context, Archive(file))
        except ArchiveError as error:
            raise JobFailed("unreadable", str(error)) from error
        result: dict[str, Any] = {"mode": context.params["mode"]}
        return Outcome(result, effects=partial(_finish, context, restore, result))

    def _stage(self, context: JobContext, archive: Archive) -> Restore:
        progress = Progress(context, archive.rows)
        try:
            staging.stage(archive, progress.add)
        except BaseException:
            # The session outlives the job; a broken one has lost its temporary tables already.
            with suppress(DatabaseError, InterfaceError):
                staging.drop()
            raise
        return Restore(user_id=context.user_id, manifest=archive.manifest)


_MODES = {"apply": Restore.apply, "dry_run": Restore.decide}


def _finish(context: JobContext, restore: Restore, result: dict[str, Any]) -> None:
    """Restore or try to, and write the verdicts, in the transaction that finishes the job."""
    result |= _MODES[result["mode"]](restore)
    context.check()
    with (
        context.output(VERDICTS, "text/csv; charset=utf-8") as output,
        io.TextIOWrapper(io.BufferedWriter(output.sink), encoding="utf-8", newline="") as verdicts,
    ):
        output.rows = restore.write_verdicts(verdicts)
    staging.drop()


@contextmanager
def _upload(context: JobContext) -> Iterator[IO[bytes]]:
    """Open the upload as a file that can seek.

    Raises ArchiveError if it is too large, and JobFailed if it no longer exists.
    """
    slug = context.params.get("upload_of", context.claim.slug)
    upload = JobFile.objects.get(job__slug=slug, job__user=context.user_id, role=FileRole.INPUT)
    check_size(upload.size)
    with tempfile.TemporaryFile() as file:
        try:
            with context.store.open(upload.storage_key) as source:
                shutil.copyfileobj(source, file, 1 << 20)
        except ObjectMissing as error:
            raise JobFailed("expired", "The upload has expired; send the file again.") from error
        file.seek(0)
        yield file


register_job_format("gridlink", is_archive, RESTORE)
