"""Run one job from claim to end, and turn errors into its state."""

from __future__ import annotations

import logging
import re
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

# Errors outside the job that another attempt may not meet; so is a database that `is_unreachable`.
TRANSIENT = (StorageError, ConnectionError, UnknownKind)
_FIRST_DELAY = timedelta(seconds=5)
_ADDRESS = re.compile(r"\S+://\S+")


def execute(*, slug: str, worker: str) -> None:
    """Claim the next job in job `slug`'s queue and run it."""
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
        _record_error(context, error)
        # Ends the session with whatever the job left in it, such as temporary tables.
        connection.close()
        # A worker that is stopping must stop, whatever the job came to.
        if isinstance(error, (SystemExit, KeyboardInterrupt)):
            raise


def _record_error(context: JobContext, error: BaseException) -> None:
    # If the connection broke, the end is written on a new one.
    connection.close_if_unusable_or_obsolete()
    try:
        # After a reason to stop, other errors are mostly its consequence.
        _end(context.claim, context.stopped_by or error)
    except lifecycle.LeaseLost:
        logger.warning("job_lease_lost")
    except (DatabaseError, InterfaceError) as trouble:
        if not is_unreachable(trouble):
            raise
        # The lease runs out, and another worker claims the job.
        logger.warning("job_state_unwritten", extra={"error": repr(trouble)})
        return
    # Only now: the job may have succeeded before the error, which _end has then found out.
    _discard(context.discard_outputs)
    _discard(partial(_discard_scratch_of_cancelled, context))


def _discard_scratch_of_cancelled(context: JobContext) -> None:
    """Delete a cancelled job's scratch: any error cancels a job whose owner asked for that."""
    claim = context.claim
    jobs = Job.objects.filter(pk=claim.job_id, fence=claim.fence, status=JobStatus.CANCELLED)
    if jobs.exists():
        context.discard_scratch()


def _discard(delete: Callable[[], None]) -> None:
    try:
        delete()
    except (StorageError, DatabaseError, InterfaceError) as trouble:
        if not isinstance(trouble, StorageError) and not is_unreachable(trouble):
            raise
        logger.warning("objects_left_to_sweeper", extra={"error": repr(trouble)})


def _end(claim: Claim, error: BaseException) -> None:
    """Write the state that an error leads to. Raises LeaseLost."""
    match error:
        case lifecycle.LeaseLost():
            raise error
        case SystemExit() | KeyboardInterrupt():
            lifecycle.hand_back(claim)
        case JobCancelled():
            lifecycle.cancel(claim)
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
            _end_after_error(claim, error)


def _end_after_error(claim: Claim, error: BaseException) -> None:
    if not (isinstance(error, TRANSIENT) or is_unreachable(error)):
        logger.error("job_defect", exc_info=error)
        message = "A defect on the server stopped the job; its log has the details."
        lifecycle.fail(claim, code="internal", message=message)
    elif not claim.is_last_attempt:
        delay = _FIRST_DELAY * 2 ** (claim.attempt - 1)
        lifecycle.release(claim, reason=_reason(error), delay=delay)
    elif isinstance(error, UnknownKind):
        lifecycle.fail(claim, code="unknown_kind", message=str(error))
    else:
        message = "The storage or the database kept failing; try again later."
        lifecycle.fail(claim, code="unavailable", message=message)


def _reason(error: BaseException) -> str:
    """Return what the owner may read of an error, which names no server."""
    if isinstance(error, (StorageError, UnknownKind)):
        return _ADDRESS.sub("…", str(error))
    return "a server could not be reached"
