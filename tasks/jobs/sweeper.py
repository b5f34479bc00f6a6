"""Publish stalled jobs again, fail crashed ones, and remove expired files and old records.

Every sweep takes bounded batches, oldest first, and may run twice at once.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django_celery_results.models import TaskResult

from gridlink.accounts.models import ThrottleBucket, Token
from gridlink.lib.queues import QUEUES
from tasks.broker import publisher
from tasks.jobs import lifecycle, services
from tasks.models import (
    UNFINISHED,
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
# Any message makes a worker claim the next job of its queue, so a few get a queue going.
MESSAGES_PER_QUEUE = 20
# Longer than any upload or attempt, so that an object still being written is never taken for an orphan.
ORPHAN_AGE = timedelta(days=1)
RECORD_AGE = timedelta(days=7)


def sweep_jobs() -> None:
    """Fail jobs that crashed at every attempt; publish stalled ones again."""
    failed = lifecycle.fail_crashed(BATCH)
    with transaction.atomic():
        stalled = [job for queue in QUEUES for job in _stalled_jobs(queue)]
        Job.objects.filter(pk__in=[job.pk for job in stalled]).update(rung_on=Now())
        for job in stalled:
            publisher.publish_on_commit(job.slug, job.queue)
    if failed or stalled:
        logger.info("jobs_swept", extra={"failed": failed, "published": len(stalled)})


def _stalled_jobs(queue: str) -> list[Job]:
    """Lock jobs whose message was lost or not answered, and jobs whose worker is gone."""
    waiting = Q(status=JobStatus.QUEUED, run_after__lte=Now()) & (
        Q(rung_on=None, created_on__lt=Now() - settings.JOB_RERING)
        | Q(rung_on__lt=Now() - settings.JOB_RERING)
        | Q(rung_on=None, attempt__gt=0)
    )
    orphaned = Q(status=JobStatus.RUNNING, lease_expires_on__lt=Now())
    jobs = Job.objects.select_for_update(skip_locked=True).filter(waiting | orphaned, queue=queue)
    return list(jobs.order_by("rung_on", "created_on")[:MESSAGES_PER_QUEUE])


def sweep_files() -> None:
    """Remove expired files, mark their jobs expired, and delete objects of no job."""
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
    # An input is kept while its job may still read it.
    return list(overdue.exclude(job__status__in=UNFINISHED).order_by("expires_on")[:BATCH])


def _remove(file: JobFile) -> bool:
    """Remove a file; return False when it must stay."""
    if not services.file_mark_deleted(file=file):
        return False
    object_store().delete(file.storage_key)
    return True


def _sweep_orphans() -> int:
    before = timezone.now() - ORPHAN_AGE
    old = (item.key for item in object_store().list("jobs/") if item.modified_on < before)
    orphans = 0
    while batch := list(islice(old, BATCH)):
        orphans += _delete_unknown(batch)
    return orphans


def _delete_unknown(keys: list[str]) -> int:
    files = JobFile.objects.filter(storage_key__in=keys, deleted_on__isnull=True)
    unknown = set(keys).difference(files.values_list("storage_key", flat=True))
    for key in unknown:
        object_store().delete(key)
    return len(unknown)


def sweep_records() -> None:
    """Remove old records, in batches so that no statement locks a table for long."""
    notifications = _older(Notification, "created_on", settings.NOTICE_LIFE)
    stale = [
        _older(IdempotencyKey, "created_on", settings.IDEMPOTENCY_KEY_LIFE),
        _older(Download, "created_on", settings.DOWNLOAD_LOG_LIFE),
        _older(ScheduledRun, "slot", settings.SCHEDULE_RUN_LIFE),
        _older(PeriodicRun, "created_on", RECORD_AGE),
        notifications.exclude(deliveries__status=DeliveryStatus.WAITING),
        _older(ThrottleBucket, "filled_on", RECORD_AGE),
        _older(Token, "expires_on", RECORD_AGE),
        # django-celery-results itself would delete all at once, which exhausts memory on a busy server.
        _older(TaskResult, "date_done", settings.CELERY_RESULT_EXPIRES),
    ]
    for rows in stale:
        removed = 0
        while keys := list(rows.values_list("pk", flat=True)[:BATCH]):
            rows.filter(pk__in=keys).delete()
            removed += len(keys)
        table = rows.model._meta.db_table
        logger.info("records_swept", extra={"table": table, "removed": removed})


def _older(model: type[Model], field: str, age: timedelta) -> QuerySet[Any]:
    return model._default_manager.filter(**{f"{field}__lt": Now() - age})


def record_canary(queue: str) -> None:
    """Record that a message came out of `queue`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tasks_queue_canary (queue, seen_on) VALUES (%s, statement_timestamp())"
            " ON CONFLICT (queue) DO UPDATE SET seen_on = excluded.seen_on",
            [queue],
        )
