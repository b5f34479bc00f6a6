"""What all rows with a slug have in common: it may be here already, the account's own or somebody else's."""

from __future__ import annotations

from typing import Any, ClassVar

from reports.exports.archive import names
from reports.exports.archive.table import Scope, Table


class SluggedTable(Table):
    """Rows with a slug. One that is here already stays as it is."""

    kind: ClassVar[str]
    model_table: ClassVar[str]
    same: ClassVar[str]
    """SQL: whether the staged `row` is what is `here`, a row of the model's table."""
    key = ("slug",)
    # The slug that it gets, if it is created.
    extra: ClassVar[tuple[str, ...]] = ("target text",)
    is_told = True

    def rename(self, cursor: Any, scope: Scope) -> None:
        """Begin to decide: a row is to be created, under its slug unless that is somebody else's here."""
        cursor.execute(f"UPDATE {self.staging} SET target = slug, fate = 'create', remark = ''")
        cursor.execute(
            f"""
            UPDATE {self.staging} AS row SET target = {names.substitute(self.kind, "row.slug")},
                remark = 'its slug is somebody else''s here: it has a new one'
            FROM {self.model_table} AS here
            WHERE here.slug = row.slug AND here.user_id <> %(user)s""",
            scope.params,
        )

    def find(self, cursor: Any, scope: Scope) -> None:
        """Leave what is here already as it is."""
        cursor.execute(
            f"""
            UPDATE {self.staging} AS row SET
                fate = CASE WHEN same THEN 'unchanged' ELSE 'kept' END,
                remark = CASE WHEN same THEN '' ELSE 'it is here, and differs: it stays as it is' END
            FROM (SELECT row.line, {self.same} AS same FROM {self.staging} AS row
                JOIN {self.model_table} AS here ON here.slug = row.target
                WHERE here.user_id = %(user)s) AS found
            WHERE found.line = row.line""",
            scope.params,
        )
