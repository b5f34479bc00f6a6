"""Store rows of XML deflated in frames, which a workbook copies unchanged.

A part is a file of frames: a header (rows, bytes of XML, their CRC-32, deflated bytes) and raw deflate that
ends on a byte without ending the stream, so that the next frame can follow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING, BinaryIO, Self

from isal import isal_zlib

from reports.xlsx.cells import CELL_LENGTH, TOO_LONG

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, SupportsWrite

_FRAME_BYTES = 1 << 20
_LEVEL = 1
_HEADER = Struct("<4I")
_QUOTE = TOO_LONG.encode()


class CellTooLong(ValueError):
    """Report a text that does not fit into a cell of `column`."""

    def __init__(self, column: str) -> None:
        super().__init__(
            f'A text in "{column}" is longer than the {CELL_LENGTH:,} characters that a cell of a'
            " spreadsheet holds."
        )
        self.column = column


class DamagedFrames(ValueError):
    """Report bytes that `RowPacker` did not write, or not all of them."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Hold some rows deflated; `size` and `crc` are of the XML itself."""

    rows: int
    size: int
    crc: int
    deflated: bytes

    @classmethod
    def of(cls, xml: bytes) -> Frame:
        """Deflate lines of XML, a row each; the same lines give the same frame."""
        deflate = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, -isal_zlib.MAX_WBITS)
        deflated = deflate.compress(xml) + deflate.flush(isal_zlib.Z_FULL_FLUSH)
        return cls(xml.count(b"\n"), len(xml), isal_zlib.crc32(xml), deflated)

    def split(self, rows: int) -> tuple[Frame, Frame]:
        """Return the first `rows` rows and the others."""
        xml = isal_zlib.decompressobj(-isal_zlib.MAX_WBITS).decompress(self.deflated)
        end = 0
        for _ in range(rows):
            end = xml.index(b"\n", end) + 1
        return Frame.of(xml[:end]), Frame.of(xml[end:])


class RowPacker:
    """Take what COPY writes, in blocks of any size, and write frames to `out`.

    The part is complete when the block ends without an error. Frames depend on the bytes alone, not on the
    blocks. `on_progress` gets the rows of each frame. Raises CellTooLong. Holds about a megabyte in memory.
    """

    def __init__(
        self, out: SupportsWrite[bytes], on_progress: Callable[[int], object] = lambda rows: None
    ) -> None:
        self._out = out
        self._on_progress = on_progress
        self._buffer = bytearray()

    def write(self, data: ReadableBuffer) -> int:
        """Take lines `<row>…</row>`, or a part of them."""
        before = len(self._buffer)
        self._buffer += data
        taken = len(self._buffer) - before
        while len(self._buffer) >= _FRAME_BYTES and (end := self._frame_end()):
            self._pack(end)
        return taken

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exc_type: object, *_: object) -> None:
        if exc_type is None and self._buffer:
            self._pack(len(self._buffer))

    def _frame_end(self) -> int:
        """Return the end of the last line that fits, else the first; or 0."""
        within = self._buffer.rfind(b"\n", 0, _FRAME_BYTES) + 1
        return within or self._buffer.find(b"\n", _FRAME_BYTES) + 1

    def _pack(self, end: int) -> None:
        xml = bytes(self._buffer[:end])
        del self._buffer[:end]
        if _QUOTE in xml:
            raise CellTooLong(_column_too_long(xml))
        frame = Frame.of(xml)
        self._out.write(_HEADER.pack(frame.rows, frame.size, frame.crc, len(frame.deflated)))
        self._out.write(frame.deflated)
        self._on_progress(frame.rows)


def _column_too_long(xml: bytes) -> str:
    # COPY doubles its quote.
    found = re.search(_QUOTE * 2 + b"([^" + _QUOTE + b"]+)" + _QUOTE * 2, xml)
    return found[1].decode() if found else "?"


def frames(part: BinaryIO) -> Iterator[Frame]:
    """Yield the frames of a part in order; raise DamagedFrames."""
    while header := part.read(_HEADER.size):
        if len(header) < _HEADER.size:
            raise DamagedFrames("The part ends inside a header.")
        rows, size, crc, length = _HEADER.unpack(header)
        deflated = part.read(length)
        if len(deflated) < length:
            raise DamagedFrames("The part ends inside a frame.")
        yield Frame(rows, size, crc, deflated)
