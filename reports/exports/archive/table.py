"""Define a table of an archive: its fields, how to read and restore rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, ClassVar

from django.db import models

from reports.exports.archive.fields import MISSING, Field
from reports.exports.archive.values import BadValue


@dataclass(frozen=True, slots=True)
class Scope:
    """Identify an account here and the tables of the archive.

    `raw_from` is the first UTC day from which the archive has all raw clicks and views; None for all days.
    """

    user_id: int
    slug: str
    tables: Sequence[Table]
    raw_from: date | None = None

    @property
    def params(self) -> dict[str, Any]:
        """Return the parameters of the tables' queries."""
        start = datetime.combine(self.raw_from or date.min, time.min, UTC)
        return {"user": self.user_id, "slug": self.slug, "raw_from": start}


class Table:
    """Define one file of an archive; subclasses are listed in `registry`.

    SQL takes the parameters of Scope. The table `staging` holds the rows of a file: the fields, the line, an
    `outcome`, which is "create" unless `decide` changes it, and a `remark` if `is_reported`.
    """

    name: ClassVar[str]
    since: ClassVar[int] = 1
    model: ClassVar[type[models.Model]]
    fields: ClassVar[tuple[Field, ...]]
    left_out: ClassVar[frozenset[str]] = frozenset({"id", "user_id"})
    """The columns of the model that no archive has."""
    source: ClassVar[str]
    """FROM and WHERE of the user's rows."""
    order: ClassVar[str]
    key: ClassVar[tuple[str, ...]] = ()
    """The fields that identify a row. Without any, equal rows may repeat."""
    derived: ClassVar[frozenset[str]] = frozenset()
    """Fields that depend on the instance, so that equal accounts may differ in them."""
    staged: ClassVar[tuple[str, ...]] = ()
    """Definitions of further columns of the staging table."""
    joins: ClassVar[str] = ""
    """Joins of staged rows, `row`, with other tables than those of the names that they refer to."""
    inserted_as: ClassVar[Mapping[str, str]] = {"user_id": "%(user)s"}
    """SQL of what is inserted into a column, where that is not the staged value."""
    is_reported: ClassVar[bool] = False
    """Whether the outcome of each row goes into the file of verdicts."""
    label: ClassVar[str] = "''"
    """The SQL of a row's title there."""

    @property
    def file_name(self) -> str:
        """Return the name of the file in the archive."""
        return f"{self.name}.jsonl"

    @property
    def staging(self) -> str:
        """Return the name of the temporary table of its rows."""
        return f"archive_{self.name}"

    @property
    def db_table(self) -> str:
        """Return the name of the model's table."""
        return self.model._meta.db_table

    def select(self) -> str:
        """Return the SELECT of the user's rows."""
        columns = ", ".join(f'{field.sql} AS "{field.name}"' for field in self.fields)
        return f"SELECT {columns} {self.source} ORDER BY {self.order}"

    def staged_values(self) -> dict[str, str]:
        """Return the SQL of staged values by their columns: keys for names, with `staged_rows`."""
        return {
            field.column: f"{field.name}.key" if field.value.ref else f"row.{field.name}"
            for field in self.fields
        }

    def staged_rows(self) -> str:
        """Return the FROM of staged rows, each with the names that it refers to."""
        names = " ".join(
            f"JOIN archive_{field.value.ref} AS {field.name} ON {field.name}.name = row.{field.name}"
            for field in self.fields
            if field.value.ref
        )
        return f"FROM {self.staging} AS row {names} {self.joins}"

    def conflicts(self) -> list[tuple[str, str]]:
        """Return pairs: SQL of the lines of rows that contradict others, and the error."""
        if not self.key:
            return []
        key = ", ".join(self.key)
        rows = f"SELECT max(line) AS line FROM {self.staging} GROUP BY {key} HAVING count(*) > 1"
        return [(rows, f"has the {key} of another one")]

    def cells(self, row: Mapping[str, Any], schema: int) -> str:
        """Return a row of that schema as a line for COPY; raise BadValue."""
        cells = []
        known = [field for field in self.fields if field.since <= schema]
        if len(row) > len(known):
            unknown = row.keys() - {field.name for field in known}
            raise BadValue(f"has the unknown field {sorted(unknown)[0]!r}")
        for field in self.fields:
            value = row.get(field.name, field.default if field.since > schema else MISSING)
            if value is MISSING:
                raise BadValue(f"has no {field.name!r}")
            try:
                cells.append(field.value.cell(value))
            except BadValue as error:
                raise BadValue(f"{field.name} {error}") from error
        self.check(row)
        return ",".join(cells)

    def pages(
        self, cursor: Any, columns: str, condition: str, size: int
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Yield staged rows in the order of the archive: the line, then the columns."""
        last = 0
        while True:
            cursor.execute(
                f"SELECT line, {columns} FROM {self.staging} WHERE {condition} AND line > %s"
                f" ORDER BY line LIMIT {size}",
                [last],
            )
            rows = cursor.fetchall()
            if not rows:
                return
            last = rows[-1][0]
            yield rows

    def check(self, row: Mapping[str, Any]) -> None:
        """Raise BadValue for fields that contradict each other."""

    def decide(self, cursor: Any, scope: Scope) -> None:
        """Set the outcome of each staged row; write to temporary tables only."""

    def insert(self, cursor: Any, scope: Scope) -> None:
        """Insert the rows to create in their order, after all tables have decided."""
        values = {**self.staged_values(), **self.inserted_as}
        cursor.execute(
            f"""
            INSERT INTO {self.db_table} ({", ".join(values)})
            SELECT {", ".join(values.values())} {self.staged_rows()}
            WHERE row.outcome = 'create' ORDER BY row.line""",
            scope.params,
        )
