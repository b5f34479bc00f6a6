"""Run the job that makes an export: its file and the manifest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from django.conf import settings

from reports.exports.base import ExportFormat, PartedFormat
from reports.exports.compression import COMPRESSIONS
from reports.exports.parts import Checkpoint, ExportParts
from reports.exports.progress import ChunkProgress, Progress
from reports.exports.quota import StorageQuota
from reports.exports.readers import ReaderPool
from reports.exports.registry import FORMATS, SOURCES
from reports.exports.replica import database_for
from reports.exports.sources.base import ExportSource, ExportSpec, Plan
from tasks.jobs.context import JobContext, Output
from tasks.jobs.lifecycle import Outcome
from tasks.jobs.registry import JobFailed, JobRunner, register

EXPORT = "reports.export"
MANIFEST = "manifest.json"
_SMALL_ROWS = 20_000
_CHANGED = (
    "Clicks were reclassified, or deleted as too old, while the export ran. Start the export again."
)


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


@dataclass(frozen=True, slots=True)
class ExportResult:
    """Hold the plan and the rows of each chunk."""

    plan: Plan
    rows: list[int]

    @property
    def truncated(self) -> str:
        """Return why rows are missing; empty if none are."""
        is_truncated = self.plan.chunks[-1].is_truncated
        message = f"This server exports at most {self.plan.rows} rows, and there are more."
        return message if is_truncated else ""

    @property
    def remarks(self) -> list[str]:
        """Return what the owner should know of the rows."""
        differing = [
            f"The sums count {chunk.rows} rows from {chunk.start} to {chunk.end}; found: {rows}."
            for chunk, rows in zip(self.plan.chunks, self.rows, strict=True)
            if chunk.rows != rows
        ]
        return [*self.plan.remarks, *differing]


class Export:
    """Write the export that a job asks for; raise KeyError for unknown kinds."""

    def __init__(self, context: JobContext) -> None:
        params = context.params
        self.spec = ExportSpec.from_params(context.user_id, params)
        self.source: ExportSource = SOURCES[params["kind"]](self.spec)
        compression = COMPRESSIONS[self.spec.compression]
        self.format: ExportFormat = FORMATS[self.spec.format](
            self.source.columns_selected, self.spec.style, compression
        )
        self.file_name = f"{self.source.kind}.{self.format.extension}{compression.extension}"
        self.content_type = compression.content_type or self.format.content_type
        self._context = context

    def write(self, output: Output) -> ExportResult:
        """Write the file; raise JobFailed if its rows were changed meanwhile."""
        checkpoint = self._usable_checkpoint()
        context = self._context
        using = database_for(context)
        with ReaderPool(settings.EXPORT_CONNECTIONS, context.check, using) as readers:
            if checkpoint is None:
                started = readers.wait(readers.submit(partial(self._start, readers, output)))
                if isinstance(started, ExportResult):
                    return started
                checkpoint = Checkpoint(started, {})
            return self._write_parts(readers, checkpoint, output)

    def _usable_checkpoint(self) -> Checkpoint | None:
        """Return where an earlier attempt stopped, if this one can continue from there."""
        stored = self._context.checkpoint
        kept = Checkpoint.from_json(stored) if stored else None
        return kept if kept and kept.parts and self.source.is_current(kept.plan) else None

    def _start(self, readers: ReaderPool, output: Output) -> ExportResult | Plan:
        """Return the plan, or the result if it has one chunk: write that."""
        with readers.snapshot(self.format.zone) as using:
            plan, limit = self.source.plan(using), settings.EXPORT_ROWS_MAX
            if 0 < limit < plan.rows:
                plan = plan.truncated(limit)
            if len(plan.chunks) > 1:
                return plan
            query = self.source.query(plan, plan.chunks[0], using)
            progress = ChunkProgress(Progress(self._context, plan.rows))
            rows = self.format.write(query, output.sink, progress.add_lines)
        progress.correct(rows)
        StorageQuota(self.spec.user_id).reserve(output.sink.size)
        return ExportResult(plan, [rows])

    def _write_parts(
        self, readers: ReaderPool, checkpoint: Checkpoint, output: Output
    ) -> ExportResult:
        plan = checkpoint.plan
        # Sources with several chunks are offered in such formats only.
        parted = cast(PartedFormat, self.format)
        parts = ExportParts(self._context, self.source, plan, parted)
        parts.reuse(checkpoint.parts)
        rows = parts.write(readers, output.sink)
        if not self.source.is_current(plan):
            raise JobFailed("changed", _CHANGED)
        return ExportResult(plan, rows)


def manifest(export: Export, result: ExportResult, files: list[Any]) -> dict[str, Any]:
    """Return what a reader needs to verify the files, as JSON."""
    spec = export.spec
    return {
        "manifest": 1,
        "kind": export.source.kind,
        "format": spec.format,
        "compression": spec.compression,
        "columns": [column.name for column in export.source.columns_selected],
        "filters": spec.filters,
        "time_zone": export.format.zone,
        # Of CSV.
        "times": spec.style.times,
        "as_of": result.plan.as_of,
        "status": "truncated" if result.truncated else "complete",
        "remarks": result.remarks,
        # What is lost where the file is imported again.
        "cannot_hold": export.format.cannot_hold.get(export.source.kind, ""),
        "files": files_json(files),
    }


def files_json(files: list[Any]) -> list[dict[str, Any]]:
    """Return finished files as manifests list them."""
    return [
        {"name": file.name, "rows": file.rows, "size": file.size, "sha256": file.sha256}
        for file in files
    ]
