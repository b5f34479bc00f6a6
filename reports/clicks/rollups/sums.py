"""Tables of sums that are added to, by one statement each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models

from reports.clicks.parsing.outcomes import COUNTED, Outcome
from reports.clicks.storage.copy_format import (
    BIGINT,
    INTEGER,
    SMALLINT,
    Fields,
    copy,
    pieces,
    start,
    temporary,
)

# How COPY writes the columns, and their types; a text is a field already.
_CODES = {
    "BigIntegerField": (BIGINT, "bigint"),
    "DateTimeField": (BIGINT, "timestamptz"),
    "DateField": (INTEGER, "date"),
    "PositiveSmallIntegerField": (SMALLINT, "smallint"),
    "CharField": ("", "text"),
}


def added_to(model: type[models.Model]) -> str:
    """The temporary table of what a transaction has added to a table."""
    return f"new_{model._meta.db_table}"


class Total:
    """A model's table that sums further what another one sums: `added` selects, from `added_to` of that,
    what is to be added."""

    def __init__(self, model: type[models.Model], *, counts: Sequence[str], added: str) -> None:
        self._merge = _merge(model, [*_key(model), *counts], counts, f"({added}) AS added")

    def add(self, cursor: Any) -> None:
        """Add to the rows there are, and make those there are not."""
        cursor.execute(self._merge)


class Table:
    """A model's table, which is keyed by its composite primary key; a text may be the last of the key.
    `owner` are columns that tell whose row it is, `counts` what is summed; what is added is added to the
    `totals` too."""

    def __init__(
        self,
        model: type[models.Model],
        *,
        owner: Sequence[str],
        counts: Sequence[str],
        totals: Sequence[Total] = (),
    ) -> None:
        self._model, self._totals = model, totals
        self._key = _key(model)
        self._owner, self._counts = tuple(owner), tuple(counts)
        codes = {f.name: _CODES[f.get_internal_type()] for f in model._meta.pk_fields}
        self._numbers = [name for name in self._key if codes[name][0]]
        texts = [name for name in self._key if not codes[name][0]]
        bigints = [*self._owner, *self._counts]
        self._columns = [*self._numbers, *bigints, *texts]
        self._types = {name: codes.get(name, ("", "bigint"))[1] for name in self._columns}
        self._fields = Fields("".join(codes[n][0] for n in self._numbers) + BIGINT * len(bigints))

    def positions(self, columns: dict[str, str]) -> list[tuple[int, ...]]:
        """By outcome, which numbers of a row grow; `columns` says where the names of COUNTED are summed."""
        return [
            tuple(
                len(self._owner) + self._counts.index(columns[name])
                for name in COUNTED[outcome]
                if name in columns
            )
            for outcome in Outcome
        ]

    def sums(self) -> Sums:
        """Nothing yet."""
        return Sums(len(self._counts))

    def rows(self, sums: Sums) -> list[bytes]:
        """The sums in the form that COPY reads."""
        begin, pack, numbers = start(len(self._columns)), self._fields.pack, len(self._numbers)
        rows = [
            b"".join((begin, pack((*key[:numbers], *row)), *key[numbers:]))
            for key, row in sums.items()
        ]
        return pieces(rows)

    def add(self, cursor: Any, rows: Sequence[bytes]) -> None:
        """Add to the rows there are, and make those there are not."""
        if not rows:
            return
        new = added_to(self._model)
        temporary(cursor, new, self._types)
        copy(cursor, new, self._columns, rows)
        cursor.execute(_merge(self._model, self._columns, self._counts, new))
        for total in self._totals:
            total.add(cursor)


def _key(model: type[models.Model]) -> list[str]:
    return [column.name for column in model._meta.pk_fields]


def _merge(
    model: type[models.Model],
    columns: Sequence[str],
    counts: Sequence[str],
    source: str,
) -> str:
    names, key = ", ".join(columns), ", ".join(_key(model))
    added = ", ".join(f"{name} = old.{name} + excluded.{name}" for name in counts)
    # All who write take the rows in the same order, so that none waits for another in a circle.
    return (
        f"INSERT INTO {model._meta.db_table} AS old ({names})"
        f" SELECT {names} FROM {source} ORDER BY {key}"
        f" ON CONFLICT ({key}) DO UPDATE SET {added}"
    )


class Sums(dict[tuple[Any, ...], list[int]]):
    """By the key of a row, in the values of COPY: whose it is, followed by what is to be added."""

    def __init__(self, counts: int) -> None:
        super().__init__()
        self._nothing = [0] * counts

    def count(
        self, key: tuple[Any, ...], owner: Sequence[int], positions: Sequence[int], count: int
    ) -> None:
        """So many more at these positions. Of several owners the row keeps the first."""
        row = self.get(key)
        if row is None:
            row = self[key] = [*owner, *self._nothing]
        for position in positions:
            row[position] += count
