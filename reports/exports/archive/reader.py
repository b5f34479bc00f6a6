"""Read an archive without trusting it: whatever differs from its manifest is an ArchiveError."""

from __future__ import annotations

import hashlib
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from reports.exports.archive.format import LINE_BYTES, MANIFEST, ArchiveError, FileNote, Manifest
from reports.exports.archive.registry import TABLES
from reports.exports.archive.table import Table
from reports.exports.archive.zip_checks import open_zip

_BLOCK_BYTES = 1 << 18
# What `zipfile` raises for damaged entries.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError,
    ValueError, OSError,
)  # fmt: skip
# The start of a ZIP, and where the name of its first entry is.
_SIGNATURE, _NAME_AT = b"PK\x03\x04", 30


def is_archive(head: bytes) -> bool:
    """Return whether a file with these first bytes claims to be an archive."""
    name = TABLES[0].file_name.encode()
    return head.startswith(_SIGNATURE) and head[_NAME_AT : _NAME_AT + len(name)] == name


class Archive:
    """Read the manifest and the lines of each table; raise ArchiveError at once or later."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = open_zip(file)
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
