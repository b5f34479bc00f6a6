"""How an export is packed on its way into storage. Another way is one class and a line at the end."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from typing import Any, BinaryIO, ClassVar, cast

import zstandard
from isal import igzip


class Compression(ABC):
    """Wraps the file that bytes go into. `content_type` is empty where that of the format holds."""

    name: ClassVar[str]
    extension: ClassVar[str]
    content_type: ClassVar[str]

    @abstractmethod
    def wrap(self, out: io.RawIOBase) -> AbstractContextManager[BinaryIO]:
        """A file that packs what is written to it into `out`, complete when its block ends."""


class Uncompressed(Compression):
    """As it is."""

    name = "none"
    extension = ""
    content_type = ""

    def wrap(self, out: io.RawIOBase) -> AbstractContextManager[BinaryIO]:
        """`out` itself."""
        return nullcontext(cast(BinaryIO, out))


class Gzip(Compression):
    """gzip at the level that keeps up with the database."""

    name = "gzip"
    extension = ".gz"
    content_type = "application/gzip"

    def wrap(self, out: io.RawIOBase) -> AbstractContextManager[BinaryIO]:
        """ISA-L's gzip, several times as fast as zlib's."""
        open_gzip: Any = igzip.IGzipFile
        packed: AbstractContextManager[BinaryIO] = open_gzip(
            filename="", mode="wb", compresslevel=1, fileobj=out, mtime=0
        )
        return packed


class Zstandard(Compression):
    """zstd."""

    name = "zstd"
    extension = ".zst"
    content_type = "application/zstd"

    def wrap(self, out: io.RawIOBase) -> AbstractContextManager[BinaryIO]:
        """With the checksum of the content, so that a damaged file is noticed."""
        packer = zstandard.ZstdCompressor(level=3, write_checksum=True)
        return cast(
            AbstractContextManager[BinaryIO],
            packer.stream_writer(cast(BinaryIO, out), closefd=False),
        )


COMPRESSIONS: dict[str, type[Compression]] = {
    way.name: way for way in (Uncompressed, Gzip, Zstandard)
}
