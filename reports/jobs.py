"""The jobs of this app: exports."""

from __future__ import annotations

import io
from typing import BinaryIO, cast

from django.db import connection, transaction

from reports.exports.base import ExportFormat
from reports.exports.compression import COMPRESSIONS
from reports.exports.links import links_query
from reports.exports.registry import FORMATS
from tasks.context import JobContext
from tasks.lifecycle import Outcome
from tasks.registry import JobRunner, register

EXPORT = "reports.export"
# COPY writes row by row; what lies behind wants larger pieces.
_BUFFER = 1 << 20


@register
class ExportRunner(JobRunner):
    """Writes a user's links to a file."""

    kind = EXPORT
    queue = "exports"

    def run(self, context: JobContext) -> Outcome:
        """`params`: format, compression, filters (grids, tags)."""
        params = context.params
        form = FORMATS[params["format"]]()
        packing = COMPRESSIONS[params["compression"]]()
        name = f"links.{form.extension}{packing.extension}"
        with (
            context.output(name, packing.content_type or form.content_type) as output,
            packing.wrap(output.sink) as packed,
            io.BufferedWriter(cast(io.RawIOBase, _Uncloseable(packed)), _BUFFER) as out,
        ):
            output.rows = self._write(context, form, cast(BinaryIO, out))
        return Outcome({"rows": output.rows})

    def _write(self, context: JobContext, form: ExportFormat, out: BinaryIO) -> int:
        filters = context.params["filters"]
        query = links_query(
            user_id=context.user_id,
            grids=filters.get("grids", []),
            tags=filters.get("tags", []),
        )
        with transaction.atomic():
            with connection.cursor() as cursor:
                # Count and rows are of one instant, whatever is written meanwhile.
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            total = query.count()
            context.report(0, total, "rows")
            rows = form.write(
                query, out, lambda done: context.report(min(done, total), total, "rows")
            )
        context.report(rows, total, "rows")
        return rows


class _Uncloseable(io.RawIOBase):
    """Lets a buffer be closed, and so flushed, while what lies behind stays open for its own end."""

    def __init__(self, out: BinaryIO) -> None:
        super().__init__()
        self._out = out

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | memoryview, /) -> int:  # type: ignore[override]
        self._out.write(data)
        return len(data)
