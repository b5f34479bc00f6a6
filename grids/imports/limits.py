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
from grids.models import NOTE_LENGTH, TAG_LENGTH, TAGS_MAX, TITLE_LENGTH

UNSORTED = "Unsorted"
ARCHIVED = "archived"
"""The tag that archived links get, since links have no other mark for it."""
SOURCE_ID_LENGTH = 200

_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
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
    tags = (*entry.tags, ARCHIVED) if entry.archived else entry.tags
    return Texts(title, note, _tags(tags, problems) if tags else [], is_titled)


def valid_alias(alias: str, problems: list[str]) -> str:
    """Return the short code if it is valid here; else "" and a problem."""
    if not alias or _ALIAS.fullmatch(alias):
        return alias
    problems.append(
        "its short code cannot be kept, since here they are"
        " 1 to 64 lower-case letters, digits and hyphens"
    )
    return ""


def limit_folder(folder: FolderEntry, problems: list[str]) -> tuple[str, str]:
    """Return the title and description of a folder's grid; changes join `problems`."""
    title = _on_one_line(" / ".join(folder.path), "the folder's title", problems)
    title = title if title.strip() else UNSORTED
    if len(title) > TITLE_LENGTH:
        problems.append(f"the folder's title was cut to its last {TITLE_LENGTH} characters")
    if len(folder.note) > NOTE_LENGTH:
        problems.append(f"the folder's note was cut to {NOTE_LENGTH} characters")
    return title[-TITLE_LENGTH:], folder.note[:NOTE_LENGTH]


def plausible_date(date: datetime | None, now: datetime) -> datetime:
    """Return the time a link was saved, or `now` for one that cannot be true."""
    return date if date and _OLDEST <= date <= now else now


def _tags(given: tuple[str, ...], problems: list[str]) -> list[str]:
    # Without outer spaces and repeats, as in the API; most need no change.
    tags = list(dict.fromkeys(map(str.strip, given)))
    if len(tags) == len(given) <= TAGS_MAX and all(tags) and max(map(len, tags)) <= TAG_LENGTH:
        return tags
    names = [name for tag in given if (name := tag.strip())]
    tags = list(dict.fromkeys([name[:TAG_LENGTH].rstrip() for name in names]))[:TAGS_MAX]
    if len(tags) < len(given) or max(map(len, names)) > TAG_LENGTH:
        problems.append(
            f"tags were repeated, longer than {TAG_LENGTH} characters or more than {TAGS_MAX}"
        )
    return tags


def _on_one_line(text: str, what: str, problems: list[str]) -> str:
    """Return the text as one line; mere line wraps, spaces in HTML, are no problem."""
    if text.isprintable():
        return text
    if CONTROL.search(_WRAPPING.sub(" ", text)):
        problems.append(f"line breaks or control characters in {what} became spaces")
    return one_line(text)
