"""Share what rows with a slug have in common: the slug may exist here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from reports.exports.archive import names
from reports.exports.archive.table import Scope, Table


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
            FROM {self.db_table} AS here
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
