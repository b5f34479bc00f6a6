"""Reads an archive, and believes nothing of it: whatever is not as its manifest says is an ArchiveError."""

from __future__ import annotations

import hashlib
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import IO

from reports.exports.archive.bounds import open_zip
from reports.exports.archive.format import LINE_BYTES, MANIFEST, ArchiveError, FileNote, Manifest
from reports.exports.archive.registry import TABLES
from reports.exports.archive.table import Table

_BLOCK = 1 << 18
# What `zipfile` makes of entries that are not what they say.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError,
    ValueError, OSError,
)  # fmt: skip
# How a ZIP begins, with the name of the first entry from the thirtieth byte on.
_HEAD, _NAME_AT = b"PK\x03\x04", 30


def is_archive(head: bytes) -> bool:
    """Whether a file that begins so is an archive, or means to be one."""
    name = TABLES[0].file_name.encode()
    return head.startswith(_HEAD) and head[_NAME_AT : _NAME_AT + len(name)] == name


class Archive:
    """An opened archive: `manifest`, and the lines of each table. Raises ArchiveError, now or on reading."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = open_zip(file)
        self.manifest = Manifest.of(self._manifest())
        self.tables: Sequence[Table] = self.manifest.tables(TABLES)
        self._notes = self._checked_notes()

    @property
    def rows(self) -> int:
        """The number of rows in all."""
        return sum(note.rows for note in self._notes.values())

    def lines(self, table: Table) -> Iterator[bytes]:
        """The lines of a table, without their ends; at the last one the whole file has been checked."""
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
        if found != note:
            raise ArchiveError(
                f"{note.name} is not as the manifest says: {_difference(note, found)}."
            )

    def _manifest(self) -> bytes:
        if MANIFEST not in self._zip.namelist():
            raise ArchiveError(f"The archive has no {MANIFEST}.")
        return b"".join(self._blocks(MANIFEST))

    def _checked_notes(self) -> dict[str, FileNote]:
        wanted = [table.file_name for table in self.tables]
        present = [name for name in self._zip.namelist() if name != MANIFEST]
        for found, where in (
            (present, "archive"),
            ([n.name for n in self.manifest.files], "manifest"),
        ):
            if strays := sorted(set(found) - set(wanted)):
                raise ArchiveError(f"The {where} has the unexpected file {strays[0][:80]!r}.")
            if missing := sorted(set(wanted) - set(found)):
                raise ArchiveError(f"The {where} has no {missing[0]}.")
            if len(found) > len(set(found)):
                raise ArchiveError(f"The {where} has a file twice.")
        return {note.name: note for note in self.manifest.files}

    def _blocks(self, name: str) -> Iterator[bytes]:
        try:
            with self._zip.open(name) as entry:
                while block := entry.read(_BLOCK):
                    yield block
        except _DAMAGED as error:
            raise ArchiveError(f"{name} is damaged: {error}.") from error


def _difference(note: FileNote, found: FileNote) -> str:
    for what in ("rows", "size", "sha256"):
        wanted, there = getattr(note, what), getattr(found, what)
        if wanted != there:
            return f"{what} {there}, not {wanted}"
    return "the name"
