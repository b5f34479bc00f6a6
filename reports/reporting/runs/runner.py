"""The job that answers a report's question."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from gridlink.lib.database import snapshot
from gridlink.lib.errors import Invalid
from reports.reporting.renderers.base import About, NotRendered, Paper
from reports.reporting.renderers.registry import RENDERERS
from reports.reporting.results.result import Result
from reports.reporting.runs.compression import packed
from reports.reporting.runs.fingerprint import basis_of
from reports.reporting.runs.ranges import days_of
from reports.reporting.runs.retention import make_room
from reports.reporting.runs.spec import Asked
from tasks.jobs.context import JobContext
from tasks.jobs.lifecycle import Outcome
from tasks.jobs.registry import JobFailed, JobRunner, register

REPORT = "reports.report"
# Above so many links a report may be long, and its files take more than a moment.
_SMALL_LINKS = 5000
_HAS_MORE_LINKS = "SELECT EXISTS (SELECT FROM grids_link WHERE user_id = %s OFFSET %s)"
_KEEP = """
UPDATE reports_report_run SET basis = %s, result = %s, kept_since = statement_timestamp()
WHERE job_id = %s
"""
_BUFFER = 1 << 20


@register
class ReportRunner(JobRunner):
    """Finds the answer as of one instant, and writes it in each format that is wanted."""

    kind = REPORT
    queue = "reports"

    @classmethod
    def is_small(cls, *, user_id: int, params: dict[str, Any], upload_size: int) -> bool:
        """By the links that the user has: clicks are summed up already."""
        with connection.cursor() as cursor:
            cursor.execute(_HAS_MORE_LINKS, [user_id, _SMALL_LINKS])
            (has_more,) = cursor.fetchone()
        return not has_more

    def run(self, context: JobContext) -> Outcome:
        """`params`: those of reports.reporting.runs.spec.Asked."""
        try:
            asked = Asked.from_json(context.params)
            basis, result = answer(asked, user_id=context.user_id)
        except Invalid as error:
            # As when this version knows a kind or a parameter no longer.
            raise JobFailed("invalid", error.message) from error
        rows = sum(len(table.rows) for table in result.tables)
        for done, name in enumerate(asked.formats):
            context.report(done, len(asked.formats), "files")
            self._write(context, asked, result, name, rows)
        context.report(len(asked.formats), len(asked.formats), "files")
        kept = packed(result)
        keep = partial(_keep, context.claim.job_id, context.user_id, basis=basis, result=kept)
        return Outcome({"rows": rows}, effects=keep)

    @staticmethod
    def _write(context: JobContext, asked: Asked, result: Result, name: str, rows: int) -> None:
        renderer = RENDERERS[name](context.check)
        period = asked.period(timezone.now())
        file_name = f"{asked.kind}_{days_of(period)}.{renderer.extension(result)}"
        about = About(
            made_on=context.claim.created_on.astimezone(period.zone),
            run=context.claim.slug,
            paper=Paper(asked.paper),
            locale=asked.locale,
        )
        with (
            context.output(file_name, renderer.media_type(result)) as output,
            io.BufferedWriter(output.sink, _BUFFER) as file,
        ):
            output.rows = rows
            try:
                renderer.write(result, about, file)
            except NotRendered as error:
                raise JobFailed("not_rendered", str(error)) from error


def answer(asked: Asked, *, user_id: int) -> tuple[dict[str, Any], Result]:
    """What the answer rests on, and the answer, both as of one instant."""
    now = timezone.now()
    with snapshot():
        kind = asked.kind_of(user_id=user_id, now=now)
        until = asked.period(now).until
        basis = basis_of(user_id=user_id, reads=kind.depends_on, until=until)
        return basis, replace(kind.result(), title=asked.title)


def _keep(job_id: int, user_id: int, *, basis: dict[str, Any], result: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [json.dumps(basis), result, job_id])
    # Whoever waits for this report need not wait for that; if it comes to nothing, the next one does it.
    transaction.on_commit(partial(make_room, user_id=user_id), robust=True)
