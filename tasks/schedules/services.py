"""Writes of schedules that their owner asks for; the pass that fires them is `tasks.schedules.firing`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from gridlink.accounts.models import User
from gridlink.lib.database import lock_row
from gridlink.lib.errors import NotFound
from gridlink.lib.models import require_version
from tasks.jobs.errors import QuotaExceeded
from tasks.models import Schedule
from tasks.schedules import notes
from tasks.schedules.deliveries import checked
from tasks.schedules.firing import database_now, schedule_rule
from tasks.schedules.recurrence import invalid_field
from tasks.schedules.registry import get_action
from tasks.schedules.rules import HORIZON, zone_of

_RULE_FIELDS = {"rule", "form", "time_zone", "starts_on", "ends_on"}
_ACTION_FIELDS = {"action", "params"}


def schedule_create(*, user: User, **fields: Any) -> Schedule:
    """Make a schedule, which begins today unless `starts_on` names another day of its zone. Raises Invalid,
    naming the field that is wrong, whatever its action raises, and QuotaExceeded."""
    with transaction.atomic():
        # A user's requests take turns here, so that none misses the schedule of another.
        lock_row(user)
        _check_quota(user)
        schedule = Schedule(user=user, **_begun(fields))
        _check_action(schedule)
        schedule.deliveries = checked(schedule.deliveries)
        _aim(schedule)
        schedule.save(force_insert=True)
    return schedule


def schedule_update(
    *, schedule: Schedule, version: int | None, changes: dict[str, Any]
) -> Schedule:
    """Change a schedule. A changed rule counts from now on; enabling one forgets its failures.

    Raises PreconditionFailed, and what `schedule_create` does."""
    with transaction.atomic():
        schedule = _locked(schedule)
        require_version(schedule.version, version)
        was_enabled = schedule.is_enabled
        for name, value in changes.items():
            setattr(schedule, name, value)
        if changes.keys() & _ACTION_FIELDS:
            _check_action(schedule)
        schedule.deliveries = checked(schedule.deliveries)
        if schedule.is_enabled and not was_enabled:
            _forgive(schedule)
        if changes.keys() & _RULE_FIELDS or schedule.is_enabled != was_enabled:
            _aim(schedule)
            notes.give_up(schedule)
        schedule.version += 1
        schedule.modified_on = timezone.now()
        schedule.save()
    return schedule


def schedule_delete(*, schedule: Schedule, version: int | None) -> None:
    """Delete a schedule and the notes of its slots; its jobs stay. Raises PreconditionFailed."""
    with transaction.atomic():
        schedule = _locked(schedule)
        require_version(schedule.version, version)
        schedule.delete()


def rule_preview(*, count: int = 5, **fields: Any) -> list[datetime]:
    """The next slots that a rule would have, as clocks in its zone show them. Raises Invalid."""
    return _slots(Schedule(**_begun(fields)), database_now(), count)


def _begun(fields: dict[str, Any]) -> dict[str, Any]:
    if "starts_on" in fields:
        return fields
    here = database_now().astimezone(zone_of(fields["time_zone"]))
    return {**fields, "starts_on": here.date()}


def _locked(schedule: Schedule) -> Schedule:
    locked = Schedule.objects.select_for_update(no_key=True, of=("self",)).select_related("user")
    found = locked.filter(pk=schedule.pk).first()
    if found is None:
        raise NotFound
    return found


def _check_quota(user: User) -> None:
    limit = settings.SCHEDULES_PER_USER
    if limit and Schedule.objects.of(user)[:limit].count() == limit:
        raise QuotaExceeded(f"You have {limit} schedules already, which is all that may be.")


def _check_action(schedule: Schedule) -> None:
    action = get_action(schedule.action)
    schedule.params = action.validate(user=schedule.user, params=schedule.params)


def _forgive(schedule: Schedule) -> None:
    schedule.failures, schedule.note = 0, ""
    schedule.runs.filter(is_settled=False).update(is_settled=True)


def _aim(schedule: Schedule) -> None:
    """Set the slot to come. The rule must have one, also while the schedule is disabled."""
    now = database_now()
    # A rule that is changed and changed back does not fire a slot twice.
    after = max(now, schedule.last_slot or now)
    first = _slots(schedule, after, 1)[0]
    schedule.next_on = first if schedule.is_enabled else None


def _slots(schedule: Schedule, after: datetime, count: int) -> list[datetime]:
    slots = schedule_rule(schedule).next(after, count)
    if not slots:
        years = HORIZON.days // 365
        raise invalid_field("rule", f"The rule has no slot in the {years} years to come.")
    return slots
