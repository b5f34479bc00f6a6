"""Writes of jobs that a user asks for."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from gridlink.accounts.models import User
from gridlink.lib.database import lock_row
from gridlink.lib.errors import Conflict, Unprocessable
from tasks.jobs import lifecycle, quotas
from tasks.jobs.context import scratch_delete
from tasks.jobs.errors import StorageUnavailable
from tasks.jobs.registry import queue_for
from tasks.models import (
    RETRYABLE,
    UNFINISHED,
    EventType,
    FileRole,
    IdempotencyKey,
    Job,
    JobEvent,
    JobFile,
    JobStatus,
    new_job_slug,
)
from tasks.notifications.recipients import DeliveryRequest, as_json
from tasks.storage import StorageError, object_store

logger = logging.getLogger(__name__)

# One that is about to stop is no answer to somebody who wants the result.
_IDENTICAL = """
SELECT id FROM tasks_job
WHERE user_id = %s AND fingerprint = %s AND status IN ('queued', 'running')
    AND cancel_requested_on IS NULL
ORDER BY id LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file for a job, already whole in storage."""

    job_slug: str
    name: str
    storage_key: str
    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Submission:
    """A job, and whether this request made it or an earlier one: with the same key, or just like it."""

    job: Job
    created: bool


def upload_store(*, name: str, content_type: str, chunks: Iterable[bytes]) -> Upload:
    """Stream a user's file into storage for a job to come. Raises StorageUnavailable.

    When no job comes of it, upload_discard() removes it, and failing that the sweeper.
    """
    slug = new_job_slug()
    key = f"jobs/{slug}/input/upload"
    try:
        with object_store().sink(key) as sink:
            for chunk in chunks:
                sink.write(chunk)
    except StorageError as error:
        logger.error("upload_not_stored", exc_info=error)
        raise StorageUnavailable from error
    return Upload(slug, name, key, content_type, sink.size, sink.sha256)


def upload_discard(upload: Upload) -> None:
    """Remove an upload that no job came of."""
    try:
        object_store().delete(upload.storage_key)
    except StorageError as error:
        # The sweeper will; that it is still there is no reason to fail the request.
        logger.warning("upload_not_discarded", exc_info=error)


def job_submit(
    *,
    user: User,
    kind: str,
    params: dict[str, Any],
    idempotency_key: str = "",
    upload: Upload | None = None,
    deliveries: Sequence[DeliveryRequest] = (),
    request: dict[str, Any] | None = None,
) -> Submission:
    """Queue a job, or give the unfinished one that was asked for in the same words, with the same
    `deliveries`: whom to tell of its end beside what the user prefers. `request` is what was asked for, where
    the parameters hold more than that, as the moment: the same key must come with the same again.

    Raises Unprocessable for a key that was used for another request, and QuotaExceeded. The row is
    committed before anybody is told: if Redis is away, the sweeper starts the job later.
    """
    wishes = as_json(deliveries)
    fingerprint = _fingerprint(kind, params, upload, wishes)
    asked = fingerprint if request is None else _fingerprint(kind, request, upload, wishes)
    with transaction.atomic():
        # A user's requests take turns here, so that none misses the job, the key or the quota of another.
        lock_row(user)
        if idempotency_key and (earlier := _earlier(user, idempotency_key, asked)):
            return Submission(earlier, created=False)
        identical = _identical(user, fingerprint)
        job = identical or _create(user, kind, params, fingerprint, upload, wishes)
        if idempotency_key:
            key = IdempotencyKey(user=user, key=idempotency_key, fingerprint=asked, job=job)
            key.save(force_insert=True)
    return Submission(job, created=identical is None)


def job_cancel(*, job: Job) -> None:
    """Ask a job to stop. Raises Conflict when it has ended already."""
    if not lifecycle.request_cancel(job):
        raise Conflict(f"The job is {job.status}; only a queued or running one can be cancelled.")
    if job.fence:
        _scratch_discard(job)


def _scratch_discard(job: Job) -> None:
    """Delete what earlier attempts left, if the job waited; a worker that runs it does so itself."""
    if not Job.objects.filter(pk=job.pk, status=JobStatus.CANCELLED).exists():
        return
    try:
        scratch_delete(object_store(), job.slug)
    except StorageError as error:
        logger.warning("objects_left_to_sweeper", extra={"error": repr(error)})


def job_retry(*, job: Job) -> None:
    """Run a failed or cancelled job again. Raises Conflict for any other, or when its input has expired."""
    with transaction.atomic():
        # The sweep that removes inputs locks the same row: either it is done, or it sees a job that waits.
        job = Job.objects.select_for_update(no_key=True).get(pk=job.pk)
        expired = job.files.filter(role=FileRole.INPUT, deleted_on__isnull=False)
        if job.status in RETRYABLE and expired.exists():
            raise Conflict("The file that the job was given has expired; send it again.")
        if not lifecycle.retry(job):
            raise Conflict(
                f"The job is {job.status}; only a failed or cancelled one can be retried."
            )


def file_revoke(*, file: JobFile) -> None:
    """Make every address of a file that was signed so far invalid at once."""
    with transaction.atomic():
        JobFile.objects.filter(pk=file.pk).update(generation=F("generation") + 1)
        _note(file, EventType.REVOKED)


def file_delete(*, file: JobFile) -> None:
    """Delete a file before its time. Raises Conflict while its job waits or runs."""
    with transaction.atomic():
        if not file_mark_deleted(file=file):
            raise Conflict("The job is not over; its files can be deleted when it is.")
        _note(file, EventType.FILE_DELETED)
    try:
        object_store().delete(file.storage_key)
    except StorageError as error:
        # It is nobody's any more, and an orphan for the sweeper.
        logger.warning("file_left_to_sweeper", exc_info=error)


def file_mark_deleted(*, file: JobFile) -> bool:
    """Note that a file is gone, and with a job's last output that the job has expired. Delete the object
    only then: a row that says "gone" over a file that is still there is an orphan for the next sweep, while
    the other way round somebody would be promised a file that is not.

    False, and nothing changed, while the job waits or runs: its owner may just have asked for a retry.
    """
    with transaction.atomic():
        job = Job.objects.select_for_update(no_key=True).filter(pk=file.job_id).first()
        if job is None or job.status in UNFINISHED:
            return False
        JobFile.objects.filter(pk=file.pk, deleted_on__isnull=True).update(deleted_on=Now())
        if not job.files.filter(deleted_on__isnull=True, role=FileRole.OUTPUT).exists():
            lifecycle.expire(job)
    return True


def _note(file: JobFile, event: EventType) -> None:
    JobEvent.objects.create(
        job_id=file.job_id, type=event, attempt=file.job.attempt, detail={"file": file.name}
    )


def _create(
    user: User,
    kind: str,
    params: dict[str, Any],
    fingerprint: str,
    upload: Upload | None,
    wishes: list[dict[str, Any]],
) -> Job:
    size = upload.size if upload else 0
    quotas.check(user_id=user.pk, incoming=size)
    job = Job.objects.create(
        slug=upload.job_slug if upload else new_job_slug(),
        user=user,
        kind=kind,
        queue=queue_for(kind, user_id=user.pk, params=params, upload_size=size),
        params=params,
        fingerprint=fingerprint,
        deliveries=wishes,
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", "")),
        max_attempts=settings.JOB_MAX_ATTEMPTS,
    )
    if upload:
        _attach(job, upload)
    lifecycle.queued(job)
    return job


def _identical(user: User, fingerprint: str) -> Job | None:
    with connection.cursor() as cursor:
        cursor.execute(_IDENTICAL, [user.pk, fingerprint])
        row = cursor.fetchone()
    return Job.objects.get(pk=row[0]) if row else None


def _earlier(user: User, key: str, fingerprint: str) -> Job | None:
    found = IdempotencyKey.objects.select_related("job").filter(user=user, key=key).first()
    if found and found.fingerprint != fingerprint:
        raise Unprocessable("This Idempotency-Key was used for another request.")
    return found.job if found else None


def _fingerprint(
    kind: str, params: dict[str, Any], upload: Upload | None, wishes: list[dict[str, Any]]
) -> str:
    parts = [kind, params, upload.sha256 if upload else None, *wishes]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _attach(job: Job, upload: Upload) -> None:
    JobFile.objects.create(
        job=job,
        role=FileRole.INPUT,
        name=upload.name,
        storage_key=upload.storage_key,
        content_type=upload.content_type,
        size=upload.size,
        sha256=upload.sha256,
        expires_on=timezone.now() + settings.JOB_FILE_LIFE,
    )
