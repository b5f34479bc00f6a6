"""What grids and links have in common: a slug and an alias of their own, and a place in the trash."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from gridlink.lib.slugs import ALIAS_PATTERN, alias_validator
from gridlink.lib.text import CONTROL
from grids.models import ALIAS_LENGTH
from reports.exports.archive import names
from reports.exports.archive.table import Field, Scope
from reports.exports.archive.tables.slugged import SluggedTable
from reports.exports.archive.values import BadValue, Flag, Integer, Maybe, Moment, Text

INTEGER_MAX = (1 << 31) - 1


def check_alias(alias: str) -> None:
    """Raises ValueError for what is none."""
    if not re.fullmatch(ALIAS_PATTERN, alias):
        raise ValueError(str(alias_validator.message))


def check_title(title: str) -> None:
    """Raises ValueError unless it is one line with something in it."""
    if not title.strip() or CONTROL.search(title):
        raise ValueError("it must be one line that is not empty")


def alias_field(table: str) -> Field:
    """The alias."""
    return Field("alias", f"{table}.alias", Maybe(Text(ALIAS_LENGTH, check_alias)))


def record_fields(table: str) -> tuple[Field, ...]:
    """The fields that every such row ends with."""
    return (
        Field("version", f"{table}.version", Integer(1, INTEGER_MAX)),
        Field("is_deleted", f"{table}.is_deleted", Flag()),
        Field("deleted_on", f"{table}.deleted_on", Maybe(Moment())),
        Field("created_on", f"{table}.created_on", Moment()),
        Field("modified_on", f"{table}.modified_on", Moment()),
    )


class PlacedTable(SluggedTable):
    """Rows with an alias too."""

    # The alias that it gets, if it is created.
    extra: ClassVar[tuple[str, ...]] = (*SluggedTable.extra, "given text")
    label = "title"

    def check(self, row: Mapping[str, Any]) -> None:
        """A row in the trash says since when, and no other does."""
        if row["is_deleted"] is (row["deleted_on"] is None):
            raise BadValue("has deleted_on without is_deleted, or the other way round")

    def decide(self, cursor: Any, scope: Scope) -> None:
        """By what is here under its slug."""
        self.rename(cursor, scope)
        cursor.execute(f"UPDATE {self.staging} SET given = alias")
        self.find(cursor, scope)
        self._free_aliases(cursor)
        names.collect(cursor, scope, self.kind, self.staging)

    def _free_aliases(self, cursor: Any) -> None:
        cursor.execute(
            f"""
            UPDATE {self.staging} AS row SET given = NULL,
                remark = concat_ws('; ', nullif(remark, ''),
                    'its alias ' || row.alias || ' is taken here: it has none')
            FROM {self.model_table} AS here
            WHERE row.fate = 'create' AND NOT row.is_deleted
                AND here.alias = row.alias AND NOT here.is_deleted"""
        )


def doubled_alias(staging: str) -> tuple[str, str]:
    """A fault: two live rows of one alias."""
    return (
        f"SELECT max(line) AS line FROM {staging} WHERE NOT is_deleted AND alias IS NOT NULL"
        " GROUP BY alias HAVING count(*) > 1",
        "has the alias of another one",
    )
