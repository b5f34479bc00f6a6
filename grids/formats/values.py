"""Parse cells and fields that many tools have in common: counts, booleans, dates, short codes.

What could not be read joins `problems`, under the name `what` that it has in the file.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

_COUNT = re.compile(r"([0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3}){1,5})(?:\.0+)?", re.ASCII)
_ANSWERS = {
    "": None,
    **dict.fromkeys(("1", "yes", "y", "true", "t", "archive", "archived"), True),
    **dict.fromkeys(("0", "no", "n", "false", "f", "unread", "unarchived"), False),
}
_SHORT_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?([^/?#]*)([^?#]*).*", re.I | re.S)
_ESCAPED_TAG = re.compile(r"(?:[^\\,]|\\.?)+", re.S)
_ESCAPE = re.compile(r"\\([\\,])")
_LIST_STARTS = ("[", "{", "(")
_LIST = re.compile(
    r"\s*(?:\[(?:\s*[\"'{].*|[^\[\]]*)\]|\{(?:\s*[\"'].*|[^{}]*)\}|\(\s*[\"'].*\))\s*", re.S
)
# An item of a list: quoted in either way, or bare up to a mark between items.
_ITEM = re.compile(r"\s*+(?:\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'|[^,;|]++)", re.S)
_LIST_ESCAPE = re.compile(r"\\(.)", re.S)
_TAG_NAMES = ("name", "label", "title", "tag", "slug")
# What a word for a link's state is kept as; the words of an ordinary one are not kept.
ARCHIVED = "archived"
_STATES = {
    **dict.fromkeys(("", "active", "succeeded", "saved", "normal", "none"), ()),
    **dict.fromkeys(("archive", "archived", "read archive"), (ARCHIVED,)),
    "unread": ("toread",),
}
# The first year that a date can be in, and the first that it cannot.
_EARLIEST, _LATEST = 1970, 2100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Below each bound a count since 1970 is in seconds, milliseconds or microseconds: the bound is the
# year 5138 in its own unit and 1973 in the next.
_MICROSECONDS_PER = ((10**11, 10**6), (10**14, 10**3), (10**17, 1))
# Browsers made of WebKit count from 1601, and so does Windows, in units of 100 nanoseconds. In either no
# date since 1970 is below the year 2300 of the other count.
_SINCE_1601 = timedelta(days=134_774)
_TOO_LATE = datetime(2300, 1, 1, tzinfo=UTC)
_WINDOWS = range(116 * 10**15, 158 * 10**15)
_EPOCH_COUNT = re.compile(r"([0-9]{1,20})(?:\.[0-9]{1,20})?", re.ASCII)
# A day, or a moment, without marks. As counts these are of 1970, or of no year that counts.
_COMPACT = re.compile(r"(?:19[7-9]|20[0-9])[0-9][01][0-9][0-3][0-9](?:[0-2][0-9][0-5][0-9]{3})?")
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


def join_notes(*texts: str) -> str:
    """Join what is written about a link in several places by blank lines, without repeats."""
    return "\n\n".join(dict.fromkeys(filter(None, texts)))


def read_state(word: str) -> tuple[str, ...]:
    """Return the states that a word means; an unknown word is one."""
    word = " ".join(word.casefold().split())
    return _STATES.get(word, (word,))


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
    """Split a list of tags, however it is spelled; drop empty ones.

    It may be a list of JSON, Python or PostgreSQL, or be separated by the first of comma, bar, semicolon and
    line end that it holds.
    """
    if "\\," in text:
        return split_escaped_tags(text)
    if text.lstrip()[:1] in _LIST_STARTS and _LIST.fullmatch(text):
        return _listed(text.strip())
    mark = "," if "," in text else next((mark for mark in "|;\n" if mark in text), ",")
    return _split(text, mark)


def tag_texts(value: Any) -> list[Any]:
    """Return the tags of a JSON value: a list of texts or objects, or one."""
    tags = value if isinstance(value, list) else [value]
    return [
        next((tag[name] for name in _TAG_NAMES if name in tag), None)
        if isinstance(tag, dict)
        else tag
        for tag in tags
    ]


def _listed(text: str) -> tuple[str, ...]:
    with suppress(ValueError, RecursionError):
        texts = tag_texts(json.loads(text))
        if all(isinstance(each, str) for each in texts):
            return tuple(tag for each in texts if (tag := each.strip()))
    items = (_LIST_ESCAPE.sub(r"\1", _unquoted(item[0])) for item in _ITEM.finditer(text[1:-1]))
    return tuple(tag for item in items if (tag := item.strip()))


def _unquoted(item: str) -> str:
    item = item.strip()
    return item[1:-1] if len(item) > 1 and item[0] == item[-1] and item[0] in "\"'" else item


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
    """Return the date of a count since 1970 or 1601, by its size."""
    if count in _WINDOWS:
        return _EPOCH - _SINCE_1601 + timedelta(microseconds=count // 10)
    for bound, microseconds in _MICROSECONDS_PER:
        if 0 <= count < bound:
            date = _EPOCH + timedelta(microseconds=count * microseconds)
            since_1601 = date - _SINCE_1601
            return since_1601 if date >= _TOO_LATE and since_1601.year < _LATEST else date
    return None


def parse_date(text: str, what: str, problems: list[str]) -> datetime | None:
    """Read a date of any kind; "" and "0" are none. Faults join `problems`."""
    text = text.strip()
    if text in ("", "0"):
        return None
    # No date is longer, and the patterns are not safe for longer texts.
    text = text[:_LONGEST]
    count = None if _COMPACT.fullmatch(text) else _EPOCH_COUNT.fullmatch(text)
    date = date_from_epoch(int(count[1])) if count else _written(text)
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


def _written(text: str) -> datetime | None:
    if _COMPACT.fullmatch(text):
        text = f"{text[:8]}T{text[8:] or '0000'}"
    zoned = _ZONE_SPACE.sub("", _ZONE_NAME.sub("+00:00", text))
    for parse, written in (
        (datetime.fromisoformat, text),
        (datetime.fromisoformat, zoned),
        (parsedate_to_datetime, text),
    ):
        with suppress(ValueError, OverflowError):
            return parse(written)
    return None
