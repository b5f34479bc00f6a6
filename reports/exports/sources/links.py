"""The rows of an export of links."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from grids.models import Link
from reports.exports.base import ExportQuery
from reports.exports.columns import Column, Kind
from reports.exports.sources.base import ExportSource, Piece, Plan

COLUMNS = (
    Column("link", "link.slug"),
    Column("grid", "grid.slug"),
    Column("grid_title", "grid.title", Kind.TEXT),
    Column("url", "link.url", Kind.TEXT),
    Column("title", "link.title", Kind.TEXT),
    Column("note", "link.note", Kind.TEXT),
    Column("tags", "link.tags", Kind.TEXTS),
    Column("alias", "link.alias"),
    Column("x", "link.x", Kind.INTEGER),
    Column("y", "link.y", Kind.INTEGER),
    Column("width", "link.width", Kind.INTEGER),
    Column("height", "link.height", Kind.INTEGER),
    Column("background", "link.background"),
    Column("style", "link.style", Kind.JSON),
    Column("active_from", "link.active_from", Kind.MOMENT),
    Column("active_until", "link.active_until", Kind.MOMENT),
    Column("created_on", "link.created_on", Kind.MOMENT),
    Column("modified_on", "link.modified_on", Kind.MOMENT),
)

_SOURCE = """
FROM grids_link AS link JOIN grids_grid AS grid ON grid.id = link.grid_id
WHERE link.user_id = %s AND NOT link.is_deleted AND NOT grid.is_deleted
"""
_ORDER = "grid.created_on, grid.id, link.y, link.x, link.id"


class LinksSource(ExportSource):
    """A user's live links, of some grids and with all of some tags, or simply all of them: in one piece,
    since other links may change while it is written."""

    kind = "links"
    model = Link
    columns = COLUMNS
    filters = frozenset({"grids", "tags"})

    def plan(self) -> Plan:
        """As of the transaction."""
        now = datetime.now(UTC).isoformat()
        return Plan({"time": now}, (Piece(self._query().count()),))

    def select(self, plan: Plan, piece: Piece) -> ExportQuery:
        """All of it."""
        return self._query()

    def _query(self) -> ExportQuery:
        source, params = _SOURCE, [self.wish.user_id]
        narrowed: list[Any] = list(params)
        if grids := self.wish.filters.get("grids"):
            source += " AND grid.slug = ANY(%s)"
            narrowed.append(grids)
        if tags := self.wish.filters.get("tags"):
            source += " AND link.tags @> %s::varchar[]"
            narrowed.append(tags)
        return ExportQuery(self.chosen, source, tuple(narrowed), _ORDER)
