"""Translate between keys and public names of grids and links, also of deleted ones.

An archive contains no keys. What is deleted has no row with a slug: its name is the one remembered as a
FormerKey, or else one made of its owner's slug and its key, which is always the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.exports.archive.fields import Field
from reports.exports.archive.table import Scope
from reports.exports.archive.values import reference

TABLES = {"gr": "grids_grid", "li": "grids_link"}
_LEDGERS = {
    "gr": (("reports_grid_hour", "grid_id"), ("reports_link_hour", "grid_id")),
    "li": (("reports_link_hour", "link_id"),),
}


def fields(table: str) -> dict[str, Field]:
    """Return the fields of rows of `table` that name their grid and link; see `joins`."""
    return {
        label: Field(label, name(kind, f"{table}.{label}_id"), reference(kind), f"{label}_id")
        for label, kind in (("grid", "gr"), ("link", "li"))
    }


def joins(kind: str, key: str) -> str:
    """Return the joins that `name` needs for the column `key`; they take the parameter `user`."""
    return f"""
LEFT JOIN {TABLES[kind]} AS {kind}_here
    ON {kind}_here.id = {key} AND {kind}_here.user_id = %(user)s
LEFT JOIN reports_former_key AS {kind}_former ON {kind}_former.kind = '{kind}'
    AND {kind}_former.key = {key} AND {kind}_former.user_id = %(user)s"""


def name(kind: str, key: str) -> str:
    """Return SQL for the name of a key; it takes the parameter `slug`, the user's."""
    return f"coalesce({kind}_here.slug, {kind}_former.name, {substitute(kind, key)})"


def substitute(kind: str, text: str) -> str:
    """Return SQL for a slug derived from the user's slug and a text."""
    return f"'{kind}_' || md5(%(slug)s || ':' || {text})"


def remap_references(cursor: Any, staging: str, field: str, paths: Mapping[str, str]) -> None:
    """Stage a JSON field as `remapped`, with the slugs in its lists as here.

    Call it after `collect` of each kind. `paths` gives the path of the list by kind, such as {filters,grids}.
    What is no list, or names what the archive does not have, stays.
    """
    cursor.execute(f"UPDATE {staging} SET remapped = {field}")
    for kind, path in paths.items():
        remapped = _remapped(kind, "row.remapped", path)
        cursor.execute(f"UPDATE {staging} AS row SET remapped = {remapped}")


def _remapped(kind: str, value: str, path: str) -> str:
    slugs = f"CASE jsonb_typeof({value} #> '{path}') WHEN 'array' THEN {value} #> '{path}' END"
    return f"""
coalesce(jsonb_set({value}, '{path}', (
    SELECT jsonb_agg(coalesce(to_jsonb(names.new_slug), item.value) ORDER BY item.place)
    FROM jsonb_array_elements({slugs}) WITH ORDINALITY AS item (value, place)
    LEFT JOIN archive_{kind} AS names ON names.name = item.value #>> '{{}}'
)), {value})"""


def _known(kind: str) -> str:
    """Return a SELECT of name and key of everything the user has or had."""
    ledgers = " UNION ".join(
        f"SELECT {column} AS key FROM {table} WHERE user_id = %(user)s"
        for table, column in _LEDGERS[kind]
    )
    return f"""
SELECT slug AS name, id AS key FROM {TABLES[kind]} WHERE user_id = %(user)s
UNION SELECT name, key FROM reports_former_key WHERE kind = '{kind}' AND user_id = %(user)s
UNION SELECT {name(kind, "ledger.key")}, ledger.key
FROM ({ledgers}) AS ledger {joins(kind, "ledger.key")}"""


def collect(cursor: Any, scope: Scope, kind: str, own: str) -> None:
    """Create the table archive_<kind>: each name in the archive with its slug and key here.

    `own` is the staging table of the rows of this kind; its `new_slug` is the slug here.
    """
    refs = " UNION ".join(
        f"SELECT {field.name} AS name FROM {table.staging}"
        for table in scope.tables
        for field in table.fields
        if field.value.ref == kind
    )
    cursor.execute(f"DROP TABLE IF EXISTS pg_temp.archive_{kind}")
    cursor.execute(
        f"""
        CREATE TEMP TABLE archive_{kind} AS
        SELECT names.name, coalesce(own.new_slug, names.name) AS new_slug, known.key,
            known.key IS NOT NULL AS is_here, own.line
        FROM ({refs}) AS names
        LEFT JOIN {own} AS own ON own.slug = names.name
        LEFT JOIN ({_known(kind)}) AS known ON known.name = coalesce(own.new_slug, names.name)""",
        scope.params,
    )
    cursor.execute(f"CREATE UNIQUE INDEX ON archive_{kind} (name)")
    cursor.execute(f"ANALYZE archive_{kind}")


def assign_keys(cursor: Any, scope: Scope, kind: str, own: str) -> None:
    """Assign keys to names without one, in the archive's order; remember those without a row."""
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
        WHERE NOT names.is_here AND (own.line IS NULL OR own.outcome = 'skip')
        ON CONFLICT DO NOTHING""",
        scope.params,
    )
