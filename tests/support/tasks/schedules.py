"""Make schedules, define what they start in tests, and compute slots by a wall clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gridlink.accounts.models import User
from gridlink.lib.errors import ApplicationError, Invalid
from tasks.jobs.services import Submission, job_submit
from tasks.models import Schedule
from tasks.schedules.registry import Occurrence, ScheduledAction
from tasks.schedules.services import schedule_create
from tests.support.platform import KIND

MINUTE = timedelta(minutes=1)
Fits = Callable[[datetime], bool]


class Action(ScheduledAction):
    """Starts a job of the kind KIND, for each slot one of its own unless `params` has "same"; then raises
    `trouble`, if there is any."""

    name = "test"

    def __init__(self) -> None:
        self.trouble: Exception | None = None
        self.keys: list[str] = []

    def validate(self, *, user: User, params: dict[str, Any]) -> dict[str, Any]:
        if "bad" in params:
            raise Invalid("It is bad.", fields={"params": {"bad": ["It is bad."]}})
        return {**params, "validated": True}

    def submit(self, *, user: User, params: dict[str, Any], occurrence: Occurrence) -> Submission:
        self.keys.append(occurrence.key)
        own = {} if "same" in params else {"slot": occurrence.slot.isoformat()}
        submission = job_submit(
            user=user,
            kind=KIND,
            params={**params, **own},
            idempotency_key=occurrence.key,
            deliveries=occurrence.deliveries,
        )
        if self.trouble:
            raise self.trouble
        return submission


class Refusal(ApplicationError):
    """What an action may refuse with."""


def make_schedule(user: User, **fields: Any) -> Schedule:
    """Daily at 9 in Athens, unless the fields say something else; enabled since long ago."""
    given = {
        "name": "Daily",
        "action": "test",
        "rule": "FREQ=DAILY;BYHOUR=9",
        "form": "rrule",
        "time_zone": "Europe/Athens",
        "starts_on": date(2026, 1, 1),
        **fields,
    }
    return schedule_create(user=user, **given)


def begin_at(schedule: Schedule, moment: datetime) -> Schedule:
    """The schedule as if it had been made at that moment."""
    from tasks.schedules.firing import schedule_rule

    schedule.next_on = next(schedule_rule(schedule).slots(moment))
    schedule.save()
    return schedule


def each_time(
    zone: str, start: datetime, stop: datetime, fits: Fits, step: timedelta = MINUTE
) -> Iterator[datetime]:
    """The UTC moments in [start, stop), a step apart, at which the clock shows a fitting time."""
    for moment, wall in _looks(zone, start, stop, step):
        if fits(wall):
            yield moment


def once_each(
    zone: str, start: datetime, stop: datetime, fits: Fits, step: timedelta = MINUTE
) -> Iterator[datetime]:
    """The UTC moments in [start, stop), a step apart, at which the clock shows a fitting time first, or has
    just skipped one."""
    shown: set[datetime] = set()
    last: datetime | None = None
    # A day earlier, to know what has been shown.
    for moment, wall in _looks(zone, start - timedelta(days=2), stop, step):
        new = []
        while last is not None and last + step < wall:
            last += step
            new.append(last)
        new.append(wall)
        fresh = [at for at in new if at not in shown]
        shown.update(fresh)
        last = max(wall, last or wall)
        if moment >= start and any(fits(at) for at in fresh):
            yield moment


def _looks(
    zone: str, start: datetime, stop: datetime, step: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    """Each moment with what the clock shows."""
    there = ZoneInfo(zone)
    moment = start.astimezone(UTC)
    while moment < stop:
        yield moment, moment.astimezone(there).replace(tzinfo=None)
        moment += step
