"""Reads of schedules."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from gridlink.accounts.models import User
from gridlink.lib.errors import Invalid
from tasks.models import Schedule, ScheduledRun
from tasks.schedules.firing import schedule_rule


def schedule_list(*, user: User) -> QuerySet[Schedule]:
    """A user's schedules."""
    return Schedule.objects.of(user)


def schedule_get(*, user: User, slug: str) -> Schedule | None:
    """One of a user's schedules."""
    return Schedule.objects.of(user).filter(slug=slug).first()


def schedule_runs(*, schedule: Schedule) -> QuerySet[ScheduledRun]:
    """What became of a schedule's slots, with their jobs: 1 query a page."""
    return schedule.runs.select_related("job")


def schedule_next(*, schedule: Schedule, count: int = 5) -> list[datetime]:
    """The slots to come, as clocks in the schedule's zone show them; none while it is disabled. 0 queries."""
    if schedule.next_on is None:
        return []
    try:
        rule = schedule_rule(schedule)
    except Invalid:
        return []  # which the next pass finds out and notes
    first = schedule.next_on.astimezone(rule.zone)
    return [first, *rule.next(schedule.next_on, count - 1)]
