"""The one place that changes a job's state. Every change is conditional and leaves an event behind.

Times are the database's: no worker's clock decides anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from tasks.broker import publisher
from tasks.jobs import checkpoints
from tasks.jobs.claims import Claim, claim_next, held_job
from tasks.jobs.claims import LeaseLost as LeaseLost
from tasks.models import DELIVERED, RETRYABLE, EventType, FileRole, Job, JobFile, JobStatus
from tasks.notifications.job_finished import job_ended

CRASHED = "crashed"
TRUNCATED = "truncated"
# A job that failed goes on from its checkpoint when its owner retries it.
RESUMABLE = (JobStatus.FAILED,)
_RECORD = "INSERT INTO tasks_job_event (job_id, type, attempt, detail) VALUES (%s, %s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is, in its own unit; `total` None while unknown."""

    done: int = 0
    total: int | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class FinishedFile:
    """A complete file in storage that is about to become a job's."""

    name: str
    storage_key: str
    content_type: str
    size: int
    rows: int | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a runner gives back: a summary for the owner, and what its success changes in the database.

    `effects` runs in the transaction that finishes the job, so both happen or neither does. `truncated` tells
    the owner which limit kept the files from holding everything; without one it is empty.
    """

    result: dict[str, Any] = field(default_factory=dict)
    effects: Callable[[], object] | None = None
    truncated: str = ""


def claim(*, slug: str, worker: str) -> Claim | None:
    """Take the next job of the queue that job `slug` is in; None when there is nothing to do."""
    with transaction.atomic():
        return claim_next(slug=slug, worker=worker)


def heartbeat(held: Claim, progress: Progress) -> bool:
    """Extend the lease and write progress; True when the owner wants it cancelled.

    Raises LeaseLost when the job is no longer this worker's.
    """
    changed = held_job(held).update(
        lease_expires_on=Now() + settings.JOB_LEASE,
        progress_done=progress.done,
        progress_total=progress.total,
        progress_unit=progress.unit,
        modified_on=Now(),
    )
    if not changed:
        raise LeaseLost(held.slug)
    return Job.objects.filter(pk=held.job_id, cancel_requested_on__isnull=False).exists()


def succeed(held: Claim, outcome: Outcome, files: list[FinishedFile], progress: Progress) -> None:
    """Finish a job with its files and effects, all or nothing. Raises LeaseLost."""
    with transaction.atomic():
        if outcome.effects:
            outcome.effects()
        _finish(
            held,
            JobStatus.TRUNCATED if outcome.truncated else JobStatus.SUCCEEDED,
            EventType.TRUNCATED if outcome.truncated else EventType.SUCCEEDED,
            {"files": len(files), **outcome.result},
            files,
            result=outcome.result,
            error_code=TRUNCATED if outcome.truncated else "",
            error_message=outcome.truncated,
            progress_done=progress.done,
            progress_total=progress.total,
            progress_unit=progress.unit,
        )


def fail(held: Claim, *, code: str, message: str) -> None:
    """Finish a job that will not work however often it is tried. Raises LeaseLost."""
    with transaction.atomic():
        detail = {"code": code, "message": message}
        _finish(
            held,
            JobStatus.FAILED,
            EventType.FAILED,
            detail,
            error_code=code,
            error_message=message,
        )


def cancelled(held: Claim) -> None:
    """Finish a job that stopped because its owner asked. Raises LeaseLost."""
    with transaction.atomic():
        _finish(held, JobStatus.CANCELLED, EventType.CANCELLED, {})


def release(held: Claim, *, reason: str, delay: timedelta) -> None:
    """Give a job back to run again after `delay`; the attempt counts. Raises LeaseLost."""
    with transaction.atomic():
        _give_back(held, reason, run_after=Now() + delay)


def move(held: Claim, *, queue: str) -> None:
    """Give a job that is too large for its lane to another queue; the attempt does not count. Raises
    LeaseLost."""
    with transaction.atomic():
        _give_back(held, "too large for its lane", attempt=F("attempt") - 1, queue=queue)
        publisher.publish_on_commit(held.slug, queue)


def hand_back(held: Claim) -> None:
    """Give a job back because this worker stops; the attempt does not count. Raises LeaseLost."""
    with transaction.atomic():
        _give_back(held, "the worker is stopping", attempt=F("attempt") - 1)
        publisher.publish_on_commit(held.slug, held.queue)


def queued(job: Job) -> None:
    """Note a new job and ring for it once the transaction is through."""
    _record(job.pk, EventType.QUEUED, 0, {"kind": job.kind})
    publisher.publish_on_commit(job.slug, job.queue)


def request_cancel(job: Job) -> bool:
    """Cancel a waiting job at once, or tell the worker of a running one; False for a finished one."""
    with transaction.atomic():
        waiting = Job.objects.filter(pk=job.pk, status=JobStatus.QUEUED)
        if waiting.update(status=JobStatus.CANCELLED, finished_on=Now(), modified_on=Now()):
            _record(job.pk, EventType.CANCELLED, job.attempt, {"while": "queued"})
            if job.fence:
                checkpoints.forget(job.pk)
            job_ended(_ended(job.pk))
            return True
        running = Job.objects.filter(pk=job.pk, status=JobStatus.RUNNING)
        if running.filter(cancel_requested_on__isnull=True).update(cancel_requested_on=Now()):
            _record(job.pk, EventType.CANCEL_REQUESTED, job.attempt, {})
            return True
        return running.exists()


def retry(job: Job) -> bool:
    """Queue a failed or cancelled job again, its attempts counted afresh; False in any other state."""
    with transaction.atomic():
        changed = Job.objects.filter(pk=job.pk, status__in=RETRYABLE).update(
            status=JobStatus.QUEUED,
            attempt=0,
            finished_on=None,
            cancel_requested_on=None,
            run_after=Now(),
            rung_on=None,
            error_code="",
            error_message="",
            modified_on=Now(),
        )
        if changed:
            _record(job.pk, EventType.RETRIED, 0, {})
            publisher.publish_on_commit(job.slug, job.queue)
    return bool(changed)


def fail_crashed(limit: int) -> int:
    """Fail jobs whose every attempt ended without a word; how many there were."""
    with transaction.atomic():
        lost = list(
            Job.objects.select_for_update(skip_locked=True)
            .filter(
                status=JobStatus.RUNNING,
                lease_expires_on__lt=Now(),
                attempt__gte=F("max_attempts"),
            )
            .order_by("lease_expires_on")[:limit]
        )
        message = "The worker died at every attempt, perhaps for want of memory."
        for job in lost:
            Job.objects.filter(pk=job.pk).update(
                status=JobStatus.FAILED,
                lease_expires_on=None,
                finished_on=Now(),
                modified_on=Now(),
                error_code=CRASHED,
                error_message=message,
            )
            detail = {"code": CRASHED, "message": message}
            _record(job.pk, EventType.FAILED, job.attempt, detail)
            job_ended(_ended(job.pk))
    return len(lost)


def expire(job: Job) -> bool:
    """Note that the files of a job that succeeded, or was truncated, are gone; False in any other state."""
    with transaction.atomic():
        changed = Job.objects.filter(pk=job.pk, status__in=DELIVERED).update(
            status=JobStatus.EXPIRED, modified_on=Now()
        )
        if changed:
            _record(job.pk, EventType.EXPIRED, job.attempt, {})
    return bool(changed)


def _give_back(held: Claim, reason: str, **fields: Any) -> None:
    if held_job(held).filter(cancel_requested_on__isnull=False).exists():
        # Its owner wants it stopped, not tried again.
        _finish(held, JobStatus.CANCELLED, EventType.CANCELLED, {})
        return
    changed = held_job(held).update(
        status=JobStatus.QUEUED, lease_expires_on=None, rung_on=None, modified_on=Now(), **fields
    )
    if not changed:
        raise LeaseLost(held.slug)
    _record(held.job_id, EventType.RELEASED, held.attempt, {"reason": reason})


def _finish(
    held: Claim,
    status: JobStatus,
    event: EventType,
    detail: dict[str, Any],
    files: Sequence[FinishedFile] = (),
    **fields: Any,
) -> None:
    changed = held_job(held).update(
        status=status, lease_expires_on=None, finished_on=Now(), modified_on=Now(), **fields
    )
    if not changed:
        raise LeaseLost(held.slug)
    _record(held.job_id, event, held.attempt, detail)
    if status not in RESUMABLE:
        checkpoints.forget(held.job_id)
    job = _ended(held.job_id)
    # Not before the claim is known to be good: another's files may have the same names.
    job_ended(job, JobFile.objects.bulk_create(_rows_of(job, files)))
    publisher.publish_next_on_commit(held.queue)


def _ended(job_id: int) -> Job:
    """As it is from now on, with its owner."""
    return Job.objects.select_related("user").get(pk=job_id)


def _record(job_id: int, event: EventType, attempt: int, detail: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, [job_id, event, attempt, json.dumps(detail)])


def _rows_of(job: Job, files: Sequence[FinishedFile]) -> list[JobFile]:
    assert job.finished_on
    return [
        JobFile(
            job=job,
            role=FileRole.OUTPUT,
            name=file.name,
            storage_key=file.storage_key,
            content_type=file.content_type,
            size=file.size,
            rows=file.rows,
            sha256=file.sha256,
            expires_on=job.finished_on + settings.JOB_FILE_LIFE,
        )
        for file in files
    ]
