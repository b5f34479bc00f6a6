"""Compress an export on its way into storage; the methods are listed below."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import zstandard
from isal import igzip


@dataclass(frozen=True, slots=True)
class Compression:
    """Define a method of compression; an empty `content_type` means that of the format.

    `wrap` returns a file that compresses into another, complete when its block ends.
    """

    name: str
    extension: str
    content_type: str
    wrap: Callable[[io.RawIOBase], AbstractContextManager[BinaryIO]]


def _gzip(out: io.RawIOBase) -> AbstractContextManager[BinaryIO]:
    # ISA-L's gzip is several times as fast as zlib's; level 1 keeps up with the database.
    open_gzip: Any = igzip.IGzipFile
    file: AbstractContextManager[BinaryIO] = open_gzip(
        filename="", mode="wb", compresslevel=1, fileobj=out, mtime=0
    )
    return file


def _zstd(out: io.RawIOBase) -> AbstractContextManager[BinaryIO]:
    # With the checksum of the content, damage to the file is noticed.
    compressor = zstandard.ZstdCompressor(level=3, write_checksum=True)
    file = compressor.stream_writer(cast(BinaryIO, out), closefd=False)
    return cast(AbstractContextManager[BinaryIO], file)


UNCOMPRESSED = Compression("none", "", "", lambda out: nullcontext(cast(BinaryIO, out)))
COMPRESSIONS = {
    compression.name: compression
    for compression in (
        UNCOMPRESSED,
        Compression("gzip", ".gz", "application/gzip", _gzip),
        Compression("zstd", ".zst", "application/zstd", _zstd),
    )
}
