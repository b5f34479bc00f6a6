"""The pass that starts what is due: each slot once, whoever else makes a pass at the same time.

A schedule's row is locked while its slots are dealt with, and one transaction notes them, queues their jobs
and moves `next_on` on: all of it or nothing. The database's clock says what is due. A slot whose job finds no
room stays where `next_on` is, and is tried again in every pass.
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
from tasks.schedules.defects import DEFECT, isolated, told
from tasks.schedules.deliveries import wishes
from tasks.schedules.rules import Rule, make_rule

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
_FATE = ("status", "job", "note", "is_settled")
_TOO_LATE = "It was over too long when it was its turn."


@dataclass(frozen=True, slots=True)
class Passed:
    """The latest slots that have come, how many earlier ones are left out, and the slot to come."""

    slots: list[datetime]
    left_out: int
    following: datetime | None


@dataclass(slots=True)
class _Pass:
    """What one pass knows: how many schedules fired, which ones are to be left to the next pass, and what was
    said of full queues, by their owners, so that each is asked once."""

    now: datetime | None
    fired: int = 0
    left: set[int] = field(default_factory=set)
    full: dict[int, str] = field(default_factory=dict)


def fire_due(*, now: datetime | None = None) -> int:
    """Fire every schedule whose slot has come; how many did. `now` is the database's unless it is given."""
    failures.settle_ended(BATCH)
    this = _Pass(now)
    while this.fired < BATCH and _fire_next(this):
        pass
    if this.fired:
        logger.info("schedules_fired", extra={"schedules": this.fired})
    return this.fired


def database_now() -> datetime:
    """The moment by the clock that decides."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def schedule_rule(schedule: Schedule) -> Rule:
    """The rule that a schedule was given. Raises Invalid when it is none any more, as after a time zone was
    struck off the list."""
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
        # In the middle of a deployment another process may know an action that this one does not.
        due = Schedule.objects.filter(
            next_on__lte=moment, action__in=registry.names(), user__is_active=True
        ).exclude(pk__in=this.left)
        locked = due.select_for_update(skip_locked=True, of=("self",), no_key=True)
        schedule = locked.select_related("user").order_by("next_on", "id").first()
        if schedule is None:
            return False
        fire = partial(_fire, now=moment, full=this.full)
        after = isolated(schedule, fire, _lose_slot, _stop)
    if after is None or (after.next_on and after.next_on <= moment):
        this.left.add(schedule.pk)
    else:
        this.fired += 1
    return True


def _fire(schedule: Schedule, *, now: datetime, full: dict[int, str]) -> None:
    failures.settle(schedule)
    if schedule.next_on is None:
        return  # its jobs have failed too often meanwhile
    try:
        passed = _passed(schedule_rule(schedule), schedule.next_on, now)
    except Invalid as error:
        failures.disable(schedule, f"Disabled, for its rule is not valid any more. {error.message}")
        return
    notes.give_up(schedule, but=passed.slots)
    schedule.next_on = passed.following
    runs = _run_all(schedule, passed.slots, _STILL_RUN[schedule.missed](now), full)
    waited = [run for run in runs if run.pk]
    if passed.left_out and runs:
        runs[0].note = f"{passed.left_out} slots before it were left out. {runs[0].note}".strip()
        details = {"schedule": schedule.slug, "slots": passed.left_out}
        logger.warning("slots_left_out", extra=details)
    ScheduledRun.objects.bulk_create([run for run in runs if not run.pk])
    ScheduledRun.objects.bulk_update(waited, _FATE)


def _lose_slot(schedule: Schedule) -> None:
    """After a defect outside what a schedule starts: the slot has failed, and the next is the one after."""
    assert schedule.next_on
    slot = schedule.next_on
    schedule.next_on, schedule.last_slot = next(schedule_rule(schedule).slots(slot), None), slot
    run = ScheduledRun(schedule=schedule, slot=slot)
    failures.failed(schedule, DEFECT)
    notes.note(run, RunStatus.REFUSED, DEFECT)
    notes.give_up(schedule)
    ScheduledRun.objects.bulk_create([run], ignore_conflicts=True)


def _stop(schedule: Schedule) -> None:
    """When not even the next slot can be told."""
    failures.disable(schedule, f"Disabled, for its next slot could not be told. {DEFECT}")


def _passed(rule: Rule, first: datetime, now: datetime) -> Passed:
    slots: deque[datetime] = deque(maxlen=MISSED_MAX)
    number = 0
    for slot in chain([first], rule.slots(first)):
        if slot > now:
            return Passed(list(slots), number - len(slots), slot)
        slots.append(slot)
        number += 1
    return Passed(list(slots), number - len(slots), None)


def _run_all(
    schedule: Schedule, slots: list[datetime], since: datetime, full: dict[int, str]
) -> list[ScheduledRun]:
    """What becomes of each slot, in order, until there is no room for a job or the schedule is disabled."""
    runs: list[ScheduledRun] = []
    for run in _open(schedule, slots):
        if not schedule.is_enabled:
            break
        runs.append(run)
        # What waited has come in time, and may be late until the next slot comes.
        if run.slot >= since or (run.pk and run.slot == slots[-1]):
            _run(schedule, run, full)
        else:
            notes.note(run, RunStatus.SKIPPED, f"{notes.OVER} {run.note}" if run.pk else _TOO_LATE)
        if notes.is_waiting(run):
            schedule.next_on = run.slot
            break
        schedule.last_slot = run.slot
    return runs


def _open(schedule: Schedule, slots: list[datetime]) -> list[ScheduledRun]:
    """The slots of which it is not noted yet what became, and the one that waits as it was noted."""
    noted = {run.slot: run for run in schedule.runs.filter(slot__in=slots)}
    runs = [noted.get(slot) or ScheduledRun(schedule=schedule, slot=slot) for slot in slots]
    return [run for run in runs if not run.pk or notes.is_waiting(run)]


def _run(schedule: Schedule, run: ScheduledRun, full: dict[int, str]) -> None:
    try:
        job = _submit(schedule, run.slot, full)
    except QuotaExceeded as error:
        # A full queue is nothing that its owner could mend in the rule: after an outage it is what to expect.
        full[schedule.user_id] = error.message
        if not run.pk:
            notes.note(run, RunStatus.REFUSED, error.message, is_settled=False)
    except ApplicationError as error:
        _refuse(schedule, run, error.message)
    except Exception as error:
        told(error, schedule)
        _refuse(schedule, run, DEFECT)
    else:
        run.job = job
        note = f"It had to wait. {run.note}" if run.pk else ""
        notes.note(run, RunStatus.SUBMITTED, note, is_settled=False)


def _submit(schedule: Schedule, slot: datetime, full: dict[int, str]) -> Job:
    if schedule.user_id in full:
        raise QuotaExceeded(full[schedule.user_id])
    action = registry.get_action(schedule.action)
    key = f"{schedule.slug}:{slot:%Y-%m-%dT%H:%M}Z"
    occurrence = registry.Occurrence(slot, key, wishes(schedule.deliveries))
    # A refusal leaves nothing behind but its note.
    with transaction.atomic():
        return action.submit(user=schedule.user, params=schedule.params, occurrence=occurrence).job


def _refuse(schedule: Schedule, run: ScheduledRun, reason: str) -> None:
    failures.failed(schedule, reason)
    notes.note(run, RunStatus.REFUSED, reason)
