"""Write formats made of lines, whose files can be concatenated, compressed or not."""

from __future__ import annotations

import io
import shutil
from abc import abstractmethod
from collections.abc import Iterable
from typing import BinaryIO

from reports.exports.base import ExportQuery, OnProgress, PartedFormat, buffered

_BLOCK_BYTES = 1 << 20


class TextFormat(PartedFormat):
    """Write a header, then rows.

    A compressed part is a gzip member or a zstd frame of its own, and all readers of either take several in
    a row (RFC 1952, 2.2; RFC 8878, 3).
    """

    @abstractmethod
    def copy(self, query: ExportQuery, out: BinaryIO) -> int:
        """Write the rows; return their number."""

    def header(self) -> bytes:
        """Return what comes before the rows."""
        return b""

    def write(self, query: ExportQuery, out: io.RawIOBase, on_progress: OnProgress) -> int:
        """Write header and rows."""
        with self.compression.wrap(out) as target:
            target.write(self.header())
            with buffered(target, on_progress) as rows:
                return self.copy(query, rows)

    def write_part(self, query: ExportQuery, out: io.RawIOBase, on_progress: OnProgress) -> int:
        """Write rows only."""
        with self.compression.wrap(out) as target, buffered(target, on_progress) as rows:
            return self.copy(query, rows)

    def assemble(self, parts: Iterable[BinaryIO], out: io.RawIOBase) -> None:
        """Write the header, then the parts unchanged."""
        if header := self.header():
            with self.compression.wrap(out) as target:
                target.write(header)
        for part in parts:
            with part:
                shutil.copyfileobj(part, out, _BLOCK_BYTES)
