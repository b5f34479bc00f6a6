"""How long results are kept: till they are too old, or the user's take up too much. That of the newest run of
each report stays in any case, so that a report always has one to show.

The row of a run outlives its result, as its job does, and says what was asked. Whatever drops results takes
a bounded number of them, oldest first, and may run twice at once without harm.
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
    """Drop the oldest of a user's results, if these take up more than REPORT_RESULT_BYTES."""
    limit = settings.REPORT_RESULT_BYTES
    size = Func("result", function="octet_length", output_field=BigIntegerField())
    all_of_them = ReportRun.objects.filter(report__user_id=user_id)
    # Mostly the end of it, and told in a fraction of the time.
    if not limit or all_of_them.aggregate(taken=Sum(size, default=0))["taken"] <= limit:
        return
    newest_first = Window(Sum(size), order_by=F("job").desc())
    sized = _superseded().filter(report__user_id=user_id).annotate(taken=newest_first)
    over = sized.filter(taken__gt=limit).order_by("job")
    # No row can be locked by a query that adds up many.
    if keys := list(over.values_list("pk", flat=True)[:BATCH]):
        _drop(_superseded().filter(pk__in=keys))


def _drop_old() -> int:
    old = _superseded().filter(kept_since__lt=Now() - settings.REPORT_RUN_LIFE)
    return _drop(old.order_by("kept_since")[:BATCH])


def _superseded() -> QuerySet[ReportRun]:
    """The runs that have a result and are not the last of their report that does."""
    answered = ReportRun.objects.filter(result__isnull=False)
    return answered.filter(
        Exists(answered.filter(report=OuterRef("report"), job__gt=OuterRef("job")))
    )


def _drop(runs: QuerySet[ReportRun]) -> int:
    """Drop the results of these, but for those that somebody else is about to; how many there were."""
    with transaction.atomic():
        keys = list(runs.select_for_update(skip_locked=True).values_list("pk", flat=True))
        return ReportRun.objects.filter(pk__in=keys).update(basis=None, result=None)
