"""Bring the addresses and texts of a file within the rules of the product.

These run for every link of a file, a hundred thousand at a time.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from gridlink.lib.slugs import ALIAS_PATTERN
from gridlink.lib.text import CONTROL, one_line
from gridlink.lib.weburl import URL_LENGTH, check_url, url_key
from grids.formats.base import FolderEntry, LinkEntry
from grids.formats.values import ARCHIVED
from grids.models import NOTE_LENGTH, TAG_LENGTH, TAGS_MAX, TITLE_LENGTH

UNSORTED = "Unsorted"
PRIVATE = "private"
"""The tag that links get which were private, since here only grids are."""
SOURCE_ID_LENGTH = 200
_NESTED, _DEPTH_MAX = " / ", 16

# Small counts since 1970 are no dates.
_OLDEST = datetime(1971, 1, 1, tzinfo=UTC)
_WRAPPING = re.compile(r"[\t\n\r]")
_ALIAS = re.compile(ALIAS_PATTERN)
# Of such an address no part has another spelling, but for the order of the query's parts.
_PLAIN = re.compile(
    r"(https?://[a-z0-9]{1,63}(?:\.[a-z][a-z0-9]{0,62}){1,8})"
    r"(/[A-Za-z0-9/._-]*)?"
    r"(?:\?([A-Za-z0-9._-]+=[A-Za-z0-9._-]*(?:&[A-Za-z0-9._-]+=[A-Za-z0-9._-]*)*))?"
)


class Texts(NamedTuple):
    """Hold a link's texts; `is_titled` unless the title was made from the address."""

    title: str
    note: str
    tags: list[str]
    is_titled: bool


def url_and_key(url: str) -> tuple[str, str]:
    """Return the address as `check_url` gives it, and its `url_key`. Raises BadUrl.

    For nearly all addresses one pattern does what takes `gridlink.lib.weburl` twenty steps.
    """
    plain = _PLAIN.fullmatch(url)
    if plain is None or len(url) > URL_LENGTH:
        url = check_url(url)
        return url, url_key(url)
    site, path, query = plain.groups()
    normal = f"{site}{path or '/'}"
    if query:
        parts = sorted(part.split("=") for part in query.split("&"))
        normal = f"{normal}?{'&'.join(map('='.join, parts))}"
    return url, hashlib.sha256(normal.encode()).hexdigest()[:32]


def limit_texts(entry: LinkEntry, problems: list[str]) -> Texts:
    """Return the texts of a link; whatever was changed joins `problems`."""
    title = _on_one_line(entry.title, "the title", problems)
    is_titled = bool(title) and not title.isspace()
    if not is_titled:
        title = urlsplit(entry.url).hostname or entry.url
    note = entry.note
    if len(title) > TITLE_LENGTH:
        problems.append(f"the title was cut to {TITLE_LENGTH} characters and is whole in the note")
        note = f"{title}\n\n{note}".rstrip()
        title = title[:TITLE_LENGTH]
    if len(note) > NOTE_LENGTH:
        problems.append(f"the note was cut to {NOTE_LENGTH} characters")
        note = note[:NOTE_LENGTH]
    states = _states(entry)
    if states:
        problems.append(f"marks of its source become tags: {', '.join(states)}")
    tags = _tags(entry.tags, states, problems) if entry.tags or states else []
    return Texts(title, note, tags, is_titled)


def _states(entry: LinkEntry) -> list[str]:
    """List what the link is in its source and no tag says yet."""
    if not (entry.states or entry.archived or entry.private):
        return []
    archived = (ARCHIVED,) if entry.archived else ()
    private = (PRIVATE,) if entry.private else ()
    states = (state[:TAG_LENGTH].rstrip() for state in (*entry.states, *archived, *private))
    return [state for state in dict.fromkeys(states) if state not in entry.tags]


def valid_alias(alias: str, problems: list[str]) -> str:
    """Return the short code if it is valid here; else "" and a problem."""
    if not alias or _ALIAS.fullmatch(alias):
        return alias
    problems.append(
        "its short code cannot be kept, since here they are 1 to 64 letters, digits and hyphens"
    )
    return ""


def folder_path(title: str) -> tuple[str, ...]:
    """Return the nested folders of which an import makes a grid of this title."""
    return tuple(title.split(_NESTED, _DEPTH_MAX - 1))


def limit_folder(folder: FolderEntry, problems: list[str]) -> tuple[str, str]:
    """Return the title and description of a folder's grid; changes join `problems`."""
    title = _on_one_line(_NESTED.join(folder.path), "the folder's title", problems)
    title = title if title.strip() else UNSORTED
    if len(title) > TITLE_LENGTH:
        problems.append(f"the folder's title was cut to its last {TITLE_LENGTH} characters")
    if len(folder.note) > NOTE_LENGTH:
        problems.append(f"the folder's note was cut to {NOTE_LENGTH} characters")
    return title[-TITLE_LENGTH:], folder.note[:NOTE_LENGTH]


def possible_date(
    date: datetime | None, now: datetime, what: str, problems: list[str]
) -> datetime | None:
    """Return a date of the past; None and a problem for any other."""
    if date is None or _OLDEST <= date <= now:
        return date
    when = "in the future" if date > now else "too long ago"
    problems.append(f"{what} is {when} ({date:%Y-%m-%d}) and was left out")
    return None


def _tags(given: tuple[str, ...], states: list[str], problems: list[str]) -> list[str]:
    # Without outer spaces and repeats, as in the API; most need no change.
    tags = list(dict.fromkeys(map(str.strip, given)))
    room = TAGS_MAX - len(states)
    if (
        len(tags) == len(given) <= room
        and all(tags)
        and max(map(len, tags), default=0) <= TAG_LENGTH
    ):
        return tags + states
    names = [name for tag in given if (name := tag.strip())]
    tags = list(dict.fromkeys([name[:TAG_LENGTH].rstrip() for name in names]))[:room]
    if len(tags) < len(given) or max(map(len, names)) > TAG_LENGTH:
        problems.append(
            f"tags were repeated, longer than {TAG_LENGTH} characters or more than {TAGS_MAX}"
        )
    return tags + states


def _on_one_line(text: str, what: str, problems: list[str]) -> str:
    """Return the text as one line; mere line wraps, spaces in HTML, are no problem."""
    if text.isprintable():
        return text
    if CONTROL.search(_WRAPPING.sub(" ", text)):
        problems.append(f"line breaks or control characters in {what} became spaces")
    return one_line(text)
