"""Results at rest: JSON, compressed by Zstandard."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import zstandard

from reports.reporting.renderers.text_output import write_lines
from reports.reporting.results.json_stream import json_lines
from reports.reporting.results.result import Result


def packed(result: Result) -> bytes:
    """The result as it is stored."""
    out = io.BytesIO()
    with zstandard.ZstdCompressor().stream_writer(out, closefd=False) as file:
        write_lines(file, json_lines(result))
    return out.getvalue()


def stored_pieces(stored: bytes | memoryview) -> Iterator[bytes]:
    """The JSON of the result that `packed` was given, in UTF-8, at most 128 KiB of it at a time."""
    yield from zstandard.ZstdDecompressor().read_to_iter(stored)


def stored_size(stored: bytes | memoryview) -> int:
    """How many bytes of JSON there are."""
    return sum(map(len, stored_pieces(stored)))


def unpacked(stored: bytes) -> Result:
    """The result that `packed` was given."""
    return Result.from_json(json.loads(b"".join(stored_pieces(stored))))
