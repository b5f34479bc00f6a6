"""Parse cells and fields that many tools have in common: counts, booleans, short codes.

What could not be read joins `problems`, under the name `what` that it has in the file.
"""

from __future__ import annotations

import re

_COUNT = re.compile(r"([0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3}){1,5})(?:\.0+)?", re.ASCII)
_ANSWERS = {
    "": None,
    **dict.fromkeys(("1", "yes", "y", "true", "t", "archive", "archived"), True),
    **dict.fromkeys(("0", "no", "n", "false", "f", "unread", "unarchived"), False),
}
_SHORT_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?([^/?#]*)([^?#]*).*", re.I | re.S)
_ESCAPED_TAG = re.compile(r"(?:[^\\,]|\\.?)+", re.S)
_ESCAPE = re.compile(r"\\([\\,])")


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


def parse_alias(text: str) -> str:
    """Read a short code, which some tools write as a path ("/code/")."""
    return text.strip().strip("/")


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
    mark = "|" if "|" in text and "," not in text else ","
    return tuple(tag for part in text.split(mark) if (tag := part.strip()))


def split_tags_at_bars(text: str) -> tuple[str, ...]:
    """Split tags at bars alone; drop empty ones."""
    return tuple(tag for part in text.split("|") if (tag := part.strip()))


def split_escaped_tags(text: str) -> tuple[str, ...]:
    r"""Split tags at commas as Gridlink writes them: "\," and "\\" are escapes."""
    if "\\" not in text:
        return tuple(tag for part in text.split(",") if (tag := part.strip()))
    parts = (_ESCAPE.sub(r"\1", part.strip()) for part in _ESCAPED_TAG.findall(text))
    return tuple(part for part in parts if part)
