"""Runs one job from claim to end. Runners know their work; only this knows what may go wrong around it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError

from tasks import lifecycle
from tasks.claims import Claim
from tasks.context import JobContext
from tasks.heart import Heart, JobCancelled
from tasks.registry import JobFailed, runner_for
from tasks.storage import StorageError, StorageFull, object_store

logger = logging.getLogger(__name__)

# Trouble outside the job that may be over at the next try.
TRANSIENT = (StorageError, OperationalError, InterfaceError, ConnectionError)
_FIRST_DELAY = timedelta(seconds=5)


def execute(*, slug: str, worker: str) -> None:
    """Claim what is next in the queue of job `slug` and run it, until it ends or is given back."""
    claim = lifecycle.claim(slug=slug, worker=worker)
    if claim is None:
        return
    with structlog.contextvars.bound_contextvars(
        job=claim.slug, job_kind=claim.kind, attempt=claim.attempt
    ):
        logger.info("job_started")
        try:
            _run(claim)
        except lifecycle.LeaseLost:
            logger.warning("job_lease_lost")
        except (OperationalError, InterfaceError) as error:
            # The state could not be written: the lease runs out and the sweeper sees to the rest.
            logger.warning("job_state_unwritten", extra={"error": repr(error)})


def _run(claim: Claim) -> None:
    context = JobContext(claim, object_store())
    try:
        with Heart(context):
            outcome = runner_for(claim.kind)().run(context)
            context.check()
            lifecycle.succeed(claim, outcome, context.files, context.progress)
        logger.info("job_succeeded")
    except BaseException as error:
        _discard(context)
        _ending(claim, error)()
        logger.info("job_stopped", extra={"reason": repr(error)})
        if isinstance(error, (SystemExit, KeyboardInterrupt)):
            raise


def _ending(claim: Claim, error: BaseException) -> Callable[[], None]:
    """What an error makes of the job."""
    match error:
        case lifecycle.LeaseLost():
            return lambda: None
        case SystemExit() | KeyboardInterrupt():
            return lambda: lifecycle.hand_back(claim)
        case JobCancelled():
            return lambda: lifecycle.cancelled(claim)
        case JobFailed():
            return _failing(claim, error.code, error.message)
        case SoftTimeLimitExceeded():
            return _failing(claim, "timeout", "The job took longer than its queue allows.")
        case StorageFull():
            return _failing(claim, "storage_full", str(error))
        case _:
            return _ending_of_trouble(claim, error)


def _ending_of_trouble(claim: Claim, error: BaseException) -> Callable[[], None]:
    if not isinstance(error, TRANSIENT):
        logger.error("job_defect", exc_info=error)
        message = "A defect on the server stopped the job; its log has the details."
        return _failing(claim, "internal", message)
    if claim.is_last_attempt:
        message = "The storage or the database kept failing; try again later."
        return _failing(claim, "unavailable", message)
    delay = _FIRST_DELAY * 2 ** (claim.attempt - 1)
    return lambda: lifecycle.release(claim, reason=repr(error), delay=delay)


def _failing(claim: Claim, code: str, message: str) -> Callable[[], None]:
    return lambda: lifecycle.fail(claim, code=code, message=message)


def _discard(context: JobContext) -> None:
    try:
        context.discard_outputs()
    except StorageError as error:
        logger.warning("outputs_left_to_sweeper", extra={"error": repr(error)})
