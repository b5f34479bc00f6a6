"""Text that Postgres can keep, and text that is one line."""

from __future__ import annotations

import re
from typing import Any

# C0 and C1 controls, and the separators that end a line.
_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
CONTROL = re.compile(f"[{_CONTROLS}]")
"""What no line of text may hold."""
_GAP = re.compile(f"[ {_CONTROLS}]+")


def one_line(text: str) -> str:
    """The text with each run of controls and line ends, and the spaces around it, as one space."""
    # Matching the spaces along with the controls keeps this linear, however many there are.
    return _GAP.sub(lambda gap: " " if CONTROL.search(gap[0]) else gap[0], text)


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
