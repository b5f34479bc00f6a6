"""Reads the raw values of a Netscape bookmark file: titles, notes, addresses, tags and dates.

A reference such as "&amp;" is resolved in an attribute only when its semicolon is there, since
some tools write addresses unescaped ("?a=1&copy=2"). Each function appends what it mended, or
could not read, to `problems`.
"""

from __future__ import annotations

import html
import re
from datetime import datetime
from html.entities import html5

from grids.formats.moments import moment_of_count
from grids.formats.text import KEPT_CHARS, Kept, fit, mended

_REFERENCE = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]{1,31});")
# No character has a number this long, and Python refuses to read one of more than 4300 digits.
_LONG_REFERENCE = re.compile(r"&#(?:([0-9]{8,})|[xX]([0-9a-fA-F]{7,}));?")
_NOTES_START, _NOTES_END = "[linkding-notes]", "[/linkding-notes]"

_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)


def unescaped(text: str) -> str:
    """Resolve the references in `text`; one to a number beyond all characters is U+FFFD."""
    return html.unescape(_LONG_REFERENCE.sub(_shortened, text))


def _shortened(match: re.Match[str]) -> str:
    decimal, hexadecimal = match[1], match[2]
    digits = (decimal or hexadecimal).lstrip("0") or "0"
    if len(digits) > (7 if decimal else 6):
        return "\ufffd"
    # It was long by its leading zeros alone.
    return f"&#{'' if decimal else 'x'}{digits};"


def title_of(kept: Kept, problems: list[str]) -> str:
    """Read a title: as typed, without the white space around it."""
    return fit(unescaped(_content(kept, "title", problems)), problems)


def note_of(kept: Kept, problems: list[str]) -> str:
    """Read a note; what linkding wraps in it as a second text comes after a blank line."""
    text = _content(kept, "note", problems)
    if text.endswith(_NOTES_END):
        description, _, notes = text.removesuffix(_NOTES_END).partition(_NOTES_START)
        text = f"{description.rstrip()}\n\n{notes.strip()}".strip()
    return fit(unescaped(text), problems)


def _content(kept: Kept, what: str, problems: list[str]) -> str:
    if kept.dropped:
        problems.append(f"the {what} is longer than {KEPT_CHARS} characters and was cut")
    return mended(str(kept), problems).strip()


def address_of(raw: str, problems: list[str]) -> str:
    """Read an address: as typed, without the white space around it."""
    return fit(_resolved(mended(raw, problems)), problems).strip()


def _resolved(text: str) -> str:
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    reference = match[0]
    if reference[1] == "#":
        return unescaped(reference)
    return html5.get(reference[1:], reference)


def tags_of(raw: str | None, problems: list[str]) -> tuple[str, ...]:
    """Read tags with commas between them; empty ones are left out."""
    if not raw:
        return ()
    # Cut before references are resolved, so that "&#44;" is a comma inside a tag.
    raw_names = mended(raw, problems).split(",")
    names = (fit(_resolved(name.strip()), problems) for name in raw_names)
    return tuple(name for name in names if name)


def moment_of(attributes: dict[str, str], name: str, problems: list[str]) -> datetime | None:
    """Read a count since 1970 in seconds, or in ms or µs by its size; 0 or "" is no moment."""
    number = attributes.get(name, "").strip()
    if number in ("", "0"):
        return None
    if _NUMBER.fullmatch(number) and (moment := moment_of_count(int(number))):
        return moment
    problems.append(f"{name.upper()} is not a date")
    return None


def flag_of(attributes: dict[str, str], name: str, problems: list[str]) -> bool | None:
    """Read a "0" or "1"; None is returned for anything else."""
    raw = attributes.get(name)
    if raw is None or raw.strip() in ("0", "1"):
        return None if raw is None else raw.strip() == "1"
    problems.append(f"{name.upper()} is neither 0 nor 1")
    return None
