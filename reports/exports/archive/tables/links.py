"""Links with their tiles, those in the trash included."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gridlink.lib.errors import Invalid
from gridlink.lib.weburl import URL_LENGTH, check_url
from grids.models import (
    COLUMNS_MAX,
    HEIGHT_MAX,
    NOTE_LENGTH,
    SOURCE_LENGTH,
    TAG_LENGTH,
    TAGS_MAX,
    TITLE_LENGTH,
    Y_MAX,
)
from grids.services.styles import check_style
from reports.exports.archive import names
from reports.exports.archive.table import Field, Scope
from reports.exports.archive.tables.placed import (
    PlacedTable,
    alias_field,
    check_title,
    doubled_alias,
    record_fields,
)
from reports.exports.archive.values import (
    BadValue,
    Integer,
    Json,
    Matched,
    Maybe,
    Moment,
    Ref,
    Text,
    Texts,
)

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_CLICKS = 10**12
_KEY = re.compile(r"[0-9a-f]{32}")
_COLUMNS = (
    "url", "url_key", "title", "note", "tags", "background", "style", "height", "active_from",
    "active_until", "base_clicks", "base_clicks_from", "version", "is_deleted", "deleted_on",
    "created_on", "modified_on",
)  # fmt: skip
# Columns whose name in the database is not that of their field in the archive.
_RENAMED = {
    "base_clicks": "clicks_before_import",
    "base_clicks_from": "clicks_before_import_from",
}
# What differs for one that has to move.
_PLACED = ("x", "y", "width")


def _check_address(url: str) -> None:
    if check_url(url) != url:
        raise ValueError("there are spaces around it")


def _check_background(text: str) -> None:
    if text and not _COLOUR.fullmatch(text):
        if not text.startswith(("http://", "https://")):
            raise ValueError("it is neither a colour nor an address")
        _check_address(text)


def _check_style(style: Any) -> None:
    try:
        check_style(style)
    except Invalid as error:
        raise ValueError(error.message) from error


def _row(table: str, renamed: Mapping[str, str] = MappingProxyType({})) -> str:
    names = (*_COLUMNS, *_PLACED, "alias")
    return ", ".join(f"{table}.{renamed.get(name, name)}" for name in names)


# A tile's cells in a row of its grid, as bits.
_CELLS = "((1::bigint << width::int) - 1) << x::int"
_BELOW = """
WITH bottom AS (
    SELECT grid, max(ends) AS y FROM (
        SELECT row.grid, max(tile.y + tile.height) AS ends FROM archive_gr AS names
        JOIN archive_links AS row ON row.grid = names.name
        JOIN grids_link AS tile ON tile.grid_id = names.key AND NOT tile.is_deleted
        GROUP BY row.grid
        UNION ALL
        SELECT grid, max(y + height) FROM archive_links WHERE fate = 'create' GROUP BY grid
    ) AS all_ends GROUP BY grid
), astray AS (
    SELECT row.line, row.grid, row.height, least(row.width, page.columns) AS width
    FROM archive_links AS row
    JOIN archive_gr AS names ON names.name = row.grid AND names.is_here
    JOIN grids_grid AS page ON page.id = names.key
    WHERE row.fate = 'create' AND NOT row.is_deleted AND (
        row.x + row.width > page.columns OR EXISTS (
            SELECT FROM grids_link AS tile
            WHERE tile.grid_id = names.key AND NOT tile.is_deleted
                AND tile.x < row.x + row.width AND row.x < tile.x + tile.width
                AND tile.y < row.y + row.height AND row.y < tile.y + tile.height))
), moved AS (
    SELECT astray.line, astray.width, bottom.y - astray.height
        + sum(astray.height) OVER (PARTITION BY grid ORDER BY astray.line) AS y
    FROM astray JOIN bottom USING (grid)
)
UPDATE archive_links AS row SET new_x = 0, new_y = moved.y, new_width = moved.width,
    fate = CASE WHEN moved.y > {most} THEN 'skip' ELSE 'create' END,
    remark = concat_ws('; ', nullif(remark, ''), CASE WHEN moved.y > {most}
        THEN 'its grid is full' ELSE 'its place is taken here: it stands at the end' END)
FROM moved WHERE moved.line = row.line"""


class LinksTable(PlacedTable):
    """A link, by the slug of its grid."""

    name = "links"
    kind = "li"
    model_table = "grids_link"
    fields = (
        Field("slug", "link.slug", Ref("li")),
        Field("grid", "grid.slug", Ref("gr")),
        Field("url", "link.url", Text(URL_LENGTH, _check_address)),
        Field("url_key", "link.url_key", Matched(_KEY, "key of an address")),
        Field("title", "link.title", Text(TITLE_LENGTH, check_title)),
        Field("note", "link.note", Text(NOTE_LENGTH)),
        Field("tags", "link.tags", Texts(TAGS_MAX, TAG_LENGTH)),
        alias_field("link"),
        Field("x", "link.x", Integer(0, COLUMNS_MAX - 1)),
        Field("y", "link.y", Integer(0, Y_MAX)),
        Field("width", "link.width", Integer(1, COLUMNS_MAX)),
        Field("height", "link.height", Integer(1, HEIGHT_MAX)),
        Field("background", "link.background", Text(2048, _check_background)),
        Field("style", "link.style", Json(_check_style)),
        Field("active_from", "link.active_from", Maybe(Moment())),
        Field("active_until", "link.active_until", Maybe(Moment())),
        Field("base_clicks", "link.clicks_before_import", Integer(0, _CLICKS)),
        Field("base_clicks_from", "link.clicks_before_import_from", Text(SOURCE_LENGTH)),
        *record_fields("link"),
    )
    source = (
        "FROM grids_link AS link JOIN grids_grid AS grid ON grid.id = link.grid_id"
        " WHERE link.user_id = %(user)s"
    )
    order = "link.id"
    same = (
        f"({_row('here', _RENAMED)}, here.grid_id) IS NOT DISTINCT FROM"
        f" ({_row('row')}, (SELECT key FROM archive_gr WHERE name = row.grid))"
    )
    extra = (*PlacedTable.extra, "new_x bigint", "new_y bigint", "new_width bigint")
    faults = (
        doubled_alias("archive_links"),
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
            "stands on another one",
        ),
    )

    def check(self, row: Mapping[str, Any]) -> None:
        """The active window ends after it begins."""
        super().check(row)
        begin, end = row["active_from"], row["active_until"]
        if begin and end and end <= begin:
            raise BadValue("is active until before it is active")

    def decide(self, cursor: Any, scope: Scope) -> None:
        """On a grid that was here, a place may be taken."""
        cursor.execute(f"UPDATE {self.staging} SET new_x = NULL, new_y = NULL, new_width = NULL")
        super().decide(cursor, scope)
        cursor.execute(_BELOW.format(most=Y_MAX))

    def put(self, cursor: Any, scope: Scope) -> None:
        """New ones; a grid that was here has a new layout by them."""
        names.number(cursor, scope, self.kind, self.staging)
        columns = ", ".join(_RENAMED.get(name, name) for name in (*_COLUMNS, *_PLACED))
        given = [f"row.{name}" for name in _COLUMNS]
        given += [f"coalesce(row.new_{name}, row.{name})" for name in _PLACED]
        cursor.execute(
            f"""
            INSERT INTO grids_link (id, user_id, grid_id, slug, alias, {columns})
            SELECT names.key, %(user)s, grid.key, row.target, row.given, {", ".join(given)}
            FROM archive_links AS row
            JOIN archive_li AS names ON names.name = row.slug
            JOIN archive_gr AS grid ON grid.name = row.grid
            WHERE row.fate = 'create' ORDER BY row.line""",
            scope.params,
        )
        cursor.execute(
            """
            UPDATE grids_grid SET layout_version = layout_version + 1, modified_on = now()
            WHERE id IN (SELECT grid.key FROM archive_links AS row
                JOIN archive_gr AS grid ON grid.name = row.grid AND grid.is_here
                WHERE row.fate = 'create' AND NOT row.is_deleted)"""
        )
