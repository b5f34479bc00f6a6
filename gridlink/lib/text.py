"""Check and normalize text: what PostgreSQL can store, and what fits on one line."""

from __future__ import annotations

import re
from typing import Any

# C0 and C1 controls and line separators, none of which a line of text may contain.
_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
CONTROL = re.compile(f"[{_CONTROLS}]")
_GAP = re.compile(f"[ {_CONTROLS}]+")


def one_line(text: str) -> str:
    """Return the text with each run of control characters and line ends as one space."""
    # Matching the spaces around them as well keeps this linear.
    return _GAP.sub(lambda gap: " " if CONTROL.search(gap[0]) else gap[0], text)


def is_storable(text: str) -> bool:
    """Check that PostgreSQL can store the text: no NUL, no lone surrogate."""
    if "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def unstorable_text(value: Any) -> bool:
    """Check whether a JSON value contains, at any depth, text that PostgreSQL cannot store."""
    rest = [value]
    while rest:
        item = rest.pop()
        if isinstance(item, str):
            if not is_storable(item):
                return True
        elif isinstance(item, dict):
            rest += (*item, *item.values())
        elif isinstance(item, list):
            rest += item
    return False
