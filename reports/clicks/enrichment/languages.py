"""Read the language that a visitor prefers."""

from __future__ import annotations

import re

# Browsers send a handful; a header made to be slow may have hundreds.
_ITEMS_MAX = 32
# Some apps write "en_GB".
_ITEM = re.compile(
    rb"\s*+([^\s;_-]++)[^\s;]*+\s*+(?:;\s*+q\s*+=\s*+([01](?:\.[0-9]*)?|\.[0-9]+)\s*+)?\Z",
    re.IGNORECASE,
)
_PRIMARY = re.compile(rb"[a-z]{2,3}\Z")


def language(raw: bytes) -> str:
    """Return the primary subtag of the preferred language, such as 'de', or ''. Never raises."""
    matches = [
        match for item in raw.split(b",", _ITEMS_MAX)[:_ITEMS_MAX] if (match := _ITEM.match(item))
    ]
    best = max(matches, key=_quality, default=None)
    if best is None or not _quality(best):
        return ""
    primary = best[1].lower()
    return primary.decode() if _PRIMARY.match(primary) else ""


def _quality(match: re.Match[bytes]) -> float:
    return min(1.0, float(match[2])) if match[2] else 1.0
