"""Writes of jobs that a user asks for."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from gridlink.accounts.models import User
from gridlink.lib.errors import Conflict, Unprocessable
from tasks import lifecycle
from tasks.errors import StorageUnavailable
from tasks.models import FileRole, IdempotencyKey, Job, JobFile, new_job_slug
from tasks.registry import runner_for
from tasks.states import RETRYABLE
from tasks.storage import StorageError, object_store

logger = logging.getLogger(__name__)


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
    """A job, and whether this request made it or an earlier one with the same key."""

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
) -> Submission:
    """Queue a job. Raises Unprocessable for a key that was used for another request.

    The row is committed before anybody is told: if Redis is away, the sweeper starts the job later.
    """
    fingerprint = _fingerprint(kind, params, upload)
    with transaction.atomic():
        if idempotency_key and (earlier := _earlier(user, idempotency_key, fingerprint)):
            return Submission(earlier, created=False)
        job = Job.objects.create(
            slug=upload.job_slug if upload else new_job_slug(),
            user=user,
            kind=kind,
            queue=runner_for(kind).queue,
            params=params,
            request_id=str(structlog.contextvars.get_contextvars().get("request_id", "")),
            max_attempts=settings.JOB_MAX_ATTEMPTS,
        )
        if upload:
            _attach(job, upload)
        if idempotency_key:
            key = IdempotencyKey(user=user, key=idempotency_key, fingerprint=fingerprint, job=job)
            key.save(force_insert=True)
        lifecycle.queued(job)
    return Submission(job, created=True)


def job_cancel(*, job: Job) -> None:
    """Ask a job to stop. Raises Conflict when it has ended already."""
    if not lifecycle.request_cancel(job):
        raise Conflict(f"The job is {job.status}; only a queued or running one can be cancelled.")


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


def _earlier(user: User, key: str, fingerprint: str) -> Job | None:
    # Two racing requests with one key take turns here, so neither meets the other's unique row.
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)
    found = IdempotencyKey.objects.select_related("job").filter(user=user, key=key).first()
    if found and found.fingerprint != fingerprint:
        raise Unprocessable("This Idempotency-Key was used for another request.")
    return found.job if found else None


def _fingerprint(kind: str, params: dict[str, Any], upload: Upload | None) -> str:
    parts = [kind, params, upload.sha256 if upload else None]
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
