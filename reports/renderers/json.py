"""JSON, for programs: the result as it is stored, and what the file says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from json import JSONEncoder
from typing import IO

from reports.renderers.base import About, Renderer
from reports.renderers.lines import write_lines
from reports.results.cells import writer
from reports.results.result import Result, Table

_encode = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class JsonRenderer(Renderer):
    """One object: `made_on` (ISO 8601 with its offset) and `run`, then all that `Result.as_json` holds, the
    tables last.

    A table's `rows` are arrays of cells in the order of its `columns`, each row on a line of its own. A cell
    is null, or by the column's `type`: text and address a string; integer, number and rate a number (0.25
    is 25 %); flag true or false; day and moment a string of ISO 8601.
    """

    name = "json"
    content_type = "application/json"

    def extension(self, result: Result) -> str:
        """Always the same."""
        return "json"

    def write(self, result: Result, about: About, out: IO[bytes]) -> None:
        """In UTF-8. Holds some lines in memory."""
        write_lines(out, _lines(result, about))


def _lines(result: Result, about: About) -> Iterator[str]:
    head = replace(result, tables=()).as_json()
    del head["tables"]
    head = {"made_on": about.made_on.isoformat(), "run": about.run, **head}
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
