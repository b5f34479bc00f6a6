"""Validate what was visited, and prepare the fields that all its rows share."""

from __future__ import annotations

from dataclasses import dataclass
from struct import error as StructError

from grids.public.wire import Kind, Target
from reports.clicks.storage.cache import Cache
from reports.clicks.storage.copy_format import BIGINT, Fields, row_start, text_field

# In the order in which the classifier writes the fields of a row.
_OWNER = ("user_id", "grid_id")
_OUTCOME = ("verdict", "is_first_on_grid")
_DETAILS = (
    "bot_reason", "bot_rules", "flags", "user_agent_id", "country", "referrer", "language",
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
)  # fmt: skip
CLICK_COLUMNS = (
    *_OWNER, "link_id", "tile", "clicked_on", "visitor", *_OUTCOME, "is_first_on_link", *_DETAILS,
)  # fmt: skip
VIEW_COLUMNS = (*_OWNER, "viewed_on", "visitor", *_OUTCOME, *_DETAILS)
_CLICK_START, _VIEW_START = row_start(len(CLICK_COLUMNS)), row_start(len(VIEW_COLUMNS))
_CLICK, _VIEW = Fields(BIGINT * 3), Fields(BIGINT * 2)
_CACHED = 50_000
_TILE_LENGTH = 32


@dataclass(frozen=True, slots=True, eq=False)
class ParsedTarget:
    """Represent a target with the fields of COPY that its rows share."""

    user: int
    grid: int
    # 0 for a view of the grid's page.
    link: int
    row_start: bytes
    tile: bytes


def _parse(target: Target) -> ParsedTarget:
    if tuple(map(type, target)) != (int, int, int, int, str):
        raise TypeError(f"No target: {target!r}")
    kind, user, grid, link, tile = target
    if user < 0 or grid < 0 or link < 0 or kind != (Kind.CLICK if link else Kind.VIEW):
        raise ValueError(f"No such target: {target!r}")
    tile_field = text_field(tile, _TILE_LENGTH)
    try:
        if not link:
            return ParsedTarget(user, grid, 0, _VIEW_START + _VIEW.pack((user, grid)), tile_field)
        start = _CLICK_START + _CLICK.pack((user, grid, link)) + tile_field
    except StructError as error:
        raise ValueError(f"Out of range: {target!r}") from error
    return ParsedTarget(user, grid, link, start, tile_field)


# By the target as it was sent. Raises TypeError and ValueError for an invalid one.
TARGETS = Cache(_parse, _CACHED)


def target_without_tile(user: int, grid: int, link: int) -> ParsedTarget:
    """Return the target of a link, or of a grid's page, without its tile."""
    return TARGETS[Target(int(Kind.CLICK if link else Kind.VIEW), user, grid, link)]
