"""Share what grids and links have in common: alias, key and trash."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from gridlink.lib.slugs import ALIAS_PATTERN, alias_validator
from gridlink.lib.text import CONTROL
from reports.exports.archive import names
from reports.exports.archive.table import Scope
from reports.exports.archive.tables.records import RecordTable
from reports.exports.archive.values import BadValue


def check_alias(alias: str) -> None:
    """Raise ValueError unless it is a valid alias."""
    if not re.fullmatch(ALIAS_PATTERN, alias):
        raise ValueError(str(alias_validator.message))


def check_title(title: str) -> None:
    """Raise ValueError unless it is one line with something in it."""
    if not title.strip() or CONTROL.search(title):
        raise ValueError("it must be one line that is not empty")


class AliasedTable(RecordTable):
    """Restore rows with an alias, which is lost if it is taken here."""

    staged: ClassVar[tuple[str, ...]] = (*RecordTable.staged, "new_alias text")
    label = "title"
    joins: ClassVar[str] = ""
    inserted_as: ClassVar[Mapping[str, str]] = {"slug": "row.new_slug", "alias": "row.new_alias"}
    """SQL of what is inserted of a field, where that is not the staged value; `joins` may help."""

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
                AND here.alias = row.alias AND NOT here.is_deleted"""
        )
        names.collect(cursor, scope, self.kind, self.staging)

    def insert(self, cursor: Any, scope: Scope) -> None:
        """Insert the new rows, under new keys."""
        names.assign_keys(cursor, scope, self.kind, self.staging)
        values = {"id": "names.key", "user_id": "%(user)s"}
        for field in self.fields:
            values[field.column] = self.inserted_as.get(field.name, f"row.{field.name}")
        cursor.execute(
            f"""
            INSERT INTO {self.db_table} ({", ".join(values)}) SELECT {", ".join(values.values())}
            FROM {self.staging} AS row
            JOIN archive_{self.kind} AS names ON names.name = row.slug {self.joins}
            WHERE row.outcome = 'create' ORDER BY row.line""",
            scope.params,
        )


def duplicate_alias(staging: str) -> tuple[str, str]:
    """Return the conflict of two live rows with the same alias."""
    return (
        f"SELECT max(line) AS line FROM {staging} WHERE NOT is_deleted AND alias IS NOT NULL"
        " GROUP BY alias HAVING count(*) > 1",
        "has the alias of another one",
    )
