"""Runs one job from claim to end. Runners know their work; only this knows what may go wrong around it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, InterfaceError, connection

from gridlink.lib.database import is_unreachable
from gridlink.lib.queues import QUICK
from tasks.jobs import lifecycle
from tasks.jobs.claims import Claim
from tasks.jobs.context import JobContext
from tasks.jobs.heartbeat import Heartbeat, JobCancelled
from tasks.jobs.registry import JobFailed, UnknownKind, runner_for
from tasks.models import Job, JobStatus
from tasks.storage import StorageError, StorageFull, object_store

logger = logging.getLogger(__name__)

# Trouble outside the job that may be over at the next try; so is a database that `is_unreachable`.
TRANSIENT = (StorageError, ConnectionError, UnknownKind)
_FIRST_DELAY = timedelta(seconds=5)


def execute(*, slug: str, worker: str) -> None:
    """Claim what is next in the queue of job `slug` and run it, until it ends or is given back."""
    claim = lifecycle.claim(slug=slug, worker=worker)
    if claim is None:
        return
    with structlog.contextvars.bound_contextvars(
        job=claim.slug, job_kind=claim.kind, attempt=claim.attempt, request_id=claim.request_id
    ):
        logger.info("job_started")
        _run(claim)


def _run(claim: Claim) -> None:
    context = JobContext(claim, object_store())
    try:
        with Heartbeat(context):
            outcome = runner_for(claim.kind)().run(context)
            context.check()
            lifecycle.succeed(claim, outcome, context.files, context.progress)
        logger.info("job_succeeded")
        _discard(context.discard_scratch)
    except BaseException as error:
        logger.info("job_stopped", extra={"reason": repr(error)})
        _conclude(context, error)
        # With what the job may have left in its session, as temporary tables.
        connection.close()
        # A worker that is told to stop does, whatever became of the job.
        if isinstance(error, (SystemExit, KeyboardInterrupt)):
            raise


def _conclude(context: JobContext, error: BaseException) -> None:
    # If the connection broke, the end is written on a new one.
    connection.close_if_unusable_or_obsolete()
    try:
        # Errors that came after what the heart heard are mostly of its making.
        _end(context.claim, context.stopped_by or error)
    except lifecycle.LeaseLost:
        logger.warning("job_lease_lost")
    except (DatabaseError, InterfaceError) as trouble:
        if not is_unreachable(trouble):
            raise
        # The state could not be written: the lease runs out and the sweeper sees to the rest.
        logger.warning("job_state_unwritten", extra={"error": repr(trouble)})
        return
    # Only now: the error may have come after the job had succeeded, which the end then finds out.
    _discard(context.discard_outputs)
    _discard(partial(_discard_scratch_of_cancelled, context))


def _discard_scratch_of_cancelled(context: JobContext) -> None:
    """By whatever way it came to that: an error ends a job, too, whose owner has asked for it."""
    claim = context.claim
    ended = Job.objects.filter(pk=claim.job_id, fence=claim.fence, status=JobStatus.CANCELLED)
    if ended.exists():
        context.discard_scratch()


def _discard(objects: Callable[[], None]) -> None:
    try:
        objects()
    except (StorageError, DatabaseError, InterfaceError) as trouble:
        if not isinstance(trouble, StorageError) and not is_unreachable(trouble):
            raise
        logger.warning("objects_left_to_sweeper", extra={"error": repr(trouble)})


def _end(claim: Claim, error: BaseException) -> None:
    """Write what an error makes of the job. Raises LeaseLost."""
    match error:
        case lifecycle.LeaseLost():
            raise error
        case SystemExit() | KeyboardInterrupt():
            lifecycle.hand_back(claim)
        case JobCancelled():
            lifecycle.cancelled(claim)
        case JobFailed():
            lifecycle.fail(claim, code=error.code, message=error.message)
        case SoftTimeLimitExceeded() if claim.queue == QUICK:
            lifecycle.move(claim, queue=runner_for(claim.kind).queue)
        case SoftTimeLimitExceeded():
            message = "The job took longer than its queue allows."
            lifecycle.fail(claim, code="timeout", message=message)
        case StorageFull():
            lifecycle.fail(claim, code="storage_full", message=str(error))
        case _:
            _end_trouble(claim, error)


def _end_trouble(claim: Claim, error: BaseException) -> None:
    if not (isinstance(error, TRANSIENT) or is_unreachable(error)):
        logger.error("job_defect", exc_info=error)
        message = "A defect on the server stopped the job; its log has the details."
        lifecycle.fail(claim, code="internal", message=message)
    elif not claim.is_last_attempt:
        delay = _FIRST_DELAY * 2 ** (claim.attempt - 1)
        lifecycle.release(claim, reason=repr(error), delay=delay)
    elif isinstance(error, UnknownKind):
        lifecycle.fail(claim, code="unknown_kind", message=str(error))
    else:
        message = "The storage or the database kept failing; try again later."
        lifecycle.fail(claim, code="unavailable", message=message)
