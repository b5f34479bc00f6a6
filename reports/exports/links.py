"""The rows of an export of links."""

from __future__ import annotations

from typing import Any

from reports.exports.base import Column, ExportQuery


def _moment(column: str) -> str:
    # ISO 8601 in UTC, to the microsecond, whatever the session's settings.
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


# "a, b"; a comma inside a tag is written "\\,".
_JOINED_TAGS = r"""
CASE WHEN link.tags = '{}' THEN '' ELSE (
    SELECT string_agg(replace(replace(tag, '\', '\\'), ',', '\,'), ', ' ORDER BY place)
    FROM unnest(link.tags) WITH ORDINALITY AS tags (tag, place)
) END
"""

COLUMNS = (
    Column("link", "link.slug"),
    Column("grid", "grid.slug"),
    Column("grid_title", "grid.title", is_text=True),
    Column("url", "link.url", is_text=True),
    Column("title", "link.title", is_text=True),
    Column("note", "link.note", is_text=True),
    Column("tags", "link.tags", is_text=True, flat=_JOINED_TAGS),
    Column("alias", "link.alias"),
    Column("x", "link.x"),
    Column("y", "link.y"),
    Column("width", "link.width"),
    Column("height", "link.height"),
    Column("background", "link.background"),
    Column("style", "link.style"),
    Column("active_from", _moment("link.active_from")),
    Column("active_until", _moment("link.active_until")),
    Column("created_on", _moment("link.created_on")),
    Column("modified_on", _moment("link.modified_on")),
)

_SOURCE = """
FROM grids_link AS link JOIN grids_grid AS grid ON grid.id = link.grid_id
WHERE link.user_id = %s AND NOT link.is_deleted AND NOT grid.is_deleted
"""


def links_query(*, user_id: int, grids: list[str], tags: list[str]) -> ExportQuery:
    """A user's live links, of some grids and with all of some tags, or simply all of them."""
    source, params = _SOURCE, [user_id]
    narrowed: list[Any] = list(params)
    if grids:
        source += " AND grid.slug = ANY(%s)"
        narrowed.append(grids)
    if tags:
        source += " AND link.tags @> %s::varchar[]"
        narrowed.append(tags)
    order = "grid.created_on, grid.id, link.y, link.x, link.id"
    return ExportQuery(COLUMNS, source, tuple(narrowed), order)
