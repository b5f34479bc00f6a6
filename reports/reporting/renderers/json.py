"""Render reports as JSON, for programs."""

from __future__ import annotations

from typing import IO

from reports.reporting.renderers.base import RenderContext, Renderer, write_lines
from reports.reporting.results.json_stream import json_lines
from reports.reporting.results.result import Result


class JsonRenderer(Renderer):
    """Render one object: `made_on` (ISO 8601), `run`, then the result, its tables last.

    A table's `rows` are arrays of cells in the order of its `columns`, each row on a line of its own. A cell
    is null, or by the column's `type`: text and address a string; integer, number and rate a number (0.25
    is 25 %); flag true or false; day and moment a string of ISO 8601.
    """

    name = "json"
    content_type = "application/json"

    def write(self, result: Result, context: RenderContext, out: IO[bytes]) -> None:
        """Write UTF-8, with only some lines in memory."""
        lines = json_lines(result, made_on=context.made_on.isoformat(), run=context.run)
        write_lines(out, lines, self.check_cancelled)
