"""Share what rows with a slug have in common: slug and alias may exist here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from gridlink.lib.slugs import ALIAS_PATTERN, alias_validator
from gridlink.lib.text import CONTROL
from reports.exports.archive import names
from reports.exports.archive.table import Scope, Table
from reports.exports.archive.values import BadValue


def check_alias(alias: str) -> None:
    """Raise ValueError unless it is a valid alias."""
    if not re.fullmatch(ALIAS_PATTERN, alias):
        raise ValueError(str(alias_validator.message))


def check_title(title: str) -> None:
    """Raise ValueError unless it is one line with something in it."""
    if not title.strip() or CONTROL.search(title):
        raise ValueError("it must be one line that is not empty")


class RecordTable(Table):
    """Restore rows with a slug; those that exist here already stay unchanged."""

    kind: ClassVar[str]
    """The prefix of the slugs."""
    key = ("slug",)
    staged: ClassVar[tuple[str, ...]] = ("new_slug text",)
    is_reported = True
    compared_as: ClassVar[Mapping[str, str]] = {}
    """SQL of what a field is compared by, where that is not the staged value."""

    def reset(self, cursor: Any, scope: Scope) -> None:
        """Start to decide: create each row, with a new slug if its own is taken."""
        cursor.execute(
            f"UPDATE {self.staging} SET new_slug = slug, outcome = 'create', remark = ''"
        )
        cursor.execute(
            f"""
            UPDATE {self.staging} AS row SET new_slug = {names.substitute(self.kind, "row.slug")},
                remark = 'another user has its slug here: it gets a new one'
            FROM (SELECT slug, user_id FROM {self.db_table}
                UNION ALL SELECT slug, user_id FROM reports_deleted_slug) AS here
            WHERE here.slug = row.slug AND here.user_id <> %(user)s""",
            scope.params,
        )

    def keep_existing(self, cursor: Any, scope: Scope) -> None:
        """Keep rows of the user that exist here, and report those that differ."""
        compared = [
            (f"here.{field.column}", self.compared_as.get(field.name, f"row.{field.name}"))
            for field in self.fields
            if field.name != "slug" and field.name not in self.derived
        ]
        here, staged = (", ".join(side) for side in zip(*compared, strict=True))
        cursor.execute(
            f"""
            UPDATE {self.staging} AS row SET
                outcome = CASE WHEN same THEN 'unchanged' ELSE 'kept' END,
                remark = CASE WHEN same THEN '' ELSE 'it exists here and differs: it stays as it is' END
            FROM (SELECT row.line, ({here}) IS NOT DISTINCT FROM ({staged}) AS same
                FROM {self.staging} AS row JOIN {self.db_table} AS here ON here.slug = row.new_slug
                WHERE here.user_id = %(user)s) AS found
            WHERE found.line = row.line""",
            scope.params,
        )


class AliasedTable(RecordTable):
    """Restore rows with an alias, which is lost if it is taken here."""

    staged: ClassVar[tuple[str, ...]] = (*RecordTable.staged, "new_alias text")
    label = "title"
    inserted_as: ClassVar[Mapping[str, str]] = {
        **Table.inserted_as,
        "id": "slug.key",
        "slug": "row.new_slug",
        "alias": "row.new_alias",
    }

    def conflicts(self) -> list[tuple[str, str]]:
        """Return also live rows with the alias of another one."""
        rows = (
            f"SELECT max(line) AS line FROM {self.staging} WHERE NOT is_deleted AND alias IS NOT NULL"
            " GROUP BY lower(alias) HAVING count(*) > 1"
        )
        return [*super().conflicts(), (rows, "has the alias of another one")]

    def check(self, row: Mapping[str, Any]) -> None:
        """Require `deleted_on` of rows in the trash, and of no others."""
        if row["is_deleted"] is (row["deleted_on"] is None):
            raise BadValue("has deleted_on without is_deleted, or the other way round")

    def decide(self, cursor: Any, scope: Scope) -> None:
        """Keep what exists here and free the aliases that are taken."""
        self.reset(cursor, scope)
        cursor.execute(f"UPDATE {self.staging} SET new_alias = alias")
        self.keep_existing(cursor, scope)
        cursor.execute(
            f"""
            UPDATE {self.staging} AS row SET new_alias = NULL,
                remark = concat_ws('; ', nullif(remark, ''),
                    'its alias ' || row.alias || ' is taken here: it is restored without one')
            FROM {self.db_table} AS here
            WHERE row.outcome = 'create' AND NOT row.is_deleted
                AND lower(here.alias) = lower(row.alias) AND NOT here.is_deleted"""
        )
        names.collect(cursor, scope, self.kind, self.staging)

    def insert(self, cursor: Any, scope: Scope) -> None:
        """Insert the new rows, under new keys."""
        names.assign_keys(cursor, scope, self.kind, self.staging)
        super().insert(cursor, scope)
