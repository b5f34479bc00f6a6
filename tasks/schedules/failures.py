"""How often in a row what a schedule starts has failed, and when that is enough."""

from __future__ import annotations

import logging

from django.db import transaction

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
from tasks.schedules.defects import DEFECT, isolated

logger = logging.getLogger(__name__)

FAILURES_MAX = 5
# An expired job had delivered once. A cancelled one says nothing about the schedule.
_WELL = (*DELIVERED, JobStatus.EXPIRED)


def settle_ended(limit: int) -> int:
    """Count the ends of jobs of so many schedules at most; of how many it did. Two at once share the work."""
    ended = Schedule.objects.filter(runs__is_settled=False, runs__job__status__in=FINISHED)
    keys = list(ended.order_by("id").values_list("id", flat=True).distinct()[:limit])
    return sum(map(_settle_one, keys))


def settle(schedule: Schedule) -> None:
    """Count the jobs of a locked schedule that have ended since, in the order in which they did. The caller
    saves the schedule."""
    unsettled = schedule.runs.filter(is_settled=False)
    ended = Job.objects.filter(scheduled_runs__in=unsettled, status__in=FINISHED)
    jobs = list(ended.distinct().order_by("finished_on", "id"))
    for job in jobs:
        if job.status == JobStatus.FAILED:
            failed(schedule, job.error_message)
        elif job.status in _WELL:
            schedule.failures = 0
    if jobs:
        unsettled.filter(job__in=jobs).update(is_settled=True)


def failed(schedule: Schedule, reason: str) -> None:
    """One more failure in a row; the last one that may be disables the schedule."""
    schedule.failures += 1
    if schedule.is_enabled and schedule.failures >= FAILURES_MAX:
        disable(schedule, f"Disabled after {FAILURES_MAX} failures in a row. The last: {reason}")


def disable(schedule: Schedule, note: str) -> None:
    """Stop a schedule until its owner, who is told, enables it again. The caller saves it."""
    schedule.is_enabled, schedule.next_on = False, None
    schedule.note = note[:NOTE_LENGTH]
    schedule.version += 1
    notes.give_up(schedule)
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
        if schedule is None:
            return False
        return isolated(schedule, settle, _write_off) is not None


def _write_off(schedule: Schedule) -> None:
    """After a defect: what it ended with counts as one failure, lest it be met again in every pass."""
    failed(schedule, DEFECT)
    schedule.runs.filter(is_settled=False, job__status__in=FINISHED).update(is_settled=True)
