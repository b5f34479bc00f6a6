"""Run the job that makes an export."""

from __future__ import annotations

import json
from typing import Any

from reports.exports.export import Export, manifest
from reports.exports.registry import SOURCES
from tasks.jobs.context import JobContext
from tasks.jobs.lifecycle import Outcome
from tasks.jobs.registry import JobRunner, register

EXPORT = "reports.export"
MANIFEST = "manifest.json"
_SMALL_ROWS = 20_000


@register
class ExportRunner(JobRunner):
    """Write a user's links or clicks to a file, and a manifest beside it."""

    kind = EXPORT
    queue = "exports"

    @classmethod
    def is_small(cls, *, user_id: int, params: dict[str, Any], upload_size: int) -> bool:
        """Judge by all of the user's rows of the kind, whatever the filters leave."""
        rows = SOURCES[params["kind"]].model._base_manager.filter(user_id=user_id)
        return rows.order_by()[: _SMALL_ROWS + 1].count() <= _SMALL_ROWS

    def run(self, context: JobContext) -> Outcome:
        """Write the files; `params` are kind, format, compression, columns, filters and style."""
        export = Export(context)
        with context.output(export.file_name, export.content_type) as output:
            result = export.write(output)
            output.rows = sum(result.rows)
        context.report(output.rows, output.rows, "rows")
        content = manifest(export, result, list(context.files))
        with context.output(MANIFEST, "application/json") as file:
            file.sink.write(json.dumps(content, indent=2).encode())
        return Outcome({"rows": output.rows}, truncated=result.truncated)
