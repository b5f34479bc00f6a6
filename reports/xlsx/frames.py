"""Rows of XML as a part of an export keeps them, deflated in frames, which a workbook takes over as they are.

A part is a file of frames, each a header (rows, bytes of XML, their CRC-32, bytes packed) and what is packed:
raw deflate that ends on a byte without ending the stream, so that one frame can follow the other in it.
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
    from types import TracebackType

    from _typeshed import ReadableBuffer, SupportsWrite

_FRAME = 1 << 20
_LEVEL = 1
_HEADER = Struct("<4I")
_QUOTE = TOO_LONG.encode()


class CellTooLong(ValueError):
    """A text does not fit into a cell; `column` is the name of its column."""

    def __init__(self, column: str) -> None:
        super().__init__(
            f'A text in "{column}" is longer than the {CELL_LENGTH:,} characters that a cell of a'
            " spreadsheet holds."
        )
        self.column = column


class DamagedFrames(ValueError):
    """The bytes are not, or not all, of what `RowPacker` wrote."""


@dataclass(frozen=True, slots=True)
class Frame:
    """So many rows, packed; `size` and `crc` are of the XML itself."""

    rows: int
    size: int
    crc: int
    packed: bytes

    @classmethod
    def of(cls, xml: bytes) -> Frame:
        """Pack lines of XML, a row each; the same lines always give the same frame."""
        deflate = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, -isal_zlib.MAX_WBITS)
        packed = deflate.compress(xml) + deflate.flush(isal_zlib.Z_FULL_FLUSH)
        return cls(xml.count(b"\n"), len(xml), isal_zlib.crc32(xml), packed)

    def split(self, rows: int) -> tuple[Frame, Frame]:
        """The first `rows` rows and the others."""
        xml = isal_zlib.decompressobj(-isal_zlib.MAX_WBITS).decompress(self.packed)
        end = 0
        for _ in range(rows):
            end = xml.index(b"\n", end) + 1
        return Frame.of(xml[:end]), Frame.of(xml[end:])


class RowPacker:
    """Takes what COPY writes, in pieces of any size, and writes frames to `out`; complete when its block ends
    well. Frames depend on the bytes alone, not on the pieces.

    `moved` is told of so many rows more after each frame, and raises what makes the export stop. Raises
    CellTooLong. Holds a frame, about a megabyte, in memory; `rows` are those that are packed.
    """

    def __init__(
        self, out: SupportsWrite[bytes], moved: Callable[[int], object] = lambda rows: None
    ) -> None:
        self.rows = 0
        self._out = out
        self._moved = moved
        self._waiting = bytearray()

    def write(self, data: ReadableBuffer) -> int:
        """Take lines `<row>…</row>`, or a piece of them."""
        before = len(self._waiting)
        self._waiting += data
        taken = len(self._waiting) - before
        while len(self._waiting) >= _FRAME and (end := self._frame_end()):
            self._pack(end)
        return taken

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is None and self._waiting:
            self._pack(len(self._waiting))

    def _frame_end(self) -> int:
        """After the last line that ends within a frame's size, or else after the first; 0 if none ends."""
        within = self._waiting.rfind(b"\n", 0, _FRAME) + 1
        return within or self._waiting.find(b"\n", _FRAME) + 1

    def _pack(self, end: int) -> None:
        xml = bytes(self._waiting[:end])
        del self._waiting[:end]
        if _QUOTE in xml:
            raise CellTooLong(_complaint(xml))
        frame = Frame.of(xml)
        self._out.write(_HEADER.pack(frame.rows, frame.size, frame.crc, len(frame.packed)))
        self._out.write(frame.packed)
        self.rows += frame.rows
        self._moved(frame.rows)


def _complaint(xml: bytes) -> str:
    # COPY doubles its quote.
    found = re.search(_QUOTE * 2 + b"([^" + _QUOTE + b"]+)" + _QUOTE * 2, xml)
    return found[1].decode() if found else "?"


def frames(part: BinaryIO) -> Iterator[Frame]:
    """The frames of a part, in order; raises DamagedFrames."""
    while header := part.read(_HEADER.size):
        if len(header) < _HEADER.size:
            raise DamagedFrames("The part ends inside a header.")
        rows, size, crc, length = _HEADER.unpack(header)
        packed = part.read(length)
        if len(packed) < length:
            raise DamagedFrames("The part ends inside a frame.")
        yield Frame(rows, size, crc, packed)
