"""Writes the archive of an account: of one instant, straight from COPY into the ZIP."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.db import connection

from gridlink.accounts.models import User
from reports.clicks.rollups import watermark
from reports.clicks.storage.partitions import oldest_day
from reports.exports.archive.format import MANIFEST, SCHEMA, FileNote, Manifest
from reports.exports.archive.registry import TABLES
from reports.exports.archive.table import Scope, Table
from reports.exports.base import Moved, buffered, copy_out
from reports.exports.progress import Counter, Progress
from reports.exports.readers import Side
from reports.exports.replica import database_for
from tasks.jobs.context import JobContext
from tasks.jobs.registry import JobFailed

# As reports.exports.formats.jsonl has it: nothing in a line of JSON ever needs quoting.
_VERBATIM = r"FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02'"
# The earliest that a ZIP file can say. The same rows give the same bytes.
_TIME = (1980, 1, 1, 0, 0, 0)
# The level that keeps up with the database.
_LEVEL = 1


def write_archive(context: JobContext, out: io.RawIOBase) -> Manifest:
    """Write the archive of the job's user to `out`, which need not seek. Reports progress in rows, and stops
    when the job must."""
    with Side(1, context.check, database_for(context)) as side:
        return side.wait(side.submit(partial(_write, side, context, out)))


def _write(side: Side, context: JobContext, out: io.RawIOBase) -> Manifest:
    with side.snapshot("UTC"):
        scope, as_of = _scope(context.user_id), _as_of()
        total = _allowed(sum(_count(table, scope) for table in TABLES))
        progress = Progress(context, total)
        with zipfile.ZipFile(cast(BinaryIO, out), "w", allowZip64=True) as archive:
            notes = [_add(archive, table, scope, progress) for table in TABLES]
            # The version is for people: what counts is the schema.
            manifest = Manifest(
                SCHEMA, settings.VERSION, as_of, scope.raw_from, notes, _remarks(scope.raw_from)
            )
            archive.writestr(_info(MANIFEST), manifest.as_bytes(), compresslevel=_LEVEL)
    return manifest


def _scope(user_id: int) -> Scope:
    slug = User.objects.values_list("slug", flat=True).get(pk=user_id)
    return Scope(user_id, slug, TABLES, oldest_day())


def _allowed(rows: int) -> int:
    """An archive that has not everything is none. Raises JobFailed."""
    limit = settings.EXPORT_ROWS_MAX
    if 0 < limit < rows:
        message = f"This server exports {limit} rows at most; the account has {rows}."
        raise JobFailed("too_large", message)
    return rows


def _as_of() -> dict[str, Any]:
    mark = watermark.read()
    now = datetime.now(UTC).isoformat()
    return {"time": now, "last_click": mark.click, "judged_again": mark.reclassified}


def _remarks(raw_from: date | None) -> tuple[str, ...]:
    if raw_from is None:
        return ()
    return (
        f"Clicks and views from before {raw_from} are there as sums; their rows are kept no longer.",
    )


def _count(table: Table, scope: Scope) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {table.source}", scope.params)
        return int(cursor.fetchone()[0])


def _add(archive: zipfile.ZipFile, table: Table, scope: Scope, progress: Progress) -> FileNote:
    with connection.cursor() as cursor:
        select: bytes = cursor.mogrify(table.select(), scope.params)
    counter = Counter(progress)
    with _entry(archive, table.file_name, counter.moved) as entry:
        rows = copy_out(select.decode(), _VERBATIM, entry.out)
    counter.settle(rows)
    return FileNote(table.file_name, rows, entry.hashed.size, entry.hashed.digest.hexdigest())


class _Hashed(io.RawIOBase):
    """Stands before an entry, and knows the size and SHA-256 of what went by."""

    def __init__(self, out: BinaryIO) -> None:
        super().__init__()
        self.size = 0
        self.digest = hashlib.sha256()
        self._out = out

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        view = memoryview(data)
        self._out.write(view)
        self.digest.update(view)
        self.size += len(view)
        return len(view)


@dataclass(frozen=True, slots=True)
class _Entry:
    out: BinaryIO
    hashed: _Hashed


@contextmanager
def _entry(archive: zipfile.ZipFile, name: str, moved: Moved) -> Iterator[_Entry]:
    # Of the larger form from the start: how long it will be, nobody knows.
    with archive.open(_info(name), "w", force_zip64=True) as packed:
        hashed = _Hashed(cast(BinaryIO, packed))
        with buffered(hashed, moved) as out:
            yield _Entry(out, hashed)


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _TIME)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    # Read by `ZipFile.open`, which takes no level.
    setattr(info, "_compresslevel", _LEVEL)  # noqa: B010
    return info
