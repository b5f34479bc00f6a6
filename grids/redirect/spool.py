"""Groups of events on local disk, for as long as Redis cannot take them.

One file a producer, locked by it while it lives. A record is a header, the group's length and checksum,
and the group. A record that is cut short or damaged at the end was never acknowledged to anybody.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import msgpack

SUFFIX = ".spool"
_HEADER = struct.Struct(">II")
Fields = Mapping[bytes, Any]


class SpoolBusy(Exception):
    """Another process has the file."""


class Spool:
    """An append-only file of encoded groups, read from its beginning. Raises OSError as files do, and
    SpoolBusy when another process holds it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise SpoolBusy(path) from error
        self._size = _sound_size(self._file)
        os.ftruncate(self._file, self._size)
        self._sent_to = 0

    @property
    def is_sent(self) -> bool:
        """Whether everything in it has been sent."""
        return self._sent_to >= self._size

    def append(self, fields: Fields) -> None:
        """Write a group through to the disk; on an OSError, such as a full disk, nothing of it stays."""
        data = msgpack.packb(dict(fields))
        record = memoryview(_HEADER.pack(len(data), zlib.crc32(data)) + data)
        try:
            written = 0
            while written < len(record):
                written += os.write(self._file, record[written:])
            os.fdatasync(self._file)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(record)

    def next(self, most: int) -> tuple[list[dict[bytes, Any]], int]:
        """The groups after those that were sent, at most so many, and where the last of them ends."""
        found = list(islice(_records(self._file, self._sent_to), most))
        return [fields for _, fields in found], found[-1][0] if found else self._sent_to

    def sent(self, end: int) -> None:
        """Everything up to `end` is where it belongs. A process that dies before `forget` sends it again."""
        self._sent_to = end

    def forget(self) -> None:
        """Empty the file."""
        os.ftruncate(self._file, 0)
        os.fdatasync(self._file)
        self._size = self._sent_to = 0

    def close(self) -> None:
        """Let go of the file, and remove it when there is nothing in it."""
        if self._size == 0:
            self.path.unlink(missing_ok=True)
        os.close(self._file)


def abandoned(folder: Path, own: Path) -> Iterator[Spool]:
    """Spools that a dead process left behind, the oldest first, now ours."""
    for path in sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime):
        if path != own:
            with contextlib.suppress(SpoolBusy, FileNotFoundError):
                yield Spool(path)


def pending(folder: Path) -> dict[str, tuple[int, int]]:
    """Per producer how many groups and events wait in the folder; harms nobody who writes there."""
    waiting: dict[str, tuple[int, int]] = {}
    for path in folder.glob(f"*{SUFFIX}"):
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            for _, fields in _records(file.fileno(), 0):
                groups, events = waiting.get(fields[b"p"], (0, 0))
                waiting[fields[b"p"]] = (groups + 1, events + fields[b"c"])
    return waiting


def _records(file: int, offset: int) -> Iterator[tuple[int, dict[bytes, Any]]]:
    """Sound records from `offset` on, each with the offset of its end."""
    while True:
        header = os.pread(file, _HEADER.size, offset)
        if len(header) < _HEADER.size:
            return
        length, checksum = _HEADER.unpack(header)
        data = os.pread(file, length, offset + _HEADER.size)
        if len(data) < length or zlib.crc32(data) != checksum:
            return
        offset += _HEADER.size + length
        yield offset, msgpack.unpackb(data)


def _sound_size(file: int) -> int:
    return max((end for end, _ in _records(file, 0)), default=0)
