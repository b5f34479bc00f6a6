"""Parse cells and fields that many tools have in common: counts, booleans, dates, short codes.

What could not be read joins `problems`, under the name `what` that it has in the file.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_COUNT = re.compile(r"([0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3}){1,5})(?:\.0+)?", re.ASCII)
_ANSWERS = {
    "": None,
    **dict.fromkeys(("1", "yes", "y", "true", "t", "archive", "archived"), True),
    **dict.fromkeys(("0", "no", "n", "false", "f", "unread", "unarchived"), False),
}
_SHORT_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?([^/?#]*)([^?#]*).*", re.I | re.S)
_ESCAPED_TAG = re.compile(r"(?:[^\\,]|\\.?)+", re.S)
_ESCAPE = re.compile(r"\\([\\,])")
# The first year that a date can be in, and the first that it cannot.
_EARLIEST, _LATEST = 1970, 2100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Below each bound a count since 1970 is in seconds, milliseconds or microseconds: the bound is the
# year 5138 in its own unit and 1973 in the next.
_MICROSECONDS_PER = ((10**11, 10**6), (10**14, 10**3), (10**17, 1))
_EPOCH_COUNT = re.compile(r"([0-9]{1,20})(?:\.[0-9]{1,20})?", re.ASCII)
_LONGEST = 64
# Forms of a time zone that datetime does not read itself.
_ZONE_NAME = re.compile(r"\s*\(?(?:UTC|GMT)\)?\Z", re.I)
_ZONE_SPACE = re.compile(r"\s+(?=[+-][0-9]{2}:?[0-9]{2}\Z)")


def parse_count(text: str, what: str, problems: list[str]) -> int | None:
    """Read a number of clicks; "" is none."""
    text = text.strip()
    if match := _COUNT.fullmatch(text):
        return int(match[1].replace(",", ""))
    if text:
        problems.append(f"{what} is not a whole number")
    return None


def parse_bool(text: str, what: str, problems: list[str]) -> bool | None:
    """Read a yes or a no, in any of the tools' words; "" is neither."""
    word = text.strip().casefold()
    if word in _ANSWERS:
        return _ANSWERS[word]
    problems.append(f"{what} is neither yes nor no")
    return None


def alias_from_url(text: str) -> str:
    """Read the code at the end of a short address; "" when it has none."""
    match = _SHORT_URL.fullmatch(text.strip())
    if match is None:
        return ""
    host, path = match.groups()
    if not path and "." not in host:
        return host
    return path.strip("/")


def split_tags(text: str) -> tuple[str, ...]:
    """Split tags at commas, or at bars where there are no commas; drop empty ones."""
    if "\\," in text:
        return split_escaped_tags(text)
    return _split(text, "|" if "," not in text else ",")


def split_tags_at_bars(text: str) -> tuple[str, ...]:
    """Split tags at bars alone; drop empty ones."""
    return _split(text, "|")


def split_escaped_tags(text: str) -> tuple[str, ...]:
    r"""Split tags at commas as Gridlink writes them: "\," and "\\" are escapes."""
    if "\\" not in text:
        return _split(text, ",")
    parts = (_ESCAPE.sub(r"\1", part.strip()) for part in _ESCAPED_TAG.findall(text))
    return tuple(part for part in parts if part)


def _split(text: str, mark: str) -> tuple[str, ...]:
    return tuple(tag for part in text.split(mark) if (tag := part.strip()))


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
    count = _EPOCH_COUNT.fullmatch(text)
    date = date_from_epoch(int(count[1])) if count else _iso(text)
    if date is None:
        problems.append(f"{what} is not a date")
    elif not _EARLIEST <= date.year < _LATEST:
        problems.append(f"{what} is in the year {date.year} and was left out")
    elif date.tzinfo is None:
        problems.append(f"{what} has no time zone and was taken for UTC")
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
