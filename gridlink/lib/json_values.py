"""Measure JSON: how deep it is nested, and how many bytes it takes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

# Recursive code, such as the validation of a schema, needs many stack frames per level.
DEPTH_MAX = 32


def is_deep(data: Any) -> bool:
    """Return whether JSON has more levels than recursive code can take."""
    level = [data]
    for _ in range(DEPTH_MAX):
        level = [
            item for value in level for item in _items(value) if isinstance(item, (dict, list))
        ]
        if not level:
            return False
    return True


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def json_size(value: Any) -> int:
    """Return the size of a value in bytes of JSON, as the API writes it."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode())
