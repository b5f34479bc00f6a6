"""Write a ZIP file of already deflated content to a stream that cannot seek.

The standard library's `zipfile` compresses everything itself. Entries have no time, so the same content gives
the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import pack
from typing import TYPE_CHECKING

from isal import isal_zlib

from reports.xlsx.frames import Frame

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

ENTRY_BYTES = (1 << 32) - (1 << 28)
"""The most an entry may hold, deflated or not: its sizes follow in 32 bits, as Excel requires."""

_DEFLATED, _SIZES_FOLLOW, _UTF8 = 8, 1 << 3, 1 << 11
_FLAGS = _SIZES_FOLLOW | _UTF8
_VERSION, _VERSION_ZIP64 = 20, 45
# 1 January 1980, midnight: the earliest that a ZIP file can say.
_TIME, _DATE = 0, 0x21
# The last block of a deflate stream, which is empty.
_END_OF_STREAM = b"\x03\x00"
_ZIP64_ABOVE = _LARGEST = 0xFFFFFFFF


@dataclass(slots=True)
class _Entry:
    name: bytes
    offset: int
    size: int = 0
    deflated: int = 0
    crc: int = 0

    def sizes(self) -> bytes:
        return pack("<3I", self.crc, self.deflated, self.size)


class Archive:
    """Write entries one after the other, then `close`; above 4 GiB it becomes Zip64."""

    def __init__(self, out: SupportsWrite[bytes]) -> None:
        self._out = out
        self._offset = 0
        self._entries: list[_Entry] = []

    def add(self, name: str, content: bytes) -> None:
        """Write a whole entry."""
        self.begin(name)
        self.append(Frame.of(content))
        self.end()

    def begin(self, name: str) -> None:
        """Start an entry, to be filled by `append` and finished by `end`."""
        entry = _Entry(name.encode(), self._offset)
        self._entries.append(entry)
        self._write(
            pack("<IHHHHH", 0x04034B50, _VERSION, _FLAGS, _DEFLATED, _TIME, _DATE)
            + pack("<3IHH", 0, 0, 0, len(entry.name), 0)
            + entry.name
        )

    def append(self, frame: Frame) -> None:
        """Write more content of the entry; the frame's size and checksum are trusted."""
        entry = self._entries[-1]
        self._write(frame.deflated)
        entry.crc = isal_zlib.crc32_combine(entry.crc, frame.crc, frame.size)
        entry.size += frame.size
        entry.deflated += len(frame.deflated)

    def end(self) -> None:
        """Finish the entry; raise ValueError if it became too large."""
        entry = self._entries[-1]
        self._write(_END_OF_STREAM)
        entry.deflated += len(_END_OF_STREAM)
        if max(entry.size, entry.deflated) > _LARGEST:
            raise ValueError(f"Too large for a ZIP entry: {entry.name.decode()}")
        self._write(pack("<I", 0x08074B50) + entry.sizes())

    def close(self) -> None:
        """Write the directory."""
        start = self._offset
        for entry in self._entries:
            self._write(_directory_line(entry))
        size, count = self._offset - start, len(self._entries)
        if start > _ZIP64_ABOVE:
            self._write(_zip64_end(count, size, start))
            start = _LARGEST
        fields = (count, count, size, start, 0)
        self._write(pack("<IHHHHIIH", 0x06054B50, 0, 0, *fields))

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._offset += len(data)


def _directory_line(entry: _Entry) -> bytes:
    is_far = entry.offset > _ZIP64_ABOVE
    extra = pack("<HHQ", 1, 8, entry.offset) if is_far else b""
    version = _VERSION_ZIP64 if is_far else _VERSION
    return (
        pack("<IHHHHHH", 0x02014B50, version, version, _FLAGS, _DEFLATED, _TIME, _DATE)
        + entry.sizes()
        + pack("<5H", len(entry.name), len(extra), 0, 0, 0)
        + pack("<II", 0, _LARGEST if is_far else entry.offset)
        + entry.name
        + extra
    )


def _zip64_end(count: int, size: int, start: int) -> bytes:
    record = pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, size, start)
    return record + pack("<IIQI", 0x07064B50, 0, start + size, 1)
