"""Find the differences between two results of one report."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from reports.reporting.results.cells import cell_json
from reports.reporting.results.result import Result, Row, Table

ROWS_MAX = 1000
"""The most rows of a table that are listed; all are counted."""


def differences(before: Result, after: Result) -> dict[str, Any]:
    """Return the changed facts and tables as JSON.

    Of each table: the rows added, removed and changed, by their key. Tables of only one result are named.
    """
    old, new = ({table.name: table for table in each.tables} for each in (before, after))
    tables = {name: _table(old[name], new[name]) for name in new if name in old}
    return {
        "facts": list(_facts(before, after)),
        "tables": {name: change for name, change in tables.items() if change},
        "only_before": [name for name in old if name not in new],
        "only_after": [name for name in new if name not in old],
    }


def _facts(before: Result, after: Result) -> Iterator[dict[str, Any]]:
    old, new = (
        {fact.name: cell_json(fact.value) for fact in each.facts} for each in (before, after)
    )
    for name in {**old, **new}:
        if old.get(name) != new.get(name):
            yield {"name": name, "before": old.get(name), "after": new.get(name)}


def _table(old: Table, new: Table) -> dict[str, Any]:
    before, after = _by_key(old), _by_key(new)
    added = [key for key in after if key not in before]
    removed = [key for key in before if key not in after]
    changed = [
        (key, cells)
        for key in after
        if key in before and (cells := _cells(old, before[key], new, after[key]))
    ]
    counts = {"added": len(added), "removed": len(removed), "changed": len(changed)}
    if not any(counts.values()):
        return {}
    return {
        "counts": counts,
        "added": [_row_json(new, after[key]) for key in islice(added, ROWS_MAX)],
        "removed": [_row_json(old, before[key]) for key in islice(removed, ROWS_MAX)],
        "changed": [
            {"key": dict(zip(new.key, map(cell_json, key), strict=True)), "cells": cells}
            for key, cells in islice(changed, ROWS_MAX)
        ],
    }


def _by_key(table: Table) -> dict[Row, Row]:
    places = [table.position(name) for name in table.key]
    return {tuple(row[place] for place in places): row for row in table.rows}


def _cells(old: Table, before: Row, new: Table, after: Row) -> dict[str, list[Any]]:
    """Return the values before and after of each changed column that both tables have."""
    cells = dict(zip((column.name for column in old.columns), before, strict=True))
    return {
        column.name: [cell_json(cells[column.name]), cell_json(cell)]
        for column, cell in zip(new.columns, after, strict=True)
        if column.name in cells and cells[column.name] != cell
    }


def _row_json(table: Table, row: Row) -> dict[str, Any]:
    return {column.name: cell_json(cell) for column, cell in zip(table.columns, row, strict=True)}
