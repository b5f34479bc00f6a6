"""Store results as JSON compressed by Zstandard."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import zstandard

from reports.reporting.renderers.base import write_lines
from reports.reporting.results.json_stream import json_lines
from reports.reporting.results.result import Result


def compress(result: Result) -> bytes:
    """Return the result as it is stored."""
    out = io.BytesIO()
    with zstandard.ZstdCompressor().stream_writer(out, closefd=False) as file:
        write_lines(file, json_lines(result))
    return out.getvalue()


def json_chunks(stored: bytes | memoryview) -> Iterator[bytes]:
    """Yield the result's JSON in UTF-8, at most 128 KiB at a time."""
    yield from zstandard.ZstdDecompressor().read_to_iter(stored)


def json_size(stored: bytes | memoryview) -> int:
    """Return the size of the result's JSON in bytes."""
    return sum(map(len, json_chunks(stored)))


def decompress(stored: bytes) -> Result:
    """Return the result that `compress` was given."""
    return Result.from_json(json.loads(b"".join(json_chunks(stored))))
