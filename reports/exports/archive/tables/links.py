"""Archive links with their tiles, including those in the trash."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from gridlink.lib.errors import Invalid
from gridlink.lib.weburl import check_url
from grids.models import SOURCE_LENGTH, TAG_LENGTH, TAGS_MAX, Y_MAX, Link
from grids.services.styles import check_style
from reports.exports.archive.fields import Field, model_fields
from reports.exports.archive.table import Scope, Table
from reports.exports.archive.tables.records import AliasedTable, check_alias, check_title
from reports.exports.archive.values import (
    ANY_MOMENT,
    BOOLEAN,
    VERSION,
    BadValue,
    integer,
    matching,
    nullable,
    reference,
    text,
    texts,
)

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_CLICKS_MAX = 10**12
_URL_KEY = re.compile(r"[0-9a-f]{32}")
_NAMES = (
    "slug", "grid", "url", "url_key", "title", "note", "tags", "alias", "x", "y", "width", "height",
    "background", "style", "active_from", "active_until", "forward_query", "base_clicks",
    "base_clicks_from", "version", "is_deleted", "deleted_on", "created_on", "modified_on",
)  # fmt: skip


def _check_url(url: str) -> None:
    if check_url(url) != url:
        raise ValueError("there are spaces around it")


def _check_background(text: str) -> None:
    if text and not _COLOUR.fullmatch(text):
        if not text.startswith(("http://", "https://")):
            raise ValueError("it is neither a colour nor an address")
        _check_url(text)


def _check_style(style: Any) -> None:
    try:
        check_style(style)
    except Invalid as error:
        raise ValueError(error.message) from error


# The cells of a tile in one row of its grid, as bits.
_CELLS = "((1::bigint << width::int) - 1) << x::int"
_MOVE_BELOW = f"""
WITH bottom AS (
    SELECT grid, max(ends) AS y FROM (
        SELECT row.grid, max(tile.y + tile.height) AS ends FROM archive_gr AS names
        JOIN archive_links AS row ON row.grid = names.name
        JOIN grids_link AS tile ON tile.grid_id = names.key AND NOT tile.is_deleted
        GROUP BY row.grid
        UNION ALL
        SELECT grid, max(y + height) FROM archive_links WHERE outcome = 'create' GROUP BY grid
    ) AS all_ends GROUP BY grid
), displaced AS (
    SELECT row.line, row.grid, row.height, least(row.width, page.columns) AS width
    FROM archive_links AS row
    JOIN archive_gr AS names ON names.name = row.grid AND names.is_here
    JOIN grids_grid AS page ON page.id = names.key
    WHERE row.outcome = 'create' AND NOT row.is_deleted AND (
        row.x + row.width > page.columns OR EXISTS (
            SELECT FROM grids_link AS tile
            WHERE tile.grid_id = names.key AND NOT tile.is_deleted
                AND tile.x < row.x + row.width AND row.x < tile.x + tile.width
                AND tile.y < row.y + row.height AND row.y < tile.y + tile.height))
), moved AS (
    SELECT displaced.line, displaced.width, bottom.y - displaced.height
        + sum(displaced.height) OVER (PARTITION BY grid ORDER BY displaced.line) AS y
    FROM displaced JOIN bottom USING (grid)
)
UPDATE archive_links AS row SET new_x = 0, new_y = moved.y, new_width = moved.width,
    outcome = CASE WHEN moved.y > {Y_MAX} THEN 'skip' ELSE 'create' END,
    remark = concat_ws('; ', nullif(remark, ''), CASE WHEN moved.y > {Y_MAX}
        THEN 'its grid is full' ELSE 'its place is taken here: it is put at the end' END)
FROM moved WHERE moved.line = row.line"""
_CONFLICTS = (
    (
        "SELECT line FROM archive_links AS row WHERE NOT EXISTS"
        " (SELECT FROM archive_grids AS grid WHERE grid.slug = row.grid)",
        "is on a grid that the archive does not have",
    ),
    (
        "SELECT row.line FROM archive_links AS row JOIN archive_grids AS grid"
        " ON grid.slug = row.grid"
        " WHERE NOT row.is_deleted AND row.x + row.width > grid.columns",
        "leaves the columns of its grid",
    ),
    (
        f"SELECT max(line) AS line FROM archive_links, generate_series(y, y + height - 1) AS place"
        f" WHERE NOT is_deleted GROUP BY grid, place HAVING sum({_CELLS}) <> bit_or({_CELLS})",
        "overlaps another one",
    ),
)


class LinksTable(AliasedTable):
    """Restore links, each with the slug of its grid."""

    name = "links"
    kind = "li"
    model = Link
    fields = model_fields(
        Link,
        "link",
        _NAMES,
        checks={
            "url": _check_url,
            "title": check_title,
            "alias": check_alias,
            "background": _check_background,
            "style": _check_style,
        },
        overrides={
            "slug": reference("li"),
            "grid": Field("grid", "grid.slug", reference("gr"), "grid_id"),
            "url_key": matching(_URL_KEY, "key of an address"),
            "tags": texts(TAGS_MAX, TAG_LENGTH),
            # Those of older archives are not new links.
            "forward_query": Field(
                "forward_query",
                "link.forward_query",
                BOOLEAN,
                "forward_query",
                since=3,
                default=False,
            ),
            "base_clicks": Field(
                "base_clicks",
                "link.clicks_before_import",
                integer(0, _CLICKS_MAX),
                "clicks_before_import",
            ),
            "base_clicks_from": Field(
                "base_clicks_from",
                "link.clicks_before_import_from",
                text(SOURCE_LENGTH),
                "clicks_before_import_from",
            ),
            "active_from": nullable(ANY_MOMENT),
            "active_until": nullable(ANY_MOMENT),
            "version": VERSION,
        },
    )
    left_out = Table.left_out | {"search"}
    source = (
        "FROM grids_link AS link JOIN grids_grid AS grid ON grid.id = link.grid_id"
        " WHERE link.user_id = %(user)s"
    )
    order = "link.id"
    compared_as = {"grid": "(SELECT key FROM archive_gr WHERE name = row.grid)"}
    inserted_as: ClassVar[Mapping[str, str]] = {
        **AliasedTable.inserted_as,
        **{name: f"coalesce(row.new_{name}, row.{name})" for name in ("x", "y", "width")},
    }
    staged = (*AliasedTable.staged, "new_x bigint", "new_y bigint", "new_width bigint")

    def conflicts(self) -> list[tuple[str, str]]:
        """Return also links without a place of their own on a grid of the archive."""
        return [*super().conflicts(), *_CONFLICTS]

    def check(self, row: Mapping[str, Any]) -> None:
        """Require that the active window ends after it begins."""
        super().check(row)
        begin, end = row["active_from"], row["active_until"]
        if begin and end and end <= begin:
            raise BadValue("is active until before it is active")

    def decide(self, cursor: Any, scope: Scope) -> None:
        """Keep what exists; on a grid that existed, move links whose place is taken."""
        cursor.execute(f"UPDATE {self.staging} SET new_x = NULL, new_y = NULL, new_width = NULL")
        super().decide(cursor, scope)
        cursor.execute(_MOVE_BELOW)

    def insert(self, cursor: Any, scope: Scope) -> None:
        """Insert the new rows and raise the layout version of grids that existed."""
        super().insert(cursor, scope)
        cursor.execute(
            """
            UPDATE grids_grid SET layout_version = layout_version + 1, modified_on = now()
            WHERE id IN (SELECT grid.key FROM archive_links AS row
                JOIN archive_gr AS grid ON grid.name = row.grid AND grid.is_here
                WHERE row.outcome = 'create' AND NOT row.is_deleted)"""
        )
