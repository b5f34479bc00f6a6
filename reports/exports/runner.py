"""The job that makes an export."""

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
    """Writes what a user has to a file, and a manifest beside it."""

    kind = EXPORT
    queue = "exports"

    @classmethod
    def is_small(cls, *, user_id: int, params: dict[str, Any], upload_size: int) -> bool:
        """By all that the user has of the kind, whatever the filters leave of it."""
        rows = SOURCES[params["kind"]].model._base_manager.filter(user_id=user_id)
        return rows.order_by()[: _SMALL_ROWS + 1].count() <= _SMALL_ROWS

    def run(self, context: JobContext) -> Outcome:
        """`params`: kind, format, compression, columns, filters, style."""
        export = Export(context)
        with context.output(export.file_name, export.content_type) as output:
            written = export.write(output)
            output.rows = sum(written.rows)
        context.report(output.rows, output.rows, "rows")
        about = manifest(export, written, list(context.files))
        with context.output(MANIFEST, "application/json") as file:
            file.sink.write(json.dumps(about, indent=2).encode())
        return Outcome({"rows": output.rows}, truncated=written.truncated)
