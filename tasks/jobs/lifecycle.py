"""Change the states of jobs, conditionally, with an event, by the database's clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from tasks.broker import publisher
from tasks.jobs.claims import Claim, delete_checkpoint, held_job
from tasks.jobs.claims import LeaseLost as LeaseLost
from tasks.jobs.claims import claim as claim
from tasks.models import DELIVERED, RETRYABLE, EventType, FileRole, Job, JobFile, JobStatus
from tasks.notifications.job_finished import notify_job_ended

CRASHED = "crashed"
TRUNCATED = "truncated"
# A job that failed goes on from its checkpoint when its owner retries it.
RESUMABLE = (JobStatus.FAILED,)
_RECORD = "INSERT INTO tasks_job_event (job_id, type, attempt, detail) VALUES (%s, %s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Progress:
    """Hold how far a job is, in its own unit; `total` may be unknown."""

    done: int = 0
    total: int | None = None
    unit: str = ""

    def columns(self) -> dict[str, Any]:
        """Return the job's columns that hold this."""
        return {f"progress_{name}": value for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class FinishedFile:
    """Describe a complete file in storage that is about to become a job's."""

    name: str
    storage_key: str
    content_type: str
    size: int
    rows: int | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """Hold what a runner returns: a summary for the owner and changes of the database.

    `effects` runs in the transaction that finishes the job, so both happen or neither does. `truncated` tells
    the owner which limit kept the files from holding everything; empty if none did.
    """

    result: dict[str, Any] = field(default_factory=dict)
    effects: Callable[[], object] | None = None
    truncated: str = ""


def heartbeat(held: Claim, progress: Progress) -> bool:
    """Extend the lease and write progress; return whether the owner cancelled. Raises LeaseLost."""
    changed = held_job(held).update(
        lease_expires_on=Now() + settings.JOB_LEASE, modified_on=Now(), **progress.columns()
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
            **progress.columns(),
        )


def fail(held: Claim, *, code: str, message: str) -> None:
    """Finish a job that no further attempt can save. Raises LeaseLost."""
    detail = {"code": code, "message": message}
    columns: dict[str, Any] = {"error_code": code, "error_message": message}
    _finish(held, JobStatus.FAILED, EventType.FAILED, detail, **columns)


def cancel(held: Claim) -> None:
    """Finish a job that its owner cancelled. Raises LeaseLost."""
    _finish(held, JobStatus.CANCELLED, EventType.CANCELLED, {})


def release(held: Claim, *, reason: str, delay: timedelta) -> None:
    """Queue a job again after `delay`; the attempt counts. Raises LeaseLost."""
    _requeue(held, reason, run_after=Now() + delay)


@transaction.atomic
def move(held: Claim, *, queue: str) -> None:
    """Move a job to another queue; the attempt does not count. Raises LeaseLost."""
    _requeue(held, "too large for its lane", attempt=F("attempt") - 1, queue=queue)
    publisher.publish_on_commit(held.slug, queue)


@transaction.atomic
def hand_back(held: Claim) -> None:
    """Queue a job again as this worker stops; the attempt does not count. Raises LeaseLost."""
    _requeue(held, "the worker is stopping", attempt=F("attempt") - 1)
    publisher.publish_on_commit(held.slug, held.queue)


def record_queued(job: Job) -> None:
    """Record a new job, and publish it once the transaction is committed."""
    _record(job.pk, EventType.QUEUED, 0, {"kind": job.kind})
    publisher.publish_on_commit(job.slug, job.queue)


def request_cancel(job: Job) -> bool:
    """Cancel a queued job, or mark a running one; return False for a finished one."""
    with transaction.atomic():
        waiting = Job.objects.filter(pk=job.pk, status=JobStatus.QUEUED)
        if waiting.update(status=JobStatus.CANCELLED, finished_on=Now(), modified_on=Now()):
            _record(job.pk, EventType.CANCELLED, job.attempt, {"while": "queued"})
            if job.fence:
                delete_checkpoint(job.pk)
            notify_job_ended(_load(job.pk))
            return True
        running = Job.objects.filter(pk=job.pk, status=JobStatus.RUNNING)
        if running.filter(cancel_requested_on__isnull=True).update(cancel_requested_on=Now()):
            _record(job.pk, EventType.CANCEL_REQUESTED, job.attempt, {})
            return True
        return running.exists()


def retry(job: Job) -> bool:
    """Queue a failed or cancelled job with new attempts; False in other states."""
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
    """Fail at most `limit` jobs whose last attempt lost its lease; return how many."""
    with transaction.atomic():
        lost = list(
            Job.objects.select_for_update(skip_locked=True)
            .filter(status=JobStatus.RUNNING, lease_expires_on__lt=Now())
            .filter(attempt__gte=F("max_attempts"))
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
            notify_job_ended(_load(job.pk))
    return len(lost)


def expire(job: Job) -> bool:
    """Record that a job's files are gone; return False unless it had delivered them."""
    with transaction.atomic():
        changed = Job.objects.filter(pk=job.pk, status__in=DELIVERED).update(
            status=JobStatus.EXPIRED, modified_on=Now()
        )
        if changed:
            _record(job.pk, EventType.EXPIRED, job.attempt, {})
    return bool(changed)


@transaction.atomic
def _requeue(held: Claim, reason: str, **fields: Any) -> None:
    if held_job(held).filter(cancel_requested_on__isnull=False).exists():
        _finish(held, JobStatus.CANCELLED, EventType.CANCELLED, {})
        return
    changed = held_job(held).update(
        status=JobStatus.QUEUED, lease_expires_on=None, rung_on=None, modified_on=Now(), **fields
    )
    if not changed:
        raise LeaseLost(held.slug)
    _record(held.job_id, EventType.RELEASED, held.attempt, {"reason": reason})


@transaction.atomic
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
        delete_checkpoint(held.job_id)
    job = _load(held.job_id)
    # Only once the claim has held: another worker's files may have the same names.
    notify_job_ended(job, JobFile.objects.bulk_create(_file_rows(job, files)))
    publisher.publish_next_on_commit(held.queue)


def _load(job_id: int) -> Job:
    """Return the job with its new state and its owner."""
    return Job.objects.select_related("user").get(pk=job_id)


def _record(job_id: int, event: EventType, attempt: int, detail: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, [job_id, event, attempt, json.dumps(detail)])


def _file_rows(job: Job, files: Sequence[FinishedFile]) -> list[JobFile]:
    assert job.finished_on
    expires_on = job.finished_on + settings.JOB_FILE_LIFE
    return [
        JobFile(job=job, role=FileRole.OUTPUT, expires_on=expires_on, **asdict(file))
        for file in files
    ]
