"""Read dates of files, counts since 1970 or ISO 8601, as datetimes in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

EARLIEST, LATEST = 1970, 2100
"""The first year that a date can be in, and the first that it cannot."""
WITHOUT_ZONE = "has no time zone and was taken for UTC"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Below each bound a count since 1970 is in seconds, milliseconds or microseconds: the bound is the
# year 5138 in its own unit and 1973 in the next.
_MICROSECONDS_PER = ((10**11, 10**6), (10**14, 10**3), (10**17, 1))
_COUNT = re.compile(r"([0-9]{1,20})(?:\.[0-9]{1,20})?", re.ASCII)
_LONGEST = 64
# Forms of a time zone that datetime does not read itself.
_ZONE_NAME = re.compile(r"\s*\(?(?:UTC|GMT)\)?\Z", re.I)
_ZONE_SPACE = re.compile(r"\s+(?=[+-][0-9]{2}:?[0-9]{2}\Z)")


def date_from_epoch(count: int) -> datetime | None:
    """Return the date of a count since 1970 in s, ms or µs, by size."""
    for bound, microseconds in _MICROSECONDS_PER:
        if 0 <= count < bound:
            return _EPOCH + timedelta(microseconds=count * microseconds)
    return None


def parse_date(text: str, what: str, problems: list[str]) -> datetime | None:
    """Read a date of any kind; "" and "0" are none. Faults join `problems`."""
    text = text.strip()
    if text in ("", "0"):
        return None
    # No date is longer, and the patterns are not safe for longer texts.
    text = text[:_LONGEST]
    count = _COUNT.fullmatch(text)
    date = date_from_epoch(int(count[1])) if count else _iso(text)
    if date is None:
        problems.append(f"{what} is not a date")
    elif not EARLIEST <= date.year < LATEST:
        problems.append(f"{what} is in the year {date.year} and was left out")
    elif date.tzinfo is None:
        problems.append(f"{what} {WITHOUT_ZONE}")
        return date.replace(tzinfo=UTC)
    else:
        return date.astimezone(UTC)
    return None


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(_ZONE_SPACE.sub("", _ZONE_NAME.sub("+00:00", text)))
    except ValueError:
        return None
