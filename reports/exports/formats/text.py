"""Formats of lines of text: their files can be joined end to end, packed or not."""

from __future__ import annotations

import io
import shutil
from abc import abstractmethod
from collections.abc import Iterable
from typing import BinaryIO

from reports.exports.base import ExportQuery, Moved, PartedFormat, StoredPart, buffered

_BLOCK = 1 << 20


class TextFormat(PartedFormat):
    """A head, then rows. A packed part is a gzip member or a zstd frame of its own, which all readers of
    either take one after another (RFC 1952, 2.2; RFC 8878, 3)."""

    @abstractmethod
    def copy(self, query: ExportQuery, out: BinaryIO) -> int:
        """Write the rows; returns how many."""

    def head(self) -> bytes:
        """What stands before the rows."""
        return b""

    def write(self, query: ExportQuery, out: io.RawIOBase, moved: Moved) -> int:
        """Head and rows."""
        with self.packing.wrap(out) as packed:
            packed.write(self.head())
            with buffered(packed, moved) as rows:
                return self.copy(query, rows)

    def write_part(self, query: ExportQuery, out: io.RawIOBase, moved: Moved) -> int:
        """Rows alone."""
        with self.packing.wrap(out) as packed, buffered(packed, moved) as rows:
            return self.copy(query, rows)

    def assemble(self, parts: Iterable[StoredPart], out: io.RawIOBase) -> None:
        """The head, then the parts as they are."""
        if head := self.head():
            with self.packing.wrap(out) as packed:
                packed.write(head)
        for part in parts:
            with part.open(0, None) as stored:
                shutil.copyfileobj(stored, out, _BLOCK)
