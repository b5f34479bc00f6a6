"""The language that a visitor would rather read."""

from __future__ import annotations

import re
from functools import lru_cache

_CACHED = 4_096
# What browsers send has a handful; what is made to be slow may have hundreds.
_MOST = 32
# Some apps write "en_GB".
_ITEM = re.compile(
    rb"\s*+([^\s;_-]++)[^\s;]*+\s*+(?:;\s*+q\s*+=\s*+([01](?:\.[0-9]*)?|\.[0-9]+)\s*+)?\Z",
    re.IGNORECASE,
)
_PRIMARY = re.compile(rb"[a-z]{2,3}\Z")


@lru_cache(_CACHED)
def language(raw: bytes) -> str:
    """The primary subtag of the most preferred tag of an Accept-Language header, such as 'de'; of two that
    are preferred alike, the first. '' when there is none, or that is no language. Never raises."""
    matches = [match for item in raw.split(b",", _MOST)[:_MOST] if (match := _ITEM.match(item))]
    best = max(matches, key=_quality, default=None)
    if best is None or not _quality(best):
        return ""
    primary = best[1].lower()
    return primary.decode() if _PRIMARY.match(primary) else ""


def _quality(match: re.Match[bytes]) -> float:
    return min(1.0, float(match[2])) if match[2] else 1.0
