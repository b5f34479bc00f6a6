"""Read an archive without trusting it: whatever differs from its manifest is an ArchiveError."""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from reports.exports.archive.format import MANIFEST, ArchiveError, FileNote, Manifest
from reports.exports.archive.registry import TABLES
from reports.exports.archive.table import Table

# The most that is accepted of an archive, its content, its manifest, a line, a compression ratio, entries.
ARCHIVE_BYTES = 4 << 30
CONTENT_BYTES = 32 << 30
MANIFEST_BYTES = 1 << 20
LINE_BYTES = 1 << 20
RATIO = 200
ENTRIES = 100

_BLOCK_BYTES = 1 << 18
# What `zipfile` raises for damaged entries.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError,
    ValueError, OSError,
)  # fmt: skip
# The start of a ZIP, and where the name of its first entry is.
_SIGNATURE, _NAME_AT = b"PK\x03\x04", 30
_END = struct.Struct("<4s4H2LH")
_ZIP64_LOCATOR = struct.Struct("<4sLQL")
_ZIP64_END = struct.Struct("<4sQ2H2L4Q")
# Up to this size any compression ratio is harmless.
_SMALL_BYTES = 1 << 20
# Of an archive's directory.
_DIRECTORY_BYTES = 1 << 16
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1


def is_archive(head: bytes) -> bool:
    """Return whether a file with these first bytes claims to be an archive."""
    name = TABLES[0].file_name.encode()
    return head.startswith(_SIGNATURE) and head[_NAME_AT : _NAME_AT + len(name)] == name


class Archive:
    """Read the manifest and the lines of each table; raise ArchiveError at once or later."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = _open_zip(file)
        self.manifest = Manifest.parse(self._manifest())
        self.tables = [table for table in TABLES if table.since <= self.manifest.schema]
        self._notes = self._checked_notes()

    @property
    def rows(self) -> int:
        """Return the number of rows of all tables."""
        return sum(note.rows for note in self._notes.values())

    def lines(self, table: Table) -> Iterator[bytes]:
        """Yield the lines of a table without their ends, then check the whole file."""
        note = self._notes[table.file_name]
        digest, size, rows, rest = hashlib.sha256(), 0, 0, b""
        for block in self._blocks(table.file_name):
            digest.update(block)
            size += len(block)
            *whole, rest = (rest + block).split(b"\n")
            if len(rest) > LINE_BYTES:
                raise ArchiveError(f"{note.name}, line {rows + len(whole) + 1}: is too long.")
            rows += len(whole)
            yield from whole
        if rest:
            raise ArchiveError(f"{note.name}, line {rows + 1}: has no end.")
        found = FileNote(note.name, rows, size, digest.hexdigest())
        for name in ("rows", "size", "sha256"):
            expected, actual = getattr(note, name), getattr(found, name)
            if actual != expected:
                difference = f"{name} {actual}, not {expected}"
                raise ArchiveError(f"{note.name} is not as the manifest says: {difference}.")

    def _manifest(self) -> bytes:
        if MANIFEST not in self._zip.namelist():
            raise ArchiveError(f"The archive has no {MANIFEST}.")
        return b"".join(self._blocks(MANIFEST))

    def _checked_notes(self) -> dict[str, FileNote]:
        wanted = [table.file_name for table in self.tables]
        present = [name for name in self._zip.namelist() if name != MANIFEST]
        for found, where in (
            (present, "archive"),
            ([note.name for note in self.manifest.files], "manifest"),
        ):
            if unknown := sorted(set(found) - set(wanted)):
                raise ArchiveError(f"The {where} has the unexpected file {unknown[0][:80]!r}.")
            if missing := sorted(set(wanted) - set(found)):
                raise ArchiveError(f"The {where} has no {missing[0]}.")
            if len(found) > len(set(found)):
                raise ArchiveError(f"The {where} has a file twice.")
        return {note.name: note for note in self.manifest.files}

    def _blocks(self, name: str) -> Iterator[bytes]:
        try:
            with self._zip.open(name) as entry:
                while block := entry.read(_BLOCK_BYTES):
                    yield block
        except _DAMAGED as error:
            raise ArchiveError(f"{name} is damaged: {error}.") from error


def check_size(size: int) -> None:
    """Raise ArchiveError for a file that is too large."""
    if size > ARCHIVE_BYTES:
        raise ArchiveError(f"The file is larger than {ARCHIVE_BYTES} bytes.")


def _open_zip(file: IO[bytes]) -> zipfile.ZipFile:
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
