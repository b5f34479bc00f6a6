"""JSON, for programs: the result as it is stored, and what the file says of itself."""

from __future__ import annotations

from typing import IO

from reports.reporting.renderers.base import About, Renderer
from reports.reporting.renderers.text_output import write_lines
from reports.reporting.results.json_stream import json_lines
from reports.reporting.results.result import Result


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
        lines = json_lines(result, made_on=about.made_on.isoformat(), run=about.run)
        write_lines(out, lines, self.watch)
