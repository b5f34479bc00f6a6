"""Read schedules and their slots."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from gridlink.accounts.models import User
from gridlink.lib.errors import Invalid
from tasks.models import Schedule, ScheduledRun
from tasks.schedules.firing import schedule_rule


def schedule_list(*, user: User) -> QuerySet[Schedule]:
    """List a user's schedules."""
    return Schedule.objects.filter(user=user)


def schedule_runs(*, schedule: Schedule) -> QuerySet[ScheduledRun]:
    """List the outcomes of a schedule's slots with their jobs, in one query."""
    return schedule.runs.select_related("job")


def schedule_next(*, schedule: Schedule, count: int = 5) -> list[datetime]:
    """Return the next slots in the schedule's time zone, none if disabled; without a query."""
    if schedule.next_on is None:
        return []
    try:
        rule = schedule_rule(schedule)
    except Invalid:
        return []  # fire_due disables the schedule
    first = schedule.next_on.astimezone(rule.zone)
    return [first, *rule.next(schedule.next_on, count - 1)]
