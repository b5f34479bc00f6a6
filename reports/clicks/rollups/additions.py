"""Add the visits of a batch to the roll-ups, with one statement for each.

Per row of a roll-up, Python counts visits by outcome only. PostgreSQL makes the columns of it, adds the rows
to those there are, and sums them further by day and by user.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reports.clicks.parsing.outcomes import SUMS, Outcome
from reports.clicks.rollups import tables
from reports.clicks.rollups.tables import RollupTable
from reports.clicks.storage.copy_format import (
    BIGINT,
    INTEGER,
    SMALLINT,
    Fields,
    copy,
    copy_chunks,
    ensure_temp_table,
    row_start,
)

# How COPY writes the columns of a key, and their types; a text is a field already, and comes last.
_TYPES = {
    "BigIntegerField": (BIGINT, "bigint"),
    "DateTimeField": (BIGINT, "timestamptz"),
    "DateField": (INTEGER, "date"),
    "PositiveSmallIntegerField": (SMALLINT, "smallint"),
    "CharField": ("", "text"),
}
# A roll-up of clicks and views has the outcomes twice: first those of clicks.
VIEW = len(Outcome)


def _count(name: str) -> str:
    """Return SQL for a count of a roll-up, as the sum of outcomes."""
    prefix = "view_" if name.startswith("views") else ""
    summed = "humans" if name == "views" else name.removeprefix("views_")
    outcomes = [f"{prefix}{each.name.lower()}" for each in Outcome if summed in SUMS[each]]
    return f"{' + '.join(outcomes)} AS {name}"


class OutcomeCounts(dict[tuple[Any, ...], list[int]]):
    """Count visits by outcome, for each row of a roll-up.

    A row is named by its key, in values of COPY, and its owner; a text of the key comes last.
    """

    def __init__(self, columns: int) -> None:
        super().__init__()
        self._zeros = [0] * columns

    def __missing__(self, key: tuple[Any, ...]) -> list[int]:
        row = self[key] = self._zeros.copy()
        return row


class Additions:
    """Add outcome counts to a roll-up, and to others that are derived from it."""

    def __init__(self, table: RollupTable) -> None:
        types = {field.name: _TYPES[field.get_internal_type()] for field in table.key_fields}
        numbers = [*(name for name in table.key if types[name][0]), *table.owner]
        outcomes = [each.name.lower() for each in Outcome if {*SUMS[each]} & {*table.counts}]
        if "views" in table.counts:
            outcomes += [f"view_{name}" for name in outcomes]
        self._columns = [
            *numbers,
            *outcomes,
            *(name for name in table.key if not types[name][0]),
        ]
        self._types = {name: types.get(name, ("", "bigint"))[1] for name in self._columns}
        codes = [types.get(name, (BIGINT, ""))[0] for name in self._columns]
        self._fields, self._numbers, self._outcomes = (
            Fields("".join(codes)),
            len(numbers),
            len(outcomes),
        )
        self._temporary = f"new_{table.name}"
        columns = ", ".join([*table.key, *table.owner, *map(_count, table.counts)])
        self.rows = f"(SELECT {columns} FROM {self._temporary}) AS added"
        self._upserts = [table.upsert(self.rows, add=True)]

    def derive(self, table: RollupTable, rows: str) -> None:
        """Add to another roll-up too: `rows` is SQL that makes its rows of these."""
        self._upserts.append(table.upsert(f"({rows}) AS derived", add=True))

    def counts(self) -> OutcomeCounts:
        """Return empty counts for this roll-up."""
        return OutcomeCounts(self._outcomes)

    def encode(self, counts: OutcomeCounts) -> list[bytes]:
        """Return the counts as rows that COPY reads."""
        join, start, pack, numbers = (
            b"".join,
            row_start(len(self._columns)),
            self._fields.pack,
            self._numbers,
        )
        return copy_chunks(
            [
                join((start, pack((*key[:numbers], *row)), *key[numbers:]))
                for key, row in counts.items()
            ]
        )

    def store(self, cursor: Any, chunks: Sequence[bytes]) -> None:
        """Add encoded rows to the roll-up and those derived from it, within a transaction."""
        if chunks:
            ensure_temp_table(cursor, self._temporary, self._types)
            copy(cursor, self._temporary, self._columns, chunks)
            for upsert in self._upserts:
                cursor.execute(upsert)


# By link, hour, grid and owner.
LINK_HOURS = Additions(tables.LINK_HOUR)
LINK_HOURS.derive(tables.LINK_DAY, tables.link_days(LINK_HOURS.rows))
# By grid, hour and owner.
GRID_HOURS = Additions(tables.GRID_HOUR)
GRID_HOURS.derive(tables.USER_HOUR, tables.user_hours(GRID_HOURS.rows))
# By grid, dimension, day and value; stored after the hours, which say whose the grids are.
GRID_VALUES = Additions(tables.GRID_DAY_VALUE)
GRID_VALUES.derive(tables.USER_DAY_VALUE, tables.user_values(GRID_VALUES.rows, GRID_HOURS.rows))
