"""Results at rest."""

from __future__ import annotations

import json

import zstandard

from reports.results.result import Result


def packed(result: Result) -> bytes:
    """The result as it is stored."""
    text = json.dumps(result.as_json(), ensure_ascii=False, separators=(",", ":"))
    return zstandard.compress(text.encode())


def unpacked(stored: bytes) -> Result:
    """The result that `packed` was given."""
    return Result.from_json(json.loads(zstandard.decompress(stored)))
