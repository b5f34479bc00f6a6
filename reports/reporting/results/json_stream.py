"""The JSON of a result while it is being made, however many rows it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import orjson

from reports.reporting.results.result import Result, Table


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
    end = "\n"
    for row in table.rows:
        yield end + _encode(row)
        end = ",\n"
    yield "\n]}"


def _encode(value: Any) -> str:
    return orjson.dumps(value, _iso, orjson.OPT_PASSTHROUGH_DATETIME).decode()


def _iso(value: date) -> str:
    # Its own way leaves out the seconds of an offset, which there were until about 1970.
    return value.isoformat()
