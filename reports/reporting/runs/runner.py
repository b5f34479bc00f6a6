"""Run the job of a report: compute the result and write it in each format."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from gridlink.lib.database import snapshot
from gridlink.lib.errors import Invalid
from grids.models import Link
from reports.models import ReportRun
from reports.reporting.renderers.base import Paper, RenderContext, RenderError
from reports.reporting.renderers.registry import RENDERERS
from reports.reporting.results.result import Result
from reports.reporting.runs.compression import compress
from reports.reporting.runs.fingerprint import data_fingerprint
from reports.reporting.runs.ranges import file_name_days
from reports.reporting.runs.retention import make_room
from reports.reporting.runs.spec import RunSpec
from tasks.jobs.context import JobContext
from tasks.jobs.lifecycle import Outcome
from tasks.jobs.registry import JobFailed, JobRunner, register

REPORT = "reports.report"
# With more links, a result may be long and its files take more than a moment.
_SMALL_LINKS = 5000
_BUFFER = 1 << 20


@register
class ReportRunner(JobRunner):
    """Compute the result as of one instant, and write it in each of the formats."""

    kind = REPORT
    queue = "reports"

    @classmethod
    def is_small(cls, *, user_id: int, params: dict[str, Any], upload_size: int) -> bool:
        """Decide by the user's number of links; clicks are in rollups."""
        links = Link.objects.filter(user_id=user_id).order_by()
        return not links[_SMALL_LINKS:].exists()

    def run(self, context: JobContext) -> Outcome:
        """Run the RunSpec in the job's parameters."""
        try:
            spec = RunSpec.from_json(context.params)
            fingerprint, result = compute(spec, user_id=context.user_id)
        except Invalid as error:
            # For example a kind or a parameter that this version no longer has.
            raise JobFailed("invalid", error.message) from error
        rows = sum(len(table.rows) for table in result.tables)
        for done, name in enumerate(spec.formats):
            context.report(done, len(spec.formats), "files")
            self._write(context, spec, result, name, rows)
        context.report(len(spec.formats), len(spec.formats), "files")
        store = partial(
            _store,
            context.claim.job_id,
            context.user_id,
            fingerprint=fingerprint,
            result=compress(result),
        )
        return Outcome({"rows": rows}, effects=store)

    @staticmethod
    def _write(context: JobContext, spec: RunSpec, result: Result, name: str, rows: int) -> None:
        renderer = RENDERERS[name](context.check)
        period = spec.period(timezone.now())
        file_name = f"{spec.kind}_{file_name_days(period)}.{renderer.extension(result)}"
        render_context = RenderContext(
            made_on=context.claim.created_on.astimezone(period.zone),
            run=context.claim.slug,
            paper=Paper(spec.paper),
            locale=spec.locale,
        )
        with (
            context.output(file_name, renderer.media_type(result)) as output,
            io.BufferedWriter(output.sink, _BUFFER) as file,
        ):
            output.rows = rows
            try:
                renderer.write(result, render_context, file)
            except RenderError as error:
                raise JobFailed("not_rendered", str(error)) from error


def compute(spec: RunSpec, *, user_id: int) -> tuple[dict[str, Any], Result]:
    """Return the fingerprint of the data and the result, both as of one instant."""
    now = timezone.now()
    with snapshot():
        kind = spec.report_kind(user_id=user_id, now=now)
        until = spec.period(now).until
        fingerprint = data_fingerprint(user_id=user_id, reads=kind.depends_on, until=until)
        return fingerprint, replace(kind.result(), title=spec.title)


def _store(job_id: int, user_id: int, *, fingerprint: dict[str, Any], result: bytes) -> None:
    run = ReportRun.objects.filter(job=job_id)
    run.update(basis=fingerprint, result=result, kept_since=Now())
    # After the commit, so that nobody waits for it; if it fails, the next run makes room.
    transaction.on_commit(partial(make_room, user_id=user_id), robust=True)
