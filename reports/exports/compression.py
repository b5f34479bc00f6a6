"""Compress an export on its way into storage; the methods are listed below."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from typing import Any, BinaryIO, ClassVar, cast

import zstandard
from isal import igzip


class Compression(ABC):
    """Wrap the file that bytes go into; an empty `content_type` means that of the format."""

    name: ClassVar[str]
    extension: ClassVar[str]
    content_type: ClassVar[str]

    @abstractmethod
    def wrap(self, out: io.RawIOBase) -> AbstractContextManager[BinaryIO]:
        """Return a file that compresses into `out`, complete when its block ends."""


class Uncompressed(Compression):
    """Write the bytes unchanged."""

    name = "none"
    extension = ""
    content_type = ""

    def wrap(self, out: io.RawIOBase) -> AbstractContextManager[BinaryIO]:
        """Return `out` itself."""
        return nullcontext(cast(BinaryIO, out))


class Gzip(Compression):
    """Compress with gzip at the level that keeps up with the database."""

    name = "gzip"
    extension = ".gz"
    content_type = "application/gzip"

    def wrap(self, out: io.RawIOBase) -> AbstractContextManager[BinaryIO]:
        """Return ISA-L's gzip file, several times as fast as zlib's."""
        open_gzip: Any = igzip.IGzipFile
        file: AbstractContextManager[BinaryIO] = open_gzip(
            filename="", mode="wb", compresslevel=1, fileobj=out, mtime=0
        )
        return file


class Zstandard(Compression):
    """Compress with Zstandard."""

    name = "zstd"
    extension = ".zst"
    content_type = "application/zstd"

    def wrap(self, out: io.RawIOBase) -> AbstractContextManager[BinaryIO]:
        """Return a zstd file with a checksum of its content, so that damage is noticed."""
        compressor = zstandard.ZstdCompressor(level=3, write_checksum=True)
        return cast(
            AbstractContextManager[BinaryIO],
            compressor.stream_writer(cast(BinaryIO, out), closefd=False),
        )


COMPRESSIONS: dict[str, type[Compression]] = {
    compression.name: compression for compression in (Uncompressed, Gzip, Zstandard)
}
