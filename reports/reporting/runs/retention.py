"""Drop results of runs that are too old or take up too much space.

The newest result of each report is always kept. The rows of runs and their jobs stay. Results are dropped in
batches, oldest first; it is safe to run twice at once.
"""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import transaction
from django.db.models import BigIntegerField, Exists, F, Func, OuterRef, QuerySet, Sum, Window
from django.db.models.functions import Now

from reports.models import ReportRun

logger = logging.getLogger(__name__)

BATCH = 500


def sweep_results() -> None:
    """Drop the results that are older than REPORT_RUN_DAYS."""
    if not settings.REPORT_RUN_LIFE:
        return
    removed = 0
    while dropped := _drop_old():
        removed += dropped
    logger.info("results_swept", extra={"removed": removed})


def make_room(*, user_id: int) -> None:
    """Drop the oldest of a user's results if all take up more than REPORT_RESULT_BYTES."""
    limit = settings.REPORT_RESULT_BYTES
    size = Func("result", function="octet_length", output_field=BigIntegerField())
    runs = ReportRun.objects.filter(report__user_id=user_id)
    # The usual case, checked in a fraction of the time of the query below.
    if not limit or runs.aggregate(taken=Sum(size, default=0))["taken"] <= limit:
        return
    newest_first = Window(Sum(size), order_by=F("job").desc())
    sized = _superseded().filter(report__user_id=user_id).annotate(taken=newest_first)
    over = sized.filter(taken__gt=limit).order_by("job")
    # PostgreSQL cannot lock rows in a query with a window.
    if keys := list(over.values_list("pk", flat=True)[:BATCH]):
        _drop(_superseded().filter(pk__in=keys))


def _drop_old() -> int:
    old = _superseded().filter(kept_since__lt=Now() - settings.REPORT_RUN_LIFE)
    return _drop(old.order_by("kept_since")[:BATCH])


def _superseded() -> QuerySet[ReportRun]:
    """Filter runs whose report has a later run with a result."""
    stored = ReportRun.objects.filter(result__isnull=False)
    return stored.filter(Exists(stored.filter(report=OuterRef("report"), job__gt=OuterRef("job"))))


def _drop(runs: QuerySet[ReportRun]) -> int:
    """Drop the results of the runs that are not locked, and return their number."""
    with transaction.atomic():
        keys = list(runs.select_for_update(skip_locked=True).values_list("pk", flat=True))
        return ReportRun.objects.filter(pk__in=keys).update(basis=None, result=None)
