"""Create, change and delete schedules for their owner; `tasks.schedules.firing` starts their jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from gridlink.accounts.models import User
from gridlink.lib.database import lock_row
from gridlink.lib.errors import NotFound
from gridlink.lib.models import require_version
from gridlink.lib.unset import UNSET, Unset, given
from tasks.jobs.errors import QuotaExceeded
from tasks.models import Missed, Schedule
from tasks.schedules import notes
from tasks.schedules.deliveries import validate_deliveries
from tasks.schedules.firing import database_now, schedule_rule
from tasks.schedules.recurrence import invalid_field
from tasks.schedules.registry import get_action
from tasks.schedules.rules import HORIZON, Rule, find_zone, make_rule

_RULE_FIELDS = {"rule", "form", "time_zone", "starts_on", "ends_on"}
_ACTION_FIELDS = {"action", "params"}


@dataclass(frozen=True, slots=True)
class ScheduleChanges:
    """Name the fields of a schedule to change; what is UNSET stays."""

    name: str | Unset = UNSET
    action: str | Unset = UNSET
    params: dict[str, Any] | Unset = UNSET
    rule: str | Unset = UNSET
    form: str | Unset = UNSET
    time_zone: str | Unset = UNSET
    starts_on: date | Unset = UNSET
    ends_on: date | Unset | None = UNSET
    missed: str | Unset = UNSET
    deliveries: list[dict[str, Any]] | Unset = UNSET
    is_enabled: bool | Unset = UNSET


def schedule_create(
    *,
    user: User,
    name: str,
    action: str,
    rule: str,
    form: str,
    time_zone: str,
    starts_on: date | None = None,
    ends_on: date | None = None,
    params: dict[str, Any] | None = None,
    missed: str = Missed.SKIP,
    deliveries: Sequence[dict[str, Any]] = (),
    is_enabled: bool = True,
) -> Schedule:
    """Create a schedule, which starts today in its time zone unless `starts_on` is given.

    Raises Invalid, naming the wrong field, QuotaExceeded, and what its action raises.
    """
    with transaction.atomic():
        # A user's requests take turns, so that each counts the schedules of the others.
        lock_row(user)
        _check_quota(user)
        schedule = Schedule(
            user=user,
            name=name,
            action=action,
            params=params or {},
            rule=rule,
            form=form,
            time_zone=time_zone,
            starts_on=starts_on or _today(time_zone),
            ends_on=ends_on,
            missed=missed,
            deliveries=list(deliveries),
            is_enabled=is_enabled,
        )
        _check_action(schedule)
        schedule.deliveries = validate_deliveries(schedule.deliveries)
        _set_next_slot(schedule)
        schedule.save(force_insert=True)
    return schedule


def schedule_update(
    *, schedule: Schedule, version: int | None, changes: ScheduleChanges
) -> Schedule:
    """Change a schedule; enabling resets failures. Raises PreconditionFailed and as `schedule_create`."""
    values = given(changes)
    with transaction.atomic():
        schedule = _locked(schedule)
        require_version(schedule.version, version)
        was_enabled = schedule.is_enabled
        for name, value in values.items():
            setattr(schedule, name, value)
        if values.keys() & _ACTION_FIELDS:
            _check_action(schedule)
        schedule.deliveries = validate_deliveries(schedule.deliveries)
        if schedule.is_enabled and not was_enabled:
            schedule.failures, schedule.note = 0, ""
            schedule.runs.filter(is_settled=False).update(is_settled=True)
        if values.keys() & _RULE_FIELDS or schedule.is_enabled != was_enabled:
            _set_next_slot(schedule)
            notes.skip_waiting(schedule)
        schedule.version += 1
        schedule.modified_on = timezone.now()
        schedule.save()
    return schedule


def schedule_delete(*, schedule: Schedule, version: int | None) -> None:
    """Delete a schedule and its slots; its jobs stay. Raises PreconditionFailed."""
    with transaction.atomic():
        schedule = _locked(schedule)
        require_version(schedule.version, version)
        schedule.delete()


def rule_preview(
    *,
    rule: str,
    form: str,
    time_zone: str,
    starts_on: date | None = None,
    ends_on: date | None = None,
    count: int = 5,
) -> list[datetime]:
    """Return the next slots that a rule would have, in its time zone. Raises Invalid."""
    start = starts_on or _today(time_zone)
    made = make_rule(rule=rule, form=form, time_zone=time_zone, starts_on=start, ends_on=ends_on)
    return _next_slots(made, database_now(), count)


def _today(time_zone: str) -> date:
    return database_now().astimezone(find_zone(time_zone)).date()


def _locked(schedule: Schedule) -> Schedule:
    locked = Schedule.objects.select_for_update(no_key=True, of=("self",)).select_related("user")
    found = locked.filter(pk=schedule.pk).first()
    if found is None:
        raise NotFound
    return found


def _check_quota(user: User) -> None:
    limit = settings.SCHEDULES_PER_USER
    if limit and Schedule.objects.filter(user=user)[:limit].count() == limit:
        raise QuotaExceeded(f"You have {limit} schedules, which is the limit; delete one first.")


def _check_action(schedule: Schedule) -> None:
    action = get_action(schedule.action)
    schedule.params = action.validate(user=schedule.user, params=schedule.params)


def _set_next_slot(schedule: Schedule) -> None:
    """Set the next slot; even a disabled schedule's rule must have one."""
    now = database_now()
    # A rule that is changed and changed back fires no slot twice.
    after = max(now, schedule.last_slot or now)
    first = _next_slots(schedule_rule(schedule), after, 1)[0]
    schedule.next_on = first if schedule.is_enabled else None


def _next_slots(rule: Rule, after: datetime, count: int) -> list[datetime]:
    slots = rule.next(after, count)
    if not slots:
        years = HORIZON.days // 365
        raise invalid_field("rule", f"The rule has no slot in the next {years} years.")
    return slots
