"""Write the archive of an account as of one instant, from COPY into the ZIP."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import date
from functools import partial
from typing import BinaryIO, cast

from django.conf import settings
from django.db import connections

from gridlink.accounts.models import User
from reports.clicks.storage.partitions import oldest_day
from reports.exports.archive.format import MANIFEST, SCHEMA, FileNote, Manifest
from reports.exports.archive.registry import TABLES
from reports.exports.archive.table import Scope, Table
from reports.exports.base import buffered, copy_json_lines
from reports.exports.progress import ChunkProgress, Progress
from reports.exports.readers import ReaderPool
from reports.exports.replica import database_for
from reports.exports.sources.clicks import clicks_as_of
from tasks.jobs.context import JobContext
from tasks.jobs.registry import JobFailed

# The earliest time that a ZIP file can have, so that the same rows give the same bytes.
_TIME = (1980, 1, 1, 0, 0, 0)
# The level that keeps up with the database.
_LEVEL = 1


def write_archive(context: JobContext, out: io.RawIOBase) -> Manifest:
    """Write the archive of the job's user to `out`, which need not seek.

    Reports progress in rows, and stops when the job must.
    """
    with ReaderPool(1, context.check, database_for(context)) as readers:
        return readers.wait(readers.submit(partial(_write, readers, context, out)))


def _write(readers: ReaderPool, context: JobContext, out: io.RawIOBase) -> Manifest:
    with readers.snapshot("UTC") as using:
        scope, as_of = _scope(context.user_id, using), clicks_as_of(using)
        total = _checked(sum(_count(table, scope, using) for table in TABLES))
        progress = Progress(context, total)
        with zipfile.ZipFile(cast(BinaryIO, out), "w", allowZip64=True) as archive:
            notes = [_add(archive, table, scope, progress, using) for table in TABLES]
            # The version is for people; programs go by the schema.
            manifest = Manifest(
                SCHEMA, settings.VERSION, as_of, scope.raw_from, notes, _remarks(scope.raw_from)
            )
            content = json.dumps(manifest.as_json(), indent=2).encode() + b"\n"
            archive.writestr(_info(MANIFEST), content, compresslevel=_LEVEL)
    return manifest


def _scope(user_id: int, using: str) -> Scope:
    slug = User.objects.using(using).values_list("slug", flat=True).get(pk=user_id)
    return Scope(user_id, slug, TABLES, oldest_day(using))


def _checked(rows: int) -> int:
    """Raise JobFailed if there are too many rows, since an archive must be complete."""
    limit = settings.EXPORT_ROWS_MAX
    if 0 < limit < rows:
        message = f"This server exports at most {limit} rows; the account has {rows}."
        raise JobFailed("too_large", message)
    return rows


def _remarks(raw_from: date | None) -> tuple[str, ...]:
    if raw_from is None:
        return ()
    return (
        f"Clicks and views from before {raw_from} are only in the sums: their rows were deleted as too old.",
    )


def _count(table: Table, scope: Scope, using: str) -> int:
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT count(*) {table.source}", scope.params)
        return int(cursor.fetchone()[0])


def _add(
    archive: zipfile.ZipFile, table: Table, scope: Scope, progress: Progress, using: str
) -> FileNote:
    with connections[using].cursor() as cursor:
        select: bytes = cursor.mogrify(table.select(), scope.params)
    chunk, digest, info = ChunkProgress(progress), hashlib.sha256(), _info(table.file_name)
    # Zip64 from the start, since the size is not known yet.
    with (
        archive.open(info, "w", force_zip64=True) as entry,
        buffered(cast(BinaryIO, entry), chunk.add_lines, digest.update) as out,
    ):
        rows = copy_json_lines(select.decode(), out, using=using)
    chunk.correct(rows)
    return FileNote(table.file_name, rows, info.file_size, digest.hexdigest())


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _TIME)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    # Read by `ZipFile.open`, which takes no level.
    setattr(info, "_compresslevel", _LEVEL)  # noqa: B010
    return info
