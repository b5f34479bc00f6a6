"""Text that Postgres can keep."""

from __future__ import annotations

from typing import Any


def is_storable(text: str) -> bool:
    """Whether Postgres takes the text: no NUL character, no lone surrogate."""
    if "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def unstorable_text(value: Any) -> bool:
    """Whether a JSON value holds, at any depth, text that Postgres cannot keep."""
    if isinstance(value, str):
        return not is_storable(value)
    if isinstance(value, dict):
        return any(unstorable_text(item) for pair in value.items() for item in pair)
    return isinstance(value, list) and any(unstorable_text(item) for item in value)
