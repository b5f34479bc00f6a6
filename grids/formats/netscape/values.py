"""Read the raw values of a Netscape bookmark file: titles, notes, addresses, tags and dates.

A reference such as "&amp;" is resolved in an attribute only when its semicolon is there, since some tools
write addresses unescaped ("?a=1&copy=2"). Each function appends what it repaired, or could not read, to
`problems`.
"""

from __future__ import annotations

import html
import re
from datetime import datetime
from html.entities import html5

from grids.formats.text import TEXT_CHARS_MAX, BoundedText, sanitized, without_controls
from grids.formats.values import date_from_epoch

_REFERENCE = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]{1,31});")
# No character has a number this long, and Python refuses to read one of more than 4300 digits,
# leading zeros included.
_LEADING_ZEROS = re.compile(r"&#(?:0+(?=[0-9])|([xX])0+(?=[0-9a-fA-F]))")
_TOO_LARGE = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{7,});?")
_NOTES_START, _NOTES_END = "[linkding-notes]", "[/linkding-notes]"

_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)


def unescaped(text: str) -> str:
    """Resolve the references in a text; numbers beyond all characters become U+FFFD."""
    if "&#" in text:
        text = _TOO_LARGE.sub("\ufffd", _LEADING_ZEROS.sub(r"&#\1", text))
    return html.unescape(text)


def read_title(kept: BoundedText, problems: list[str]) -> str:
    """Read a title: as typed, without outer white space."""
    return without_controls(unescaped(_content(kept, "title", problems)), problems)


def read_note(kept: BoundedText, problems: list[str]) -> str:
    """Read a note; linkding's second text in it follows after a blank line."""
    text = _content(kept, "note", problems)
    if text.endswith(_NOTES_END):
        description, _, notes = text.removesuffix(_NOTES_END).partition(_NOTES_START)
        text = f"{description.rstrip()}\n\n{notes.strip()}".strip()
    return without_controls(unescaped(text), problems)


def _content(kept: BoundedText, what: str, problems: list[str]) -> str:
    if kept.is_cut:
        problems.append(f"the {what} is longer than {TEXT_CHARS_MAX} characters and was cut")
    return sanitized(str(kept), problems).strip()


def read_url(raw: str, problems: list[str]) -> str:
    """Read an address: as typed, without outer white space."""
    return without_controls(_resolved(sanitized(raw, problems)), problems).strip()


def _resolved(text: str) -> str:
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    reference = match[0]
    if reference[1] == "#":
        return unescaped(reference)
    return html5.get(reference[1:], reference)


def read_tags(raw: str | None, problems: list[str]) -> tuple[str, ...]:
    """Read tags separated by commas; empty ones are left out."""
    if not raw:
        return ()
    # Cut before references are resolved, so that "&#44;" is a comma inside a tag.
    raw_names = sanitized(raw, problems).split(",")
    names = (without_controls(_resolved(name.strip()), problems) for name in raw_names)
    return tuple(name for name in names if name)


def read_date(attributes: dict[str, str], name: str, problems: list[str]) -> datetime | None:
    """Read a count since 1970 in s, ms or µs, by size; 0 is none."""
    number = attributes.get(name, "").strip()
    if number in ("", "0"):
        return None
    if _NUMBER.fullmatch(number) and (date := date_from_epoch(int(number))):
        return date
    problems.append(f"{name.upper()} is not a date")
    return None


def read_flag(attributes: dict[str, str], name: str, problems: list[str]) -> bool | None:
    """Read a "0" or "1"; return None for anything else."""
    raw = attributes.get(name)
    if raw is None or raw.strip() in ("0", "1"):
        return None if raw is None else raw.strip() == "1"
    problems.append(f"{name.upper()} is neither 0 nor 1")
    return None
