"""One export, from the wish to the file and its manifest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from django.conf import settings

from reports.exports.base import ExportFormat, PartedFormat
from reports.exports.compression import COMPRESSIONS
from reports.exports.parts import Checkpoint, Parts
from reports.exports.progress import Counter, Progress
from reports.exports.quota import Room
from reports.exports.readers import Side
from reports.exports.registry import FORMATS, SOURCES
from reports.exports.replica import database_for
from reports.exports.sources.base import ExportSource, Plan, Wish
from tasks.jobs.context import JobContext, Output
from tasks.jobs.registry import JobFailed


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the plan, and the rows of each of its pieces. `truncated` says why these are not all,
    if they are not."""

    plan: Plan
    rows: list[int]
    truncated: str = ""

    @property
    def remarks(self) -> list[str]:
        """What an owner should know of the rows."""
        differing = [
            f"By the ledger there are {piece.rows} rows from {piece.start} to {piece.end}; found: {rows}."
            for piece, rows in zip(self.plan.pieces, self.rows, strict=True)
            if piece.rows != rows
        ]
        return [*self.plan.remarks, *differing]


class Export:
    """The export that a job asks for. Raises KeyError for a kind or format that there is not."""

    def __init__(self, context: JobContext) -> None:
        params = context.params
        self.wish = Wish.of(context.user_id, params)
        self.source: ExportSource = SOURCES[params["kind"]](self.wish)
        packing = COMPRESSIONS[self.wish.compression]()
        self.form: ExportFormat = FORMATS[self.wish.format](
            self.source.chosen, self.wish.style, packing
        )
        self.file_name = f"{self.source.kind}.{self.form.extension}{packing.extension}"
        self.content_type = packing.content_type or self.form.content_type
        self._context = context

    def write(self, output: Output) -> Written:
        """Write the file. Raises JobFailed when stored rows were changed meanwhile."""
        kept = self._kept()
        context = self._context
        database = database_for(context)
        with Side(settings.EXPORT_CONNECTIONS, context.check, database) as side:
            if kept is None:
                written = side.wait(side.submit(partial(self._begin, side, output)))
                if isinstance(written, Written):
                    return written
                kept = Checkpoint(written, {})
            return self._write_parts(side, kept, output)

    def _kept(self) -> Checkpoint | None:
        """Where an earlier attempt stopped, if one can go on from there."""
        stored = self._context.checkpoint
        kept = Checkpoint.from_json(stored) if stored else None
        return kept if kept and kept.parts and self.source.is_current(kept.plan) else None

    def _begin(self, side: Side, output: Output) -> Written | Plan:
        """The plan; if it is of one piece, that is written at once."""
        with side.snapshot(self.form.zone):
            plan = self._allowed(self.source.plan())
            if len(plan.pieces) > 1:
                return plan
            query = self.source.query(plan, plan.pieces[0])
            counter = Counter(Progress(self._context, plan.rows))
            rows = self.form.write(query, output.sink, counter.moved)
        counter.settle(rows)
        Room(self.wish.user_id).take(output.sink.size)
        return Written(plan, [rows], _reason(plan))

    def _write_parts(self, side: Side, kept: Checkpoint, output: Output) -> Written:
        # Sources of several pieces come in such formats only.
        form = cast(PartedFormat, self.form)
        parts = Parts(self._context, self.source, kept.plan, form)
        parts.adopt(kept.parts)
        rows = parts.write(side, output.sink)
        if not self.source.is_current(kept.plan):
            raise JobFailed("changed", _CHANGED)
        return Written(kept.plan, rows, _reason(kept.plan))

    def _allowed(self, plan: Plan) -> Plan:
        limit = settings.EXPORT_ROWS_MAX
        return plan.cut(limit) if 0 < limit < plan.rows else plan


def _reason(plan: Plan) -> str:
    is_cut = plan.pieces[-1].is_cut
    return f"This server exports {plan.rows} rows at most, and there are more." if is_cut else ""


_CHANGED = (
    "Clicks were judged again, or removed as too old, while the export ran. Ask for it once more."
)


def manifest(export: Export, written: Written, files: list[Any]) -> dict[str, Any]:
    """What a reader of the files must know to trust them."""
    wish = export.wish
    return {
        "manifest": 1,
        "kind": export.source.kind,
        "format": wish.format,
        "compression": wish.compression,
        "columns": [column.name for column in export.source.chosen],
        "filters": wish.filters,
        "time_zone": export.form.zone,
        # Of CSV.
        "times": export.form.style.times,
        "as_of": written.plan.as_of,
        "status": "truncated" if written.truncated else "complete",
        "remarks": written.remarks,
        "files": [
            {"name": file.name, "rows": file.rows, "size": file.size, "sha256": file.sha256}
            for file in files
        ],
    }
