"""Start the jobs of due schedules, each slot once in however many passes.

One transaction locks a schedule, records its slots, queues their jobs and moves `next_on` on. The database's
clock decides what is due. A slot whose job finds no room stays `next_on`, and every pass tries it again.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import chain

from django.conf import settings
from django.db import connection, transaction

from gridlink.lib.errors import ApplicationError, Invalid
from tasks.jobs.errors import QuotaExceeded
from tasks.models import Job, Missed, RunStatus, Schedule, ScheduledRun
from tasks.schedules import failures, notes, registry
from tasks.schedules.deliveries import delivery_requests
from tasks.schedules.failures import DEFECT, isolated, log_defect
from tasks.schedules.rules import Rule, make_rule

logger = logging.getLogger(__name__)

# Schedules in one pass; the next pass takes the others.
BATCH = 500
# After a long outage only this many of a schedule's slots count, the latest.
MISSED_MAX = 100
# The time since which a slot that has passed is still run.
_STILL_RUN: dict[str, Callable[[datetime], datetime]] = {
    Missed.SKIP: lambda now: now - settings.SCHEDULE_GRACE,
    Missed.CATCH_UP: lambda now: datetime.min.replace(tzinfo=UTC),
}
_OUTCOME = ("status", "job", "note", "is_settled")
_TOO_LATE = "Its time was too long ago when the pass came to it."


@dataclass(slots=True)
class _Pass:
    """Hold how many schedules a pass fired, which it leaves, and full queues by owner."""

    now: datetime | None
    fired: int = 0
    left: set[int] = field(default_factory=set)
    full: dict[int, str] = field(default_factory=dict)


def fire_due(*, now: datetime | None = None) -> int:
    """Fire every due schedule and return how many; `now` is the database's unless given."""
    failures.settle_ended(BATCH)
    this = _Pass(now)
    while this.fired < BATCH and _fire_next(this):
        pass
    if this.fired:
        logger.info("schedules_fired", extra={"schedules": this.fired})
    return this.fired


def database_now() -> datetime:
    """Return the database's time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def schedule_rule(schedule: Schedule) -> Rule:
    """Return a schedule's rule. Raises Invalid when, say, its time zone no longer exists."""
    return make_rule(
        rule=schedule.rule,
        form=schedule.form,
        time_zone=schedule.time_zone,
        starts_on=schedule.starts_on,
        ends_on=schedule.ends_on,
    )


def _fire_next(this: _Pass) -> bool:
    with transaction.atomic():
        moment = this.now or database_now()
        # During a deployment another process may know actions that this one does not.
        due = Schedule.objects.filter(
            next_on__lte=moment, action__in=registry.names(), user__is_active=True
        ).exclude(pk__in=this.left)
        locked = due.select_for_update(skip_locked=True, of=("self",), no_key=True)
        schedule = locked.select_related("user").order_by("next_on", "id").first()
        if schedule is None:
            return False
        fire = partial(_fire, now=moment, full=this.full)
        after = isolated(schedule, fire, _fail_slot, _disable)
    if after is None or (after.next_on and after.next_on <= moment):
        this.left.add(schedule.pk)
    else:
        this.fired += 1
    return True


def _fire(schedule: Schedule, *, now: datetime, full: dict[int, str]) -> None:
    failures.settle(schedule)
    if schedule.next_on is None:
        return  # settle() has disabled it
    try:
        slots, left_out, following = _passed_slots(schedule_rule(schedule), schedule.next_on, now)
    except Invalid as error:
        failures.disable(schedule, f"Disabled because its rule is no longer valid. {error.message}")
        return
    notes.skip_waiting(schedule, keep=slots)
    schedule.next_on = following
    runs = _run_all(schedule, slots, _STILL_RUN[schedule.missed](now), full)
    waited = [run for run in runs if run.pk]
    if left_out and runs:
        runs[0].note = f"{left_out} slots before it were left out. {runs[0].note}".strip()
        details = {"schedule": schedule.slug, "slots": left_out}
        logger.warning("slots_left_out", extra=details)
    ScheduledRun.objects.bulk_create([run for run in runs if not run.pk])
    ScheduledRun.objects.bulk_update(waited, _OUTCOME)


def _fail_slot(schedule: Schedule) -> None:
    """Fail the slot after a defect outside the action, and go on to the next."""
    assert schedule.next_on
    slot = schedule.next_on
    schedule.next_on, schedule.last_slot = next(schedule_rule(schedule).slots(slot), None), slot
    run = ScheduledRun(schedule=schedule, slot=slot)
    failures.record_failure(schedule, DEFECT)
    notes.record(run, RunStatus.REFUSED, DEFECT)
    notes.skip_waiting(schedule)
    ScheduledRun.objects.bulk_create([run], ignore_conflicts=True)


def _disable(schedule: Schedule) -> None:
    """Disable a schedule whose next slot cannot be computed."""
    failures.disable(schedule, f"Disabled because its next slot cannot be computed. {DEFECT}")


def _passed_slots(
    rule: Rule, first: datetime, now: datetime
) -> tuple[list[datetime], int, datetime | None]:
    """Return the latest passed slots, how many were left out, and the next."""
    slots: deque[datetime] = deque(maxlen=MISSED_MAX)
    number = 0
    for slot in chain([first], rule.slots(first)):
        if slot > now:
            return list(slots), number - len(slots), slot
        slots.append(slot)
        number += 1
    return list(slots), number - len(slots), None


def _run_all(
    schedule: Schedule, slots: list[datetime], since: datetime, full: dict[int, str]
) -> list[ScheduledRun]:
    """Run slots in order, until a job finds no room or the schedule is disabled."""
    runs: list[ScheduledRun] = []
    for run in _undecided(schedule, slots):
        if not schedule.is_enabled:
            break
        runs.append(run)
        # A slot that waited came in time, and may run late until the next slot comes.
        if run.slot >= since or (run.pk and run.slot == slots[-1]):
            _run(schedule, run, full)
        else:
            notes.record(
                run, RunStatus.SKIPPED, f"{notes.NO_ROOM} {run.note}" if run.pk else _TOO_LATE
            )
        if notes.is_waiting(run):
            schedule.next_on = run.slot
            break
        schedule.last_slot = run.slot
    return runs


def _undecided(schedule: Schedule, slots: list[datetime]) -> list[ScheduledRun]:
    """Return the slots without an outcome, and the waiting one as it was recorded."""
    recorded = {run.slot: run for run in schedule.runs.filter(slot__in=slots)}
    runs = [recorded.get(slot) or ScheduledRun(schedule=schedule, slot=slot) for slot in slots]
    return [run for run in runs if not run.pk or notes.is_waiting(run)]


def _run(schedule: Schedule, run: ScheduledRun, full: dict[int, str]) -> None:
    try:
        job = _submit(schedule, run.slot, full)
    except QuotaExceeded as error:
        # Not a failure: after an outage a full queue is to be expected, and no rule could avoid it.
        full[schedule.user_id] = error.message
        if not run.pk:
            notes.record(run, RunStatus.REFUSED, error.message, is_settled=False)
    except ApplicationError as error:
        _refuse(schedule, run, error.message)
    except Exception as error:
        log_defect(error, schedule)
        _refuse(schedule, run, DEFECT)
    else:
        run.job = job
        note = f"It had to wait. {run.note}" if run.pk else ""
        notes.record(run, RunStatus.SUBMITTED, note, is_settled=False)


def _submit(schedule: Schedule, slot: datetime, full: dict[int, str]) -> Job:
    if schedule.user_id in full:
        raise QuotaExceeded(full[schedule.user_id])
    action = registry.get_action(schedule.action)
    key = f"{schedule.slug}:{slot:%Y-%m-%dT%H:%M}Z"
    occurrence = registry.Occurrence(slot, key, delivery_requests(schedule.deliveries))
    # A refusal leaves nothing behind but its record.
    with transaction.atomic():
        return action.submit(user=schedule.user, params=schedule.params, occurrence=occurrence).job


def _refuse(schedule: Schedule, run: ScheduledRun, reason: str) -> None:
    failures.record_failure(schedule, reason)
    notes.record(run, RunStatus.REFUSED, reason)
