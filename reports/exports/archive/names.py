"""Public names for integer keys: of grids and links that are there, were, or come with an archive.

An archive names nothing by its key. What is gone has no row that says its slug: it is called by the name
that was remembered of it (FormerKey), or else by one that is made of its owner's slug and its key, always the
same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.exports.archive.table import Scope
from reports.exports.archive.values import Ref

TABLES = {"gr": "grids_grid", "li": "grids_link"}
_LEDGERS = {
    "gr": ("reports_grid_hour.grid_id", "reports_link_hour.grid_id"),
    "li": ("reports_link_hour.link_id",),
}


def joins(kind: str, key: str) -> str:
    """Joins what `name` asks, for the column `key`; takes the parameter `user`."""
    return f"""
LEFT JOIN {TABLES[kind]} AS {kind}_here
    ON {kind}_here.id = {key} AND {kind}_here.user_id = %(user)s
LEFT JOIN reports_former_key AS {kind}_former ON {kind}_former.kind = '{kind}'
    AND {kind}_former.key = {key} AND {kind}_former.user_id = %(user)s"""


def name(kind: str, key: str) -> str:
    """The name of what has this key; takes the parameter `slug`, the user's."""
    gone = f"'{kind}_' || md5(%(slug)s || ':' || {key})"
    return f"coalesce({kind}_here.slug, {kind}_former.name, {gone})"


def substitute(kind: str, slug: str) -> str:
    """The slug for a row whose own is somebody else's here: the same one each time; takes `slug`."""
    return f"'{kind}_' || md5(%(slug)s || ':' || {slug})"


def follow(cursor: Any, staging: str, field: str, paths: Mapping[str, str]) -> None:
    """Stage as `given` the JSON object of a field, with the slugs in its lists as they are here; after
    `collect` of their kinds.

    `paths` says by kind where a list is, such as {filters,grids}. What is no list, or names what the archive
    does not have, stays.
    """
    cursor.execute(f"UPDATE {staging} SET given = {field}")
    for kind, path in paths.items():
        given = _followed(kind, "row.given", path)
        cursor.execute(f"UPDATE {staging} AS row SET given = {given}")


def _followed(kind: str, value: str, path: str) -> str:
    listed = f"CASE jsonb_typeof({value} #> '{path}') WHEN 'array' THEN {value} #> '{path}' END"
    return f"""
coalesce(jsonb_set({value}, '{path}', (
    SELECT jsonb_agg(coalesce(to_jsonb(names.target), item.value) ORDER BY item.place)
    FROM jsonb_array_elements({listed}) WITH ORDINALITY AS item (value, place)
    LEFT JOIN archive_{kind} AS names ON names.name = item.value #>> '{{}}'
)), {value})"""


def known(kind: str) -> str:
    """Selects name and key of all that the user has, or has numbers of."""
    ledgers = " UNION ".join(
        f"SELECT {column.partition('.')[2]} AS key FROM {column.partition('.')[0]}"
        " WHERE user_id = %(user)s"
        for column in _LEDGERS[kind]
    )
    return f"""
SELECT slug AS name, id AS key FROM {TABLES[kind]} WHERE user_id = %(user)s
UNION SELECT name, key FROM reports_former_key WHERE kind = '{kind}' AND user_id = %(user)s
UNION SELECT {name(kind, "ledger.key")}, ledger.key
FROM ({ledgers}) AS ledger {joins(kind, "ledger.key")}"""


def collect(cursor: Any, scope: Scope, kind: str, own: str) -> None:
    """Make the table archive_<kind>: each name in the archive with its slug here, and its key, if it has one.

    `own` is the staged table that has a row for each one that is there; its `target` is the slug here.
    """
    refs = " UNION ".join(
        f"SELECT {field.name} AS name FROM {table.staging}"
        for table in scope.tables
        for field in table.fields
        if isinstance(field.value, Ref) and field.value.prefix == kind
    )
    cursor.execute(f"DROP TABLE IF EXISTS pg_temp.archive_{kind}")
    cursor.execute(
        f"""
        CREATE TEMP TABLE archive_{kind} AS
        SELECT names.name, coalesce(own.target, names.name) AS target, known.key,
            known.key IS NOT NULL AS is_here, own.line
        FROM ({refs}) AS names
        LEFT JOIN {own} AS own ON own.slug = names.name
        LEFT JOIN ({known(kind)}) AS known ON known.name = coalesce(own.target, names.name)""",
        scope.params,
    )
    cursor.execute(f"CREATE UNIQUE INDEX ON archive_{kind} (name)")
    cursor.execute(f"ANALYZE archive_{kind}")


def number(cursor: Any, scope: Scope, kind: str, own: str) -> None:
    """Give keys to the names that have none, in the order of the archive; what has no row is remembered."""
    cursor.execute(
        f"""
        UPDATE archive_{kind} AS names SET key = numbered.key FROM (
            SELECT name, nextval(pg_get_serial_sequence('{TABLES[kind]}', 'id')) AS key
            FROM (SELECT name FROM archive_{kind} WHERE key IS NULL
                ORDER BY line NULLS LAST, name) AS ordered
        ) AS numbered WHERE numbered.name = names.name"""
    )
    cursor.execute(
        f"""
        INSERT INTO reports_former_key (kind, key, name, user_id)
        SELECT '{kind}', names.key, names.name, %(user)s FROM archive_{kind} AS names
        LEFT JOIN {own} AS own ON own.line = names.line
        WHERE NOT names.is_here AND (own.line IS NULL OR own.fate = 'skip')
        ON CONFLICT DO NOTHING""",
        scope.params,
    )
