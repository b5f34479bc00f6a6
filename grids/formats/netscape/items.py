"""Make a link of what a bookmark file says of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace

from grids.formats.base import FileProblem, LinkEntry
from grids.formats.netscape.free_text import FreeText
from grids.formats.netscape.lexer import DATES, FLAGS, NOTES, TAG_OPEN, Tag
from grids.formats.netscape.values import (
    read_date,
    read_flag,
    read_note,
    read_tags,
    read_text,
    read_title,
    read_url,
)
from grids.formats.text import BoundedText
from grids.formats.values import ARCHIVED, join_notes

logger = logging.getLogger(__name__)

# The tag by which linkding marks archived links.
_ARCHIVED = "linkding:bookmarks.archived"


@dataclass(slots=True)
class Item:
    """Represent a link, or a folder's or section's heading, whose end has not come yet."""

    tag: Tag
    free_text: FreeText
    title: BoundedText = field(default_factory=BoundedText)
    note: BoundedText = field(default_factory=BoundedText)
    closed: bool = False


def left_out(tag: Tag) -> list[str]:
    """Name the attributes that are not read, in capitals as most tools write them."""
    kept = tag.attributes
    if tag.name == "a":
        feed = ["feedurl"] if kept.get("href") and kept.get("feedurl") else []
        return [name.upper() for name in (*tag.others, *feed)]
    unused = [name for name in kept if name not in DATES]
    return [f"{name.upper()} of folders" for name in (*tag.others, *unused)]


def link_or_problem(item: Item, states: tuple[str, ...]) -> LinkEntry | FileProblem:
    """Return an item's link with further states, or that it cannot be read."""
    # A defect in reading one value must not cost a whole file.
    try:
        link = _link(item, states)
    except ValueError:
        logger.exception("link_not_read")
        return FileProblem(item.tag.line, "this link could not be read")
    problems = item.tag.problems
    return replace(link, problems=tuple(dict.fromkeys(problems))) if problems else link


def _link(item: Item, states: tuple[str, ...]) -> LinkEntry:
    attributes, problems = item.tag.attributes, item.tag.problems
    if not item.closed:
        item.tag.note(TAG_OPEN)
    tags = read_tags(attributes.get("tags"), problems)
    if "labels" in attributes:
        tags += read_tags(attributes["labels"], problems)
    notes = [read_text(attributes[name], problems) for name in NOTES if name in attributes]
    states += _states(attributes, problems)
    is_archived = read_flag(attributes, "archived", problems)
    return LinkEntry(
        url=read_url(attributes.get("href") or attributes.get("feedurl", ""), problems),
        title=read_title(item.title, problems),
        note=join_notes(read_note(item.note, problems), *notes),
        tags=tags,
        created_on=read_date(attributes, DATES, problems),
        private=read_flag(attributes, "private", problems),
        line=item.tag.line,
        modified_on=read_date(attributes, ["last_modified"], problems),
        archived=True if _ARCHIVED in tags or ARCHIVED in states else is_archived,
        states=tuple(dict.fromkeys(state for state in states if state != ARCHIVED)),
    )


def _states(attributes: dict[str, str], problems: list[str]) -> tuple[str, ...]:
    flags = [name for name in FLAGS if name in attributes]
    states = tuple(FLAGS[name] for name in flags if read_flag(attributes, name, problems))
    # The word for which a browser opens the link.
    keyword = read_text(attributes.get("shortcuturl", ""), problems)
    return (*states, f"keyword:{keyword}") if keyword else states
