"""Whether two archives hold the same account. Rows are compared as sets, in little memory.

Each line adds its hash to a sum, which is the same in any order. Only tables whose sums differ are looked at
row by row: spread over files by the hash of their key, so that each file is small.

What the older of their schemas does not have may differ.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, Any

from reports.exports.archive.format import ArchiveError
from reports.exports.archive.reader import Archive
from reports.exports.archive.table import Table

_BUCKETS = 64
# Of each table, that many differences are told.
TOLD = 20
_SHOWN = 80
_WHOLE = 1 << 256

Row = dict[str, Any]


@dataclass(slots=True)
class Comparison:
    """Sentences: what differs, and what may differ between equal accounts."""

    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def compare(first: Archive, second: Archive) -> Comparison:
    """Raises ArchiveError when one of them cannot be read."""
    comparison = Comparison()
    for name in ("gridlink", "schema", "as_of", "raw_from"):
        a, b = getattr(first.manifest, name), getattr(second.manifest, name)
        if a != b:
            comparison.notes.append(f"{name}: {_shown(a)} and {_shown(b)}")
    older = min(first, second, key=lambda archive: archive.manifest.schema)
    for table in {table.name: table for table in (*first.tables, *second.tables)}.values():
        if table in older.tables:
            _compare(table, first, second, comparison)
        else:
            schema = older.manifest.schema
            comparison.notes.append(f"{table.name}: an archive of schema {schema} does not tell")
    return comparison


def _compare(table: Table, first: Archive, second: Archive, comparison: Comparison) -> None:
    if _sum(table, first) == _sum(table, second):
        return
    may_differ = _may_differ(table, min(first.manifest.schema, second.manifest.schema))
    differences, notes = 0, 0
    for column, sentence in _rows(table, (first, second)):
        is_note = column in may_differ
        if is_note:
            notes += 1
            _add(comparison.notes, notes, sentence)
        else:
            differences += 1
            _add(comparison.differences, differences, sentence)
    for found, count in ((comparison.differences, differences), (comparison.notes, notes)):
        if count > TOLD:
            found.append(f"{table.name}: {count - TOLD} more")


def _may_differ(table: Table, schema: int) -> set[str]:
    return {*table.derived, *(field.name for field in table.fields if field.since > schema)}


def _add(sentences: list[str], number: int, sentence: str) -> None:
    if number <= TOLD:
        sentences.append(sentence)


def _sum(table: Table, archive: Archive) -> tuple[int, int]:
    total, count = 0, 0
    for line in archive.lines(table):
        total += int.from_bytes(hashlib.sha256(line).digest(), "big")
        count += 1
    return total % _WHOLE, count


def _rows(table: Table, sides: Sequence[Archive]) -> Iterator[tuple[str, str]]:
    """What differs: the column, empty for a whole row, and the sentence."""
    with ExitStack() as stack:
        spread = [
            [stack.enter_context(tempfile.TemporaryFile()) for _ in range(_BUCKETS)] for _ in sides
        ]
        for archive, files in zip(sides, spread, strict=True):
            _spread(table, archive, files)
        for one, other in zip(*spread, strict=True):
            yield from _bucket(table, _read(table, one), _read(table, other))


def _spread(table: Table, archive: Archive, files: Sequence[IO[bytes]]) -> None:
    for line in archive.lines(table):
        key = json.dumps(_key(table, _row(table, line)), sort_keys=True).encode()
        files[hashlib.sha256(key).digest()[0] % _BUCKETS].write(line + b"\n")


def _read(table: Table, file: IO[bytes]) -> Mapping[str, list[Row]]:
    file.seek(0)
    rows: dict[str, list[Row]] = defaultdict(list)
    for line in file:
        row = _row(table, line)
        rows[json.dumps(_key(table, row), sort_keys=True)].append(row)
    return rows


def _row(table: Table, line: bytes) -> Row:
    try:
        row: Row = json.loads(line)
        _key(table, row)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ArchiveError(
            f"{table.file_name} has a line that cannot be read: {error!r}."
        ) from error
    return row


def _key(table: Table, row: Row) -> Row:
    """By what two rows are held against each other: the whole, where nothing less tells them apart. What an
    account is called tells nothing."""
    names = [name for name in table.key if name not in table.derived] if table.key else row
    return {name: row[name] for name in names}


def _bucket(
    table: Table, ones: Mapping[str, list[Row]], others: Mapping[str, list[Row]]
) -> Iterator[tuple[str, str]]:
    for key in sorted(ones.keys() | others.keys()):
        one, other = ones.get(key, []), others.get(key, [])
        name = f"{table.name} {_shown(json.loads(key))}" if table.key else table.name
        if len(one) != len(other):
            what = "" if table.key else f": {key}"
            yield "", f"{name}: {len(one)} in the first, {len(other)} in the second{what}"
        elif table.key:
            yield from _fields(name, one[0], other[0])


def _fields(name: str, one: Row, other: Row) -> Iterator[tuple[str, str]]:
    for column in sorted(one.keys() | other.keys()):
        a, b = one.get(column), other.get(column)
        if a != b or type(a) is not type(b):
            yield column, f"{name}, {column}: {_shown(a)} and {_shown(b)}"


def _shown(value: Any) -> str:
    """In few words."""
    if isinstance(value, dict):
        return " ".join(f"{name}={_shown(item)}" for name, item in value.items())
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
