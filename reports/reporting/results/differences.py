"""What differs between two results of one question."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from reports.reporting.results.cells import Cell, CellType, writer
from reports.reporting.results.result import Column, Result, Row, Table

ROWS_MAX = 1000
"""How many rows of a table are named one by one; all are counted."""


def differences(before: Result, after: Result) -> dict[str, Any]:
    """As JSON: the facts that changed, and of each table that did the rows added, removed and changed, each
    with its key. Tables of one result alone are named."""
    old, new = ({table.name: table for table in each.tables} for each in (before, after))
    shared = [name for name in new if name in old]
    tables = {name: _table(old[name], new[name]) for name in shared}
    return {
        "facts": list(_facts(before, after)),
        "tables": {name: change for name, change in tables.items() if change},
        "only_before": [name for name in old if name not in new],
        "only_after": [name for name in new if name not in old],
    }


def _facts(before: Result, after: Result) -> Iterator[dict[str, Any]]:
    old = {fact.name: fact for fact in before.facts}
    new = {fact.name: fact for fact in after.facts}
    for name in dict.fromkeys([*old, *new]):
        one, other = old.get(name), new.get(name)
        pair = [_json(fact.type, fact.value) if fact else None for fact in (one, other)]
        if pair[0] != pair[1]:
            yield {"name": name, "before": pair[0], "after": pair[1]}


def _table(old: Table, new: Table) -> dict[str, Any]:
    rows, others = _by_key(old), _by_key(new)
    added = [key for key in others if key not in rows]
    removed = [key for key in rows if key not in others]
    changed = [
        (key, cells)
        for key in others
        if key in rows and (cells := _cells(old, rows[key], new, others[key]))
    ]
    counts = {"added": len(added), "removed": len(removed), "changed": len(changed)}
    if not any(counts.values()):
        return {}
    return {
        "counts": counts,
        "added": [_named(new, others[key]) for key in islice(added, ROWS_MAX)],
        "removed": [_named(old, rows[key]) for key in islice(removed, ROWS_MAX)],
        "changed": [
            {"key": _named(new, key, new.key), "cells": cells}
            for key, cells in islice(changed, ROWS_MAX)
        ],
    }


def _by_key(table: Table) -> dict[Row, Row]:
    places = [table.position(name) for name in table.key]
    return {tuple(row[place] for place in places): row for row in table.rows}


def _cells(old: Table, one: Row, new: Table, other: Row) -> dict[str, list[Any]]:
    """Before and after of each column that both tables have."""
    places = {column.name: place for place, column in enumerate(old.columns)}
    pairs = (
        (column, one[places[column.name]], other[place])
        for place, column in enumerate(new.columns)
        if column.name in places
    )
    return {
        column.name: [_json(column.type, before), _json(column.type, after)]
        for column, before, after in pairs
        if before != after
    }


def _named(table: Table, row: Row, names: tuple[str, ...] = ()) -> dict[str, Any]:
    columns: list[Column] = [
        column for column in table.columns if not names or column.name in names
    ]
    if names:
        columns = [table.columns[table.position(name)] for name in names]
    return {
        column.name: _json(column.type, cell) for column, cell in zip(columns, row, strict=True)
    }


def _json(kind: CellType, cell: Cell) -> Any:
    return None if cell is None else writer(kind)(cell)
