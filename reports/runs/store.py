"""Results at rest: JSON, compressed by Zstandard."""

from __future__ import annotations

import io
import json
from typing import Any

import zstandard

from reports.renderers.lines import write_lines
from reports.results.lines import json_lines
from reports.results.result import Result


def packed(result: Result) -> bytes:
    """The result as it is stored."""
    out = io.BytesIO()
    with zstandard.ZstdCompressor().stream_writer(out, closefd=False) as file:
        write_lines(file, json_lines(result))
    return out.getvalue()


def stored_json(stored: bytes) -> dict[str, Any]:
    """What `as_json` says of the result that `packed` was given."""
    found: dict[str, Any] = json.loads(zstandard.ZstdDecompressor().stream_reader(stored).read())
    return found


def unpacked(stored: bytes) -> Result:
    """The result that `packed` was given."""
    return Result.from_json(stored_json(stored))
