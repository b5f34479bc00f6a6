"""The JSON of a result while it is being made, however many rows it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from json import JSONEncoder
from typing import Any

from reports.results.cells import writer
from reports.results.result import Result, Table

_encode = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def json_lines(result: Result, **first: Any) -> Iterator[str]:
    """One object: what is given first, then all that `Result.as_json` holds, the tables last and each row
    on a line of its own. The lines hold their ends."""
    head = {**first, **replace(result, tables=()).as_json()}
    del head["tables"]
    yield _encode(head).removesuffix("}") + ',"tables":['
    for number, table in enumerate(result.tables):
        yield from _table(result, table, "," if number else "")
    yield "]}\n"


def _table(result: Result, table: Table, before: str) -> Iterator[str]:
    (head,) = replace(result, tables=(replace(table, rows=()),)).as_json()["tables"]
    del head["rows"]
    yield before + _encode(head).removesuffix("}") + ',"rows":['
    writers = [writer(column.type) for column in table.columns]
    end = "\n"
    for row in table.rows:
        cells = [
            None if cell is None else write(cell) for write, cell in zip(writers, row, strict=True)
        ]
        yield end + _encode(cells)
        end = ",\n"
    yield "\n]}"
