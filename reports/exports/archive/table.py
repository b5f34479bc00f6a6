"""What a table of an archive is: a file of rows, how they are read from the database, and how put back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from reports.exports.archive.values import BadValue, Value

MISSING = object()


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a row: its name, the SQL it is read by, what it may hold. One that came with a later schema
    than the first says which, and what it is in older archives."""

    name: str
    sql: str
    value: Value
    since: int = 1
    default: Any = MISSING


@dataclass(frozen=True, slots=True)
class Scope:
    """An account here, by key and slug; `raw_from` is the first UTC day that the archive has all raw clicks
    and views of, None when it has no such limit."""

    user_id: int
    slug: str
    tables: Sequence[Table]
    raw_from: date | None = None

    @property
    def params(self) -> dict[str, Any]:
        """What the queries of tables are asked with."""
        day = self.raw_from or date.min
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return {"user": self.user_id, "slug": self.slug, "raw_from": start}


class Table:
    """One file of an archive. Adding one is a subclass in a file of its own, and its name in `registry`.

    SQL takes the parameters of Scope. Staged rows are in `staging`: the fields, the line, and a `fate`,
    which is "create" unless `decide` finds otherwise, with a `remark`.
    """

    name: ClassVar[str]
    since: ClassVar[int] = 1
    fields: ClassVar[tuple[Field, ...]]
    source: ClassVar[str]
    """FROM and WHERE of the user's rows."""
    order: ClassVar[str]
    key: ClassVar[tuple[str, ...]] = ()
    """The fields that a row is told by. Without any, rows may be there several times."""
    derived: ClassVar[frozenset[str]] = frozenset()
    """Fields that each instance has a say in: two accounts may differ there and be equal."""
    extra: ClassVar[tuple[str, ...]] = ()
    """Further columns of the staged rows."""
    faults: ClassVar[tuple[tuple[str, str], ...]] = ()
    """What rows must not be together: SQL that selects the line of one, and what is wrong with it."""
    is_told: ClassVar[bool] = False
    """Whether the fate of each row goes into the file of verdicts."""
    label: ClassVar[str] = "''"
    """The SQL of what such a row is called there."""

    @property
    def file_name(self) -> str:
        """In the archive."""
        return f"{self.name}.jsonl"

    @property
    def staging(self) -> str:
        """The temporary table of its rows."""
        return f"archive_{self.name}"

    def select(self) -> str:
        """Selects the rows, each as one JSON object."""
        columns = ", ".join(f'{field.sql} AS "{field.name}"' for field in self.fields)
        rows = f"SELECT {columns} {self.source} ORDER BY {self.order}"
        return f"SELECT row_to_json(entire)::text FROM ({rows}) AS entire"

    def cells(self, row: Mapping[str, Any], schema: int) -> str:
        """The row, as an archive of that schema has it, for COPY. Raises BadValue."""
        cells = []
        known = [field for field in self.fields if field.since <= schema]
        if len(row) > len(known):
            strays = row.keys() - {field.name for field in known}
            raise BadValue(f"has the unknown field {sorted(strays)[0]!r}")
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

    def check(self, row: Mapping[str, Any]) -> None:
        """Raises BadValue for fields that do not go together."""

    def decide(self, cursor: Any, scope: Scope) -> None:
        """Say of each staged row what is to become of it. Writes to temporary tables only."""

    def put(self, cursor: Any, scope: Scope) -> None:
        """Put the rows that are to be created into the database, after all tables have decided."""
