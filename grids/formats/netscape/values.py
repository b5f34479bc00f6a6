"""Read the raw values of a Netscape bookmark file: titles, notes, addresses, tags and dates.

A reference such as "&amp;" is resolved in an attribute only when its semicolon is there, since some tools
write addresses unescaped ("?a=1&copy=2"). Each function appends what it repaired, or could not read, to
`problems`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from datetime import datetime
from html.entities import html5

from grids.formats.text import TEXT_CHARS_MAX, BoundedText, sanitized, without_controls
from grids.formats.values import date_from_epoch, parse_bool, parse_date, split_tags

_REFERENCE = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]{1,31});")
# No character has a number this long, and Python refuses to read one of more than 4300 digits,
# leading zeros included.
_LEADING_ZEROS = re.compile(r"&#(?:0+(?=[0-9])|([xX])0+(?=[0-9a-fA-F]))")
_TOO_LARGE = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{7,});?")
_NOTES_START, _NOTES_END = "[linkding-notes]", "[/linkding-notes]"

_NUMBER = re.compile(r"([0-9]{1,20})(?:\.[0-9]{1,20})?", re.ASCII)
_LIST_STARTS = ("[", "{", "(")


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


def read_text(raw: str, problems: list[str]) -> str:
    """Read a text in an attribute, without outer white space."""
    return read_url(raw, problems)


def read_tags(raw: str | None, problems: list[str]) -> tuple[str, ...]:
    """Read tags separated by commas, or spelled as a list; empty ones are left out."""
    if not raw:
        return ()
    raw = sanitized(raw, problems)
    if raw.lstrip()[:1] in _LIST_STARTS:
        return split_tags(without_controls(_resolved(raw), problems))
    # Cut before references are resolved, so that "&#44;" is a comma inside a tag.
    names = (without_controls(_resolved(name.strip()), problems) for name in raw.split(","))
    return tuple(name for name in names if name)


def read_date(
    attributes: dict[str, str], names: Iterable[str], problems: list[str]
) -> datetime | None:
    """Read the first of these attributes: a count or a date; 0 is none."""
    name = next((name for name in names if attributes.get(name, "").strip()), "")
    written = attributes.get(name, "").strip()
    if count := _NUMBER.fullmatch(written):
        date = date_from_epoch(int(count[1]))
        if date is None:
            problems.append(f"{name.upper()} is not a date")
        return date if int(count[1]) else None
    return parse_date(written, name.upper(), problems)


def read_flag(attributes: dict[str, str], name: str, problems: list[str]) -> bool | None:
    """Read a "0" or "1", or another word for it; return None for anything else."""
    raw = attributes.get(name)
    if raw is None:
        return None
    found: list[str] = []
    flag = parse_bool(raw, name, found)
    if flag is None:
        problems.append(f"{name.upper()} is neither 0 nor 1")
    return flag
