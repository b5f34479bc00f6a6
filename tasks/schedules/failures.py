"""Count failures of schedules, disable those that keep failing, and isolate defects.

A defect that one schedule meets is logged, counts as its failure, and holds up no other schedule.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from copy import copy

from billiard.exceptions import SoftTimeLimitExceeded
from django.db import transaction

from gridlink.lib.database import is_unreachable
from tasks.models import (
    DELIVERED,
    FINISHED,
    NOTE_LENGTH,
    Job,
    JobStatus,
    Notification,
    NotificationType,
    Schedule,
)
from tasks.schedules import notes

logger = logging.getLogger(__name__)

FAILURES_MAX = 5
DEFECT = "A defect on the server stopped it; its log has the details."
# An expired job had delivered. A cancelled one says nothing about the schedule.
_SUCCEEDED = (*DELIVERED, JobStatus.EXPIRED)
Step = Callable[[Schedule], None]


def isolated(locked: Schedule, *steps: Step) -> Schedule | None:
    """Try steps on a locked schedule until one meets no defect; save it.

    Each step starts from the schedule as it was, in a savepoint of its own. Returns None when all of them
    met a defect, and then nothing has changed. Raises what ends the whole pass, as `log_defect` does.
    """
    for step in steps:
        schedule = copy(locked)
        try:
            with transaction.atomic():
                step(schedule)
                schedule.save()
        except Exception as error:
            log_defect(error, schedule)
        else:
            return schedule
    return None


def log_defect(error: Exception, schedule: Schedule) -> None:
    """Log a defect; raise an unreachable database or a time limit."""
    if isinstance(error, SoftTimeLimitExceeded) or is_unreachable(error):
        raise error
    logger.error("schedule_defect", exc_info=error, extra={"schedule": schedule.slug})


def settle_ended(limit: int) -> int:
    """Count the ended jobs of at most `limit` schedules; return how many schedules it did."""
    ended = Schedule.objects.filter(runs__is_settled=False, runs__job__status__in=FINISHED)
    keys = list(ended.order_by("id").values_list("id", flat=True).distinct()[:limit])
    return sum(map(_settle_one, keys))


def settle(schedule: Schedule) -> None:
    """Count a locked schedule's ended jobs in order; the caller saves it."""
    unsettled = schedule.runs.filter(is_settled=False)
    ended = Job.objects.filter(scheduled_runs__in=unsettled, status__in=FINISHED)
    jobs = list(ended.distinct().order_by("finished_on", "id"))
    for job in jobs:
        if job.status == JobStatus.FAILED:
            record_failure(schedule, job.error_message)
        elif job.status in _SUCCEEDED:
            schedule.failures = 0
    if jobs:
        unsettled.filter(job__in=jobs).update(is_settled=True)


def record_failure(schedule: Schedule, reason: str) -> None:
    """Count one more failure in a row, and disable the schedule after FAILURES_MAX."""
    schedule.failures += 1
    if schedule.is_enabled and schedule.failures >= FAILURES_MAX:
        disable(schedule, f"Disabled after {FAILURES_MAX} failures in a row. The last: {reason}")


def disable(schedule: Schedule, note: str) -> None:
    """Disable a schedule and notify its owner; the caller saves it."""
    schedule.is_enabled, schedule.next_on = False, None
    schedule.note = note[:NOTE_LENGTH]
    schedule.version += 1
    notes.skip_waiting(schedule)
    Notification.objects.create(
        user_id=schedule.user_id,
        type=NotificationType.SCHEDULE_DISABLED,
        title=f"The schedule {schedule.name} was disabled"[:300],
        data={"slug": schedule.slug, "note": schedule.note},
    )
    logger.warning("schedule_disabled", extra={"schedule": schedule.slug, "reason": note})


def _settle_one(key: int) -> bool:
    with transaction.atomic():
        locked = Schedule.objects.select_for_update(skip_locked=True, no_key=True)
        schedule = locked.filter(pk=key).first()
        return schedule is not None and isolated(schedule, settle, _write_off) is not None


def _write_off(schedule: Schedule) -> None:
    """Count a defect in `settle` as one failure, so that it is not repeated."""
    record_failure(schedule, DEFECT)
    schedule.runs.filter(is_settled=False, job__status__in=FINISHED).update(is_settled=True)
