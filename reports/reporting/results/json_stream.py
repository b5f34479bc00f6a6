"""Serialize a result as JSON line by line, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import orjson

from reports.reporting.results.cells import cell_json
from reports.reporting.results.result import Result, Table


def json_lines(result: Result, **first: Any) -> Iterator[str]:
    """Yield one JSON object: the arguments, then the result, each row on a line.

    Tables come last. The lines include their line ends; `Result.from_json` reads the object.
    """
    head = {
        **first,
        "kind": result.kind,
        "title": result.title,
        "subtitle": result.subtitle,
        "zone": result.zone,
        "facts": [fact._asdict() for fact in result.facts],
        "charts": [asdict(chart) for chart in result.charts],
        "remarks": result.remarks,
    }
    yield _encode(head).removesuffix("}") + ',"tables":['
    for number, table in enumerate(result.tables):
        yield from _table(table, "," if number else "")
    yield "]}\n"


def _table(table: Table, separator: str) -> Iterator[str]:
    head = {
        "name": table.name,
        "title": table.title,
        "columns": [column._asdict() for column in table.columns],
        "key": table.key,
        "note": table.note,
    }
    yield separator + _encode(head).removesuffix("}") + ',"rows":['
    end = "\n"
    for row in table.rows:
        yield end + _encode(row)
        end = ",\n"
    yield "\n]}"


def _encode(value: Any) -> str:
    # orjson's own format of datetimes omits the seconds of an offset, as there were before 1970.
    return orjson.dumps(value, cell_json, orjson.OPT_PASSTHROUGH_DATETIME).decode()
