"""Check that a ZIP is safe to read before anything in it is read."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from typing import IO

from reports.exports.archive.format import (
    ARCHIVE_BYTES,
    CONTENT_BYTES,
    ENTRIES,
    MANIFEST,
    MANIFEST_BYTES,
    RATIO,
    ArchiveError,
)

_END = struct.Struct("<4s4H2LH")
_ZIP64_LOCATOR = struct.Struct("<4sLQL")
_ZIP64_END = struct.Struct("<4sQ2H2L4Q")
# Up to this size any compression ratio is harmless.
_SMALL_BYTES = 1 << 20
# Of an archive's directory.
_DIRECTORY_BYTES = 1 << 16
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1


def check_size(size: int) -> None:
    """Raise ArchiveError for a file that is too large."""
    if size > ARCHIVE_BYTES:
        raise ArchiveError(f"The file is larger than {ARCHIVE_BYTES} bytes.")


def open_zip(file: IO[bytes]) -> zipfile.ZipFile:
    """Open a ZIP whose entries are harmless; raise ArchiveError."""
    check_size(file.seek(0, os.SEEK_END))
    _check_directory(file)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error) as error:
        raise ArchiveError(f"The file is no whole ZIP: {error}.") from error
    _check_entries(archive.infolist())
    return archive


def _check_directory(file: IO[bytes]) -> None:
    """Check the directory's size before `zipfile` reads all of it into memory."""
    end = file.seek(0, os.SEEK_END)
    tail_size = min(end, _END.size + _ZIP64_LOCATOR.size + _ZIP64_END.size)
    file.seek(end - tail_size)
    tail = file.read(tail_size)
    # Archives of Gridlink end without a comment.
    if tail[-_END.size :][:4] != b"PK\x05\x06":
        raise ArchiveError("The file is no whole ZIP: it does not end like one.")
    *_, count, size, _, _ = _END.unpack(tail[-_END.size :])
    if tail[-_END.size - _ZIP64_LOCATOR.size :][:4] == b"PK\x06\x07":
        record = tail[: _ZIP64_END.size]
        if len(record) < _ZIP64_END.size or record[:4] != b"PK\x06\x06":
            raise ArchiveError("The file is no whole ZIP: its end is not where it says.")
        *_, count, size, _ = _ZIP64_END.unpack(record)
    if count > ENTRIES or size > _DIRECTORY_BYTES:
        raise ArchiveError(f"The archive has {count} entries; the most allowed is {ENTRIES}.")


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for entry in entries:
        if entry.filename in seen:
            raise ArchiveError(f"The archive has {_shortened(entry)} twice.")
        seen.add(entry.filename)
        _check_entry(entry)
    if sum(entry.file_size for entry in entries) > CONTENT_BYTES:
        raise ArchiveError(f"The archive holds more than {CONTENT_BYTES} bytes.")


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = _shortened(entry)
    if entry.flag_bits & _ENCRYPTED:
        raise ArchiveError(f"{name} is encrypted.")
    if entry.compress_type not in _COMPRESSIONS:
        raise ArchiveError(f"{name} has a compression that archives do not use.")
    mode = entry.external_attr >> 16
    if entry.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        raise ArchiveError(f"{name} is no plain file.")
    most = max(_SMALL_BYTES, RATIO * entry.compress_size)
    if entry.file_size > (MANIFEST_BYTES if entry.filename == MANIFEST else most):
        raise ArchiveError(f"{name} would be {entry.file_size} bytes, more than archives contain.")


def _shortened(entry: zipfile.ZipInfo) -> str:
    return repr(entry.filename[:80])
