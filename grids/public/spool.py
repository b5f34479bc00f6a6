"""Store groups of events on local disk while Redis cannot take them.

There is one file per producer, which locks it as long as it runs. A record is a header, the group's length
and checksum, and the group. A record that is cut short or damaged at the end was never acknowledged to
anybody.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import time
from typing import Any

import msgpack

logger = logging.getLogger(__name__)

SUFFIX = ".spool"
_HEADER = struct.Struct(">II")
# A process creates its file shortly before it locks it, and an empty one can wait.
_YOUNG_SECONDS = 60.0
Fields = Mapping[bytes, Any]


class SpoolBusy(Exception):
    """Signal that another process holds the file."""


class Spool:
    """Append encoded groups to a file, and read it from its beginning.

    Raises OSError as files do, and SpoolBusy when another process holds it.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise SpoolBusy(path) from error
        self._size = max((end for end, _ in _records(self._file, 0)), default=0)
        os.ftruncate(self._file, self._size)
        self._sent_to = 0

    @property
    def is_sent(self) -> bool:
        """Check whether everything in it has been sent."""
        return self._sent_to >= self._size

    def append(self, fields: Fields) -> None:
        """Write a group through to the disk; after an OSError, nothing of it remains."""
        data = msgpack.packb(dict(fields))
        record = memoryview(_HEADER.pack(len(data), zlib.crc32(data)) + data)
        try:
            written = 0
            while written < len(record):
                # At a fixed offset, which overwrites what an earlier failure may have left there.
                written += os.pwrite(self._file, record[written:], self._size + written)
            os.fdatasync(self._file)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(record)

    def next(self, groups: int, size: int) -> tuple[list[dict[bytes, Any]], int]:
        """Return the groups after those that were sent, and where the last of them ends.

        There are at most `groups` of them and, but for the first, at most `size` bytes. Raises OSError also
        when a group can no longer be read.
        """
        found: list[dict[bytes, Any]] = []
        end = self._sent_to
        for after, data in _records(self._file, end):
            if found and (len(found) >= groups or after - self._sent_to > size):
                break
            found.append(msgpack.unpackb(data))
            end = after
        if not found and not self.is_sent:
            raise OSError(f"{self.path} is damaged at byte {end} of {self._size}")
        return found, end

    def sent(self, end: int) -> None:
        """Mark all up to `end` as sent; after a crash it is sent again."""
        self._sent_to = end

    def forget(self) -> None:
        """Empty the file."""
        os.ftruncate(self._file, 0)
        os.fdatasync(self._file)
        self._size = self._sent_to = 0

    def close(self) -> None:
        """Close the file, and remove it when it is empty."""
        if self._size == 0:
            self.path.unlink(missing_ok=True)
        os.close(self._file)


def abandoned(folder: Path, own: Path) -> Iterator[Spool]:
    """Yield the spools that dead processes left, the oldest first, now locked by this one."""
    for path in _spool_files(folder):
        if path != own:
            try:
                spool = Spool(path)
            except SpoolBusy:
                continue
            except OSError as error:
                # The other spools must not wait for it.
                logger.error("spool_not_opened", extra={"path": str(path), "error": repr(error)})
                continue
            yield spool


def _spool_files(folder: Path) -> list[Path]:
    found = []
    for path in folder.glob(f"*{SUFFIX}"):
        # Its process may end, and remove the file, at any time.
        with contextlib.suppress(FileNotFoundError):
            status = path.stat()
            if status.st_size or time() - status.st_mtime > _YOUNG_SECONDS:
                found.append((status.st_mtime, path))
    return [path for _, path in sorted(found)]


def pending(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the number of waiting groups and events per producer, without locking."""
    waiting: dict[str, tuple[int, int]] = {}
    for path in folder.glob(f"*{SUFFIX}"):
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            for _, data in _records(file.fileno(), 0):
                fields = msgpack.unpackb(data)
                groups, events = waiting.get(fields[b"p"], (0, 0))
                waiting[fields[b"p"]] = (groups + 1, events + fields[b"c"])
    return waiting


def _records(file: int, offset: int) -> Iterator[tuple[int, bytes]]:
    """Yield valid records from `offset` on, each with the offset of its end."""
    while len(header := os.pread(file, _HEADER.size, offset)) == _HEADER.size:
        length, checksum = _HEADER.unpack(header)
        offset += _HEADER.size
        # A crash may leave zeros at the end, which look like valid, empty records.
        if not 0 < length <= os.fstat(file).st_size - offset:
            return
        data = os.pread(file, length, offset)
        if len(data) < length or zlib.crc32(data) != checksum:
            return
        offset += length
        yield offset, data
