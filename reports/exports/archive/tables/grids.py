"""Grids, those in the trash included."""

from __future__ import annotations

from typing import Any

from grids.models import COLUMNS_MAX, NOTE_LENGTH, TITLE_LENGTH, Theme, Visibility
from reports.exports.archive import names
from reports.exports.archive.table import Field, Scope
from reports.exports.archive.tables.placed import (
    INTEGER_MAX,
    PlacedTable,
    alias_field,
    check_title,
    doubled_alias,
    record_fields,
)
from reports.exports.archive.values import Choice, Integer, Ref, Text

_COLUMNS = (
    "title", "description", "visibility", "theme", "columns", "layout_version",
    "version", "is_deleted", "deleted_on", "created_on", "modified_on",
)  # fmt: skip


def _row(table: str) -> str:
    return ", ".join(f"{table}.{name}" for name in (*_COLUMNS, "alias"))


class GridsTable(PlacedTable):
    """How a grid looks, and where its tiles' versions stand."""

    name = "grids"
    kind = "gr"
    model_table = "grids_grid"
    fields = (
        Field("slug", "grid.slug", Ref("gr")),
        Field("title", "grid.title", Text(TITLE_LENGTH, check_title)),
        Field("description", "grid.description", Text(NOTE_LENGTH)),
        alias_field("grid"),
        Field("visibility", "grid.visibility", Choice(Visibility.values)),
        Field("theme", "grid.theme", Choice(Theme.values)),
        Field("columns", "grid.columns", Integer(1, COLUMNS_MAX)),
        Field("layout_version", "grid.layout_version", Integer(1, INTEGER_MAX)),
        *record_fields("grid"),
    )
    source = "FROM grids_grid AS grid WHERE grid.user_id = %(user)s"
    order = "grid.id"
    same = f"({_row('here')}) IS NOT DISTINCT FROM ({_row('row')})"
    faults = (doubled_alias("archive_grids"),)

    def put(self, cursor: Any, scope: Scope) -> None:
        """New ones."""
        names.number(cursor, scope, self.kind, self.staging)
        columns = ", ".join(_COLUMNS)
        cursor.execute(
            f"""
            INSERT INTO grids_grid (id, user_id, slug, alias, {columns})
            SELECT names.key, %(user)s, row.target, row.given,
                {", ".join(f"row.{name}" for name in _COLUMNS)}
            FROM archive_grids AS row JOIN archive_gr AS names ON names.name = row.slug
            WHERE row.fate = 'create' ORDER BY row.line""",
            scope.params,
        )
