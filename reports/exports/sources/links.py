"""Export a user's live links."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from grids.models import Link
from reports.exports.base import ExportQuery
from reports.exports.columns import Column, Kind
from reports.exports.sources.base import Chunk, ExportSource, Plan

COLUMNS = (
    Column("link", "link.slug"),
    Column("grid", "grid.slug"),
    Column("grid_title", "grid.title", Kind.TEXT),
    Column("url", "link.url", Kind.TEXT),
    Column("title", "link.title", Kind.TEXT),
    Column("note", "link.note", Kind.TEXT),
    Column("tags", "link.tags", Kind.TEXT_ARRAY),
    Column("alias", "link.alias"),
    Column("x", "link.x", Kind.INTEGER),
    Column("y", "link.y", Kind.INTEGER),
    Column("width", "link.width", Kind.INTEGER),
    Column("height", "link.height", Kind.INTEGER),
    Column("background", "link.background"),
    Column("style", "link.style", Kind.JSON),
    Column("active_from", "link.active_from", Kind.TIMESTAMP),
    Column("active_until", "link.active_until", Kind.TIMESTAMP),
    Column("forward_query", "link.forward_query", Kind.BOOLEAN),
    Column("created_on", "link.created_on", Kind.TIMESTAMP),
    Column("modified_on", "link.modified_on", Kind.TIMESTAMP),
    Column("clicks_before_import", "link.clicks_before_import", Kind.BIGINT),
)

_SOURCE = """
FROM grids_link AS link JOIN grids_grid AS grid ON grid.id = link.grid_id
WHERE link.user_id = %s AND NOT link.is_deleted AND NOT grid.is_deleted
"""
_ORDER = "grid.created_on, grid.id, link.y, link.x, link.id"


class LinksSource(ExportSource):
    """Provide a user's live links, filtered by grids and by tags.

    They are one chunk, since other links may change while it is written.
    """

    kind = "links"
    model = Link
    columns = COLUMNS
    filters = frozenset({"grids", "tags"})

    def plan(self, using: str) -> Plan:
        """Return the links that the transaction sees."""
        now = datetime.now(UTC).isoformat()
        return Plan({"time": now}, (Chunk(self._query(using).count()),))

    def select(self, plan: Plan, chunk: Chunk, using: str) -> ExportQuery:
        """Return the query of all links."""
        return self._query(using)

    def _query(self, using: str) -> ExportQuery:
        source, params = _SOURCE, list[Any]([self.spec.user_id])
        if grids := self.spec.filters.get("grids"):
            source += " AND grid.slug = ANY(%s)"
            params.append(grids)
        if tags := self.spec.filters.get("tags"):
            source += " AND link.tags @> %s::varchar[]"
            params.append(tags)
        return ExportQuery(self.columns_selected, source, tuple(params), _ORDER, using)
