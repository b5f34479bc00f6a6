"""Archive grids, including those in the trash."""

from __future__ import annotations

from grids.models import Grid
from reports.exports.archive.fields import model_fields
from reports.exports.archive.table import Table
from reports.exports.archive.tables.records import AliasedTable, check_alias, check_title
from reports.exports.archive.values import VERSION, reference

_NAMES = (
    "slug", "title", "description", "alias", "visibility", "theme", "columns", "layout_version",
    "version", "is_deleted", "deleted_on", "created_on", "modified_on",
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
        overrides={"slug": reference("gr"), "layout_version": VERSION, "version": VERSION},
    )
    left_out = Table.left_out | {"search"}
    source = "FROM grids_grid AS grid WHERE grid.user_id = %(user)s"
    order = "grid.id"
