"""The pass that starts what is due: each slot once, whoever else makes a pass at the same time.

A schedule's row is locked while its slots are dealt with, and one transaction notes them, queues their jobs
and moves `next_on` on: all of it or nothing. The database's clock says what is due.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

from billiard.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import connection, transaction

from gridlink.lib.database import is_unreachable
from gridlink.lib.errors import ApplicationError, Invalid
from tasks.errors import QuotaExceeded
from tasks.models import Schedule, ScheduledRun
from tasks.schedule_models import NOTE_LENGTH, Missed, RunStatus
from tasks.schedules import failures, registry
from tasks.schedules.deliveries import wishes
from tasks.schedules.rules import Rule, rule_of
from tasks.services import Submission

logger = logging.getLogger(__name__)

# Schedules in one pass; what is left over is the next one's.
BATCH = 500
# Slots of one schedule that are looked at after a long outage, the latest ones.
MISSED_MAX = 100
# From which moment on a slot that has passed is still run.
_STILL_RUN: dict[str, Callable[[datetime], datetime]] = {
    Missed.SKIP: lambda now: now - settings.SCHEDULE_GRACE,
    Missed.CATCH_UP: lambda now: datetime.min.replace(tzinfo=UTC),
}
_DEFECT = "A defect on the server stopped it; its log has the details."


@dataclass(frozen=True, slots=True)
class Passed:
    """The latest slots that have come, how many earlier ones are left out, and the slot to come."""

    slots: list[datetime]
    left_out: int
    following: datetime | None


def fire_due(*, now: datetime | None = None) -> int:
    """Fire every schedule whose slot has come; how many did. `now` is the database's unless it is given."""
    failures.settle_ended(BATCH)
    fired = 0
    while fired < BATCH and _fire_next(now):
        fired += 1
    if fired:
        logger.info("schedules_fired", extra={"schedules": fired})
    return fired


def database_now() -> datetime:
    """The moment by the clock that decides."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def rule_for(schedule: Schedule) -> Rule:
    """The rule that a schedule was given. Raises Invalid when it is none any more, as after a time zone was
    struck off the list."""
    return rule_of(
        rule=schedule.rule,
        form=schedule.form,
        time_zone=schedule.time_zone,
        starts_on=schedule.starts_on,
        ends_on=schedule.ends_on,
    )


def _fire_next(now: datetime | None) -> bool:
    with transaction.atomic():
        moment = now or database_now()
        # In the middle of a deployment another process may know an action that this one does not.
        due = Schedule.objects.filter(
            next_on__lte=moment, action__in=registry.names(), user__is_active=True
        )
        locked = due.select_for_update(skip_locked=True, of=("self",), no_key=True)
        schedule = locked.select_related("user").order_by("next_on", "id").first()
        if schedule is None:
            return False
        failures.settle(schedule)
        _fire(schedule, moment)
        schedule.save()
    return True


def _fire(schedule: Schedule, now: datetime) -> None:
    if schedule.next_on is None:
        return  # its jobs have failed too often meanwhile
    try:
        passed = _passed(rule_for(schedule), schedule.next_on, now)
    except Invalid as error:
        failures.disable(schedule, f"Disabled, for its rule is not valid any more. {error.message}")
        return
    schedule.next_on, schedule.last_slot = passed.following, passed.slots[-1]
    runs = _run_all(schedule, passed.slots, _STILL_RUN[schedule.missed](now))
    if passed.left_out and runs:
        runs[0].note = f"{passed.left_out} slots before it were left out. {runs[0].note}".strip()
        details = {"schedule": schedule.slug, "slots": passed.left_out}
        logger.warning("slots_left_out", extra=details)
    ScheduledRun.objects.bulk_create(runs)


def _passed(rule: Rule, first: datetime, now: datetime) -> Passed:
    slots: deque[datetime] = deque(maxlen=MISSED_MAX)
    number = 0
    for slot in chain([first], rule.slots(first)):
        if slot > now:
            return Passed(list(slots), number - len(slots), slot)
        slots.append(slot)
        number += 1
    return Passed(list(slots), number - len(slots), None)


def _run_all(schedule: Schedule, slots: list[datetime], since: datetime) -> list[ScheduledRun]:
    """What becomes of each slot, in order, until the schedule is disabled."""
    noted = set(schedule.runs.filter(slot__in=slots).values_list("slot", flat=True))
    runs: list[ScheduledRun] = []
    for slot in slots:
        if slot in noted:
            continue
        if not schedule.is_enabled:
            break
        runs.append(_run(schedule, slot) if slot >= since else _skipped(schedule, slot))
    return runs


def _run(schedule: Schedule, slot: datetime) -> ScheduledRun:
    try:
        # A refusal leaves nothing behind but its note.
        with transaction.atomic():
            job = _submit(schedule, slot).job
    except QuotaExceeded as error:
        # A full queue is nothing that its owner could mend in the rule: after an outage it is what to expect.
        return _noted(schedule, slot, error.message)
    except ApplicationError as error:
        return _refused(schedule, slot, error.message)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        if is_unreachable(error):
            raise
        logger.error("schedule_defect", exc_info=error, extra={"schedule": schedule.slug})
        return _refused(schedule, slot, _DEFECT)
    return ScheduledRun(
        schedule=schedule, slot=slot, status=RunStatus.SUBMITTED, job=job, is_settled=False
    )


def _submit(schedule: Schedule, slot: datetime) -> Submission:
    action = registry.action_named(schedule.action)
    key = f"{schedule.slug}:{slot:%Y-%m-%dT%H:%M}Z"
    occasion = registry.Occasion(slot, key, wishes(schedule.deliveries))
    return action.submit(user=schedule.user, params=schedule.params, occasion=occasion)


def _refused(schedule: Schedule, slot: datetime, reason: str) -> ScheduledRun:
    failures.failed(schedule, reason)
    return _noted(schedule, slot, reason)


def _noted(schedule: Schedule, slot: datetime, reason: str) -> ScheduledRun:
    return ScheduledRun(
        schedule=schedule,
        slot=slot,
        status=RunStatus.REFUSED,
        note=reason[:NOTE_LENGTH],
        is_settled=True,
    )


def _skipped(schedule: Schedule, slot: datetime) -> ScheduledRun:
    note = "It was over too long when it was its turn."
    return ScheduledRun(
        schedule=schedule, slot=slot, status=RunStatus.SKIPPED, note=note, is_settled=True
    )
