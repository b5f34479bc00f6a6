"""Compare two archives as sets of rows, in little memory.

Each line adds its hash to a sum, which does not depend on the order. Only tables with different sums are
compared row by row, in a temporary SQLite database. What the older schema lacks may differ.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from reports.exports.archive.format import ArchiveError
from reports.exports.archive.reader import Archive
from reports.exports.archive.table import Table

REPORTED_MAX = 20
"""The most differences of a table that are listed."""
_TEXT_LENGTH = 80
_HASHES = 1 << 256
_ROWS = """
SELECT key, count(*) FILTER (WHERE NOT side), count(*) FILTER (WHERE side),
    min(line) FILTER (WHERE NOT side), min(line) FILTER (WHERE side)
FROM row GROUP BY key ORDER BY key"""

Row = dict[str, Any]


@dataclass(slots=True)
class Comparison:
    """Hold sentences on what differs, and on what may differ between equal accounts."""

    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def compare(first: Archive, second: Archive) -> Comparison:
    """Compare two archives; raise ArchiveError if one cannot be read."""
    comparison = Comparison()
    for name in ("gridlink", "schema", "as_of", "raw_from"):
        a, b = getattr(first.manifest, name), getattr(second.manifest, name)
        if a != b:
            comparison.notes.append(f"{name}: {_shortened(a)} and {_shortened(b)}")
    older = min(first, second, key=lambda archive: archive.manifest.schema)
    for table in {table.name: table for table in (*first.tables, *second.tables)}.values():
        if table in older.tables:
            _compare(table, first, second, comparison)
        else:
            schema = older.manifest.schema
            comparison.notes.append(f"{table.name}: archives of schema {schema} do not have it")
    return comparison


def _compare(table: Table, first: Archive, second: Archive, comparison: Comparison) -> None:
    if _sum(table, first) == _sum(table, second):
        return
    schema = min(first.manifest.schema, second.manifest.schema)
    may_differ = {*table.derived, *(field.name for field in table.fields if field.since > schema)}
    found: Counter[bool] = Counter()
    lists = {False: comparison.differences, True: comparison.notes}
    for column, sentence in _differences(table, (first, second)):
        is_note = column in may_differ
        found[is_note] += 1
        if found[is_note] <= REPORTED_MAX:
            lists[is_note].append(sentence)
    for is_note, count in found.items():
        if count > REPORTED_MAX:
            lists[is_note].append(f"{table.name}: {count - REPORTED_MAX} more")


def _sum(table: Table, archive: Archive) -> tuple[int, int]:
    total, count = 0, 0
    for line in archive.lines(table):
        total += int.from_bytes(hashlib.sha256(line).digest(), "big")
        count += 1
    return total % _HASHES, count


def _differences(table: Table, archives: Sequence[Archive]) -> Iterator[tuple[str, str]]:
    """Yield the column that differs, empty for a whole row, and a sentence."""
    # An empty name means a temporary database on disk.
    with closing(sqlite3.connect("")) as database:
        database.execute("CREATE TABLE row (key TEXT, side INTEGER, line BLOB)")
        for side, archive in enumerate(archives):
            rows = ((_key(table, line), side, line) for line in archive.lines(table))
            database.executemany("INSERT INTO row VALUES (?, ?, ?)", rows)
        for key, in_first, in_second, one, other in database.execute(_ROWS):
            name = f"{table.name} {_shortened(json.loads(key))}" if table.key else table.name
            if in_first != in_second:
                row = "" if table.key else f": {key}"
                yield "", f"{name}: {in_first} in the first, {in_second} in the second{row}"
            elif table.key:
                yield from _field_differences(name, json.loads(one), json.loads(other))


def _key(table: Table, line: bytes) -> str:
    """Return what identifies a row as JSON: its key, or else all of it.

    What an account is called does not identify it.
    """
    try:
        row: Row = json.loads(line)
        names = [name for name in table.key if name not in table.derived] if table.key else row
        return json.dumps({name: row[name] for name in names}, sort_keys=True)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ArchiveError(
            f"{table.file_name} has a line that cannot be read: {error!r}."
        ) from error


def _field_differences(name: str, one: Row, other: Row) -> Iterator[tuple[str, str]]:
    for column in sorted(one.keys() | other.keys()):
        a, b = one.get(column), other.get(column)
        if a != b or type(a) is not type(b):
            yield column, f"{name}, {column}: {_shortened(a)} and {_shortened(b)}"


def _shortened(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={_shortened(item)}" for name, item in value.items())
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _TEXT_LENGTH else f"{text[:_TEXT_LENGTH]}…"
