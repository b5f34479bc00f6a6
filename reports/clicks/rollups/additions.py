"""Add the visits of a batch to the roll-ups, with one statement for each.

Per row of a roll-up, Python counts visits by outcome only. PostgreSQL makes the columns of it, adds the rows
to those there are, and sums them further by day and by user.
"""

from __future__ import annotations

from collections import defaultdict
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


# Visits by outcome for each row of a roll-up, which is named by its key, in values of COPY, and its owner; a
# text of the key comes last.
OutcomeCounts = defaultdict[tuple[Any, ...], list[int]]


class Additions:
    """Add outcome counts to a roll-up, and to others that are derived from it."""

    def __init__(self, table: RollupTable) -> None:
        types = {field.name: _TYPES[field.get_internal_type()] for field in table.key_fields}
        texts = [name for name, (code, _) in types.items() if not code]
        numbers = [*(name for name in table.key if name not in texts), *table.owner]
        outcomes = [each.name.lower() for each in Outcome if {*SUMS[each]} & {*table.counts}]
        if "views" in table.counts:
            outcomes += [f"view_{name}" for name in outcomes]
        columns = {
            name: types.get(name, (BIGINT, "bigint")) for name in (*numbers, *outcomes, *texts)
        }
        self._columns = {name: sql_type for name, (_, sql_type) in columns.items()}
        self._fields = Fields("".join(code for code, _ in columns.values()))
        self._numbers, self._zeros = len(numbers), [0] * len(outcomes)
        self._temporary = f"new_{table.name}"
        selected = ", ".join([*table.key, *table.owner, *map(_count, table.counts)])
        self.rows = f"(SELECT {selected} FROM {self._temporary}) AS added"
        self._upserts = [table.upsert(self.rows, add=True)]

    def derive(self, table: RollupTable, rows: str) -> None:
        """Add to another roll-up too: `rows` is SQL that makes its rows of these."""
        self._upserts.append(table.upsert(f"({rows}) AS derived", add=True))

    def counts(self) -> OutcomeCounts:
        """Return empty counts for this roll-up, whose rows start at zero."""
        return defaultdict(self._zeros.copy)

    def encode(self, counts: OutcomeCounts) -> list[bytes]:
        """Return the counts as rows that COPY reads."""
        start, numbers = row_start(len(self._columns)), self._numbers
        join, pack = b"".join, self._fields.pack
        return copy_chunks(
            [
                join((start, pack((*key[:numbers], *row)), *key[numbers:]))
                for key, row in counts.items()
            ]
        )

    def store(self, cursor: Any, chunks: Sequence[bytes]) -> None:
        """Add encoded rows to the roll-up and those derived from it, within a transaction."""
        if chunks:
            ensure_temp_table(cursor, self._temporary, self._columns)
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
