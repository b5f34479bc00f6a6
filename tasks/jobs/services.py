"""Submit, cancel and retry jobs, and delete their files, as a user asks."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
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


@dataclass(frozen=True, slots=True)
class Upload:
    """Describe a file for a job to come, already complete in storage."""

    job_slug: str
    name: str
    storage_key: str
    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Submission:
    """Hold a job, and whether this request created it or an identical earlier one."""

    job: Job
    created: bool


def upload_store(*, name: str, content_type: str, chunks: Iterable[bytes]) -> Upload:
    """Stream a user's file into storage for a job to come. Raises StorageUnavailable."""
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
    """Remove an upload for which no job was submitted."""
    try:
        object_store().delete(upload.storage_key)
    except StorageError as error:
        # The sweeper removes it; the request need not fail for that.
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
    """Queue a job, or return the user's identical unfinished one.

    `deliveries` are notifications beside those that the user prefers. `request` is what the client sent,
    where `params` holds more, such as the time: an idempotency key must come with the same request again.

    Raises QuotaExceeded, and Unprocessable for a key that was used for another request. The row is committed
    before any message: if Redis is away, the sweeper publishes the job later.
    """
    wanted = as_json(deliveries)
    fingerprint = _fingerprint(kind, params, upload, wanted)
    asked = fingerprint if request is None else _fingerprint(kind, request, upload, wanted)
    with transaction.atomic():
        # A user's requests take turns, so that each sees the jobs and keys of the others.
        lock_row(user)
        if idempotency_key and (earlier := _earlier(user, idempotency_key, asked)):
            return Submission(earlier, created=False)
        identical = _identical(user, fingerprint)
        job = identical or _create(user, kind, params, fingerprint, upload, wanted)
        if idempotency_key:
            key = IdempotencyKey(user=user, key=idempotency_key, fingerprint=asked, job=job)
            key.save(force_insert=True)
    return Submission(job, created=identical is None)


def job_cancel(*, job: Job) -> None:
    """Cancel a job, at once or within seconds. Raises Conflict when it has ended."""
    if not lifecycle.request_cancel(job):
        raise Conflict(f"The job is {job.status}; only a queued or running one can be cancelled.")
    if job.fence:
        _scratch_discard(job)


def _scratch_discard(job: Job) -> None:
    """Delete a cancelled job's scratch, unless a worker still runs it."""
    if not Job.objects.filter(pk=job.pk, status=JobStatus.CANCELLED).exists():
        return
    try:
        scratch_delete(object_store(), job.slug)
    except StorageError as error:
        logger.warning("objects_left_to_sweeper", extra={"error": repr(error)})


def job_retry(*, job: Job) -> None:
    """Queue a failed or cancelled job again. Raises Conflict for others, or an expired input."""
    with transaction.atomic():
        # The sweep of inputs locks this row too: either it is done, or it sees a queued job.
        job = Job.objects.select_for_update(no_key=True).get(pk=job.pk)
        expired = job.files.filter(role=FileRole.INPUT, deleted_on__isnull=False)
        if job.status in RETRYABLE and expired.exists():
            raise Conflict("The job's input file has expired; submit a new job with the file.")
        if not lifecycle.retry(job):
            raise Conflict(
                f"The job is {job.status}; only a failed or cancelled one can be retried."
            )


def file_revoke(*, file: JobFile) -> None:
    """Invalidate every URL of a file that was signed so far."""
    with transaction.atomic():
        JobFile.objects.filter(pk=file.pk).update(generation=F("generation") + 1)
        _record(file, EventType.REVOKED)


def file_delete(*, file: JobFile) -> None:
    """Delete a file before it expires. Raises Conflict while its job is queued or running."""
    with transaction.atomic():
        if not file_mark_deleted(file=file):
            raise Conflict("The job has not ended; its files can be deleted once it has.")
        _record(file, EventType.FILE_DELETED)
    try:
        object_store().delete(file.storage_key)
    except StorageError as error:
        # No record names it now, so the sweeper removes it.
        logger.warning("file_left_to_sweeper", exc_info=error)


def file_mark_deleted(*, file: JobFile) -> bool:
    """Record a file as deleted, and with its last output the job as expired.

    Delete the object only afterwards: an object without a record is an orphan that the next sweep removes,
    but a record without an object would promise a file that is gone.

    Changes nothing and returns False while the job is queued or running, as after a retry.
    """
    with transaction.atomic():
        job = Job.objects.select_for_update(no_key=True).filter(pk=file.job_id).first()
        if job is None or job.status in UNFINISHED:
            return False
        JobFile.objects.filter(pk=file.pk, deleted_on__isnull=True).update(deleted_on=Now())
        if not job.files.filter(deleted_on__isnull=True, role=FileRole.OUTPUT).exists():
            lifecycle.expire(job)
    return True


def _record(file: JobFile, event: EventType) -> None:
    JobEvent.objects.create(
        job_id=file.job_id, type=event, attempt=file.job.attempt, detail={"file": file.name}
    )


def _create(
    user: User,
    kind: str,
    params: dict[str, Any],
    fingerprint: str,
    upload: Upload | None,
    deliveries: list[dict[str, Any]],
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
        deliveries=deliveries,
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", "")),
        max_attempts=settings.JOB_MAX_ATTEMPTS,
    )
    if upload:
        _attach(job, upload)
    lifecycle.record_queued(job)
    return job


def _identical(user: User, fingerprint: str) -> Job | None:
    jobs = Job.objects.filter(user=user, fingerprint=fingerprint, status__in=UNFINISHED)
    # A job about to be cancelled is no answer to somebody who wants the result.
    return jobs.filter(cancel_requested_on=None).order_by("id").first()


def _earlier(user: User, key: str, fingerprint: str) -> Job | None:
    found = IdempotencyKey.objects.select_related("job").filter(user=user, key=key).first()
    if found and found.fingerprint != fingerprint:
        raise Unprocessable("This Idempotency-Key was used for another request.")
    return found.job if found else None


def _fingerprint(
    kind: str, params: dict[str, Any], upload: Upload | None, deliveries: list[dict[str, Any]]
) -> str:
    parts = [kind, params, upload.sha256 if upload else None, *deliveries]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _attach(job: Job, upload: Upload) -> None:
    file = asdict(upload)
    del file["job_slug"]
    expires_on = timezone.now() + settings.JOB_FILE_LIFE
    JobFile.objects.create(job=job, role=FileRole.INPUT, expires_on=expires_on, **file)
