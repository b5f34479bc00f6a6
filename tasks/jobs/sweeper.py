"""What keeps the platform whole: rings for jobs nobody runs, ends the hopeless, removes what is past.

Every sweep takes a bounded batch, oldest first, and may run twice at once without harm.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django_celery_results.models import TaskResult

from gridlink.accounts.models import ThrottleBucket, Token
from gridlink.lib.queues import QUEUES
from tasks.broker import publisher
from tasks.jobs import lifecycle, services
from tasks.models import (
    DeliveryStatus,
    Download,
    IdempotencyKey,
    Job,
    JobFile,
    JobStatus,
    Notification,
    PeriodicRun,
    ScheduledRun,
)
from tasks.storage import object_store

logger = logging.getLogger(__name__)

BATCH = 500
# Per queue. Any ring makes a worker take the fairest job, so a few are enough to get a queue going.
MESSAGES_PER_QUEUE = 20
# Longer than any upload or attempt takes, so that what is still being written is never called an orphan.
ORPHAN_AGE = timedelta(days=1)
RECORD_AGE = timedelta(days=7)


def sweep_jobs() -> None:
    """Fail what died at every attempt; ring for what waits stalled or lost its worker."""
    failed = lifecycle.fail_crashed(BATCH)
    with transaction.atomic():
        stalled = [job for queue in QUEUES for job in _stalled_jobs(queue)]
        Job.objects.filter(pk__in=[job.pk for job in stalled]).update(rung_on=Now())
        for job in stalled:
            publisher.publish_on_commit(job.slug, job.queue)
    if failed or stalled:
        logger.info("jobs_swept", extra={"failed": failed, "rung": len(stalled)})


def _stalled_jobs(queue: str) -> list[Job]:
    waiting = Q(status=JobStatus.QUEUED, run_after__lte=Now()) & (
        Q(rung_on=None, created_on__lt=Now() - settings.JOB_RERING)
        | Q(rung_on__lt=Now() - settings.JOB_RERING)
        | Q(rung_on=None, attempt__gt=0)
    )
    orphaned = Q(status=JobStatus.RUNNING, lease_expires_on__lt=Now())
    jobs = Job.objects.select_for_update(skip_locked=True).filter(waiting | orphaned, queue=queue)
    return list(jobs.order_by("rung_on", "created_on")[:MESSAGES_PER_QUEUE])


def sweep_files() -> None:
    """Remove files past their time, mark their jobs expired, and delete objects no job knows."""
    removed = 0
    while batch := _overdue_files():
        removed += sum(_remove(file) for file in batch)
    partials = object_store().sweep_partials(ORPHAN_AGE)
    logger.info(
        "files_swept", extra={"removed": removed, "orphans": _sweep_orphans(), "partials": partials}
    )


def _overdue_files() -> list[JobFile]:
    overdue = JobFile.objects.select_related("job").filter(
        deleted_on__isnull=True, expires_on__lt=Now()
    )
    # An input is kept while its job may still want it.
    return list(overdue.exclude(job__in=Job.objects.unfinished()).order_by("expires_on")[:BATCH])


def _remove(file: JobFile) -> bool:
    """False when it was kept."""
    if not services.file_mark_deleted(file=file):
        return False
    object_store().delete(file.storage_key)
    return True


def _sweep_orphans() -> int:
    before = timezone.now() - ORPHAN_AGE
    orphans = 0
    batch: list[str] = []
    for item in object_store().list("jobs/"):
        if item.modified_on < before:
            batch.append(item.key)
        if len(batch) == BATCH:
            orphans += _delete_unknown(batch)
            batch = []
    return orphans + _delete_unknown(batch)


def _delete_unknown(keys: list[str]) -> int:
    known = set(
        JobFile.objects.filter(storage_key__in=keys, deleted_on__isnull=True).values_list(
            "storage_key", flat=True
        )
    )
    unknown = [key for key in keys if key not in known]
    for key in unknown:
        object_store().delete(key)
    return len(unknown)


def sweep_records() -> None:
    """Remove small records past their use, in batches so that none locks a table for long."""
    age = Now() - RECORD_AGE
    stale: dict[str, QuerySet[Any]] = {
        "tasks_idempotency_key": IdempotencyKey.objects.filter(
            created_on__lt=Now() - settings.IDEMPOTENCY_KEY_LIFE
        ),
        "tasks_download": Download.objects.filter(
            created_on__lt=Now() - settings.DOWNLOAD_LOG_LIFE
        ),
        "tasks_scheduled_run": ScheduledRun.objects.filter(
            slot__lt=Now() - settings.SCHEDULE_RUN_LIFE
        ),
        "tasks_periodic_run": PeriodicRun.objects.filter(created_on__lt=age),
        "tasks_notification": Notification.objects.filter(
            created_on__lt=Now() - settings.NOTICE_LIFE
        ).exclude(deliveries__status=DeliveryStatus.WAITING),
        "accounts_throttle_bucket": ThrottleBucket.objects.filter(filled_on__lt=age),
        "accounts_token": Token.objects.filter(expires_on__lt=age),
        # django-celery-results deletes all at once, which exhausts memory on a busy server.
        "django_celery_results_taskresult": TaskResult.objects.filter(
            date_done__lt=Now() - settings.CELERY_RESULT_EXPIRES
        ),
    }
    for table, rows in stale.items():
        removed = 0
        while keys := list(rows.values_list("pk", flat=True)[:BATCH]):
            rows.filter(pk__in=keys).delete()
            removed += len(keys)
        logger.info("records_swept", extra={"table": table, "removed": removed})


def record_canary(queue: str) -> None:
    """Note that a message came out of `queue`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tasks_queue_canary (queue, seen_on) VALUES (%s, statement_timestamp())"
            " ON CONFLICT (queue) DO UPDATE SET seen_on = excluded.seen_on",
            [queue],
        )
