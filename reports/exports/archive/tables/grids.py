"""Archive grids, including those in the trash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grids.models import AUTO_THEME, ColourScheme, Grid
from reports.exports.archive.fields import Field, model_fields
from reports.exports.archive.table import Table
from reports.exports.archive.tables.records import AliasedTable, check_alias, check_title
from reports.exports.archive.values import VERSION, choice, reference

_NAMES = (
    "slug", "title", "description", "alias", "visibility", "theme", "colour_scheme", "columns",
    "layout_version", "version", "is_deleted", "deleted_on", "created_on", "modified_on",
)  # fmt: skip
# Until schema 3 the themes were these, and "auto".
_SCHEMES = ("light", "dark")
_SCHEME = Field(
    "colour_scheme", "grid.colour_scheme", choice(ColourScheme.values), "colour_scheme", since=4,
    default=ColourScheme.AUTO,
)  # fmt: skip


class GridsTable(AliasedTable):
    """Restore grids with their settings and versions."""

    name = "grids"
    kind = "gr"
    model = Grid
    fields = model_fields(
        Grid,
        "grid",
        _NAMES,
        checks={"title": check_title, "alias": check_alias},
        overrides={
            "slug": reference("gr"),
            "colour_scheme": _SCHEME,
            "layout_version": VERSION,
            "version": VERSION,
        },
    )
    left_out = Table.left_out | {"search"}
    source = "FROM grids_grid AS grid WHERE grid.user_id = %(user)s"
    order = "grid.id"

    def cells(self, row: Mapping[str, Any], schema: int) -> str:
        """Return a row as a line for COPY, with the themes of today."""
        if schema < _SCHEME.since and row.get("theme") in _SCHEMES:
            row = {**row, "theme": AUTO_THEME, "colour_scheme": row["theme"]}
            return super().cells(row, _SCHEME.since)
        return super().cells(row, schema)
