"""Test a year of schedules with two beats, two outages and every clock change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.db.models import Min
from django.db.models.functions import Now

from gridlink.accounts.models import User
from tasks.models import UNFINISHED, IdempotencyKey, Job, JobStatus, Schedule, ScheduledRun
from tasks.schedules.firing import fire_due
from tests.support.client import make_user
from tests.support.tasks.schedules import (
    Action,
    Fits,
    begin_at,
    each_time,
    make_schedule,
    once_each,
)

START, STOP = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
# Over a night on which Europe's clocks go forward, and a week in which they go back.
OUTAGES = [
    (datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 3, 29, 7, 40, tzinfo=UTC)),
    (datetime(2026, 10, 20, 3, tzinfo=UTC), datetime(2026, 10, 27, 9, 5, tzinfo=UTC)),
]
# All clocks are changed, and all slots are, at such moments.
STEP = timedelta(minutes=15)
GRACE = timedelta(minutes=15)
WORKDAYS = range(5)


@dataclass(frozen=True)
class Case:
    """A schedule, and when it has to fire, in other words."""

    rule: str
    form: str
    zone: str
    missed: str
    fits: Fits
    expected: Callable[..., Iterator[datetime]] = once_each
    days: dict[str, date] = field(default_factory=dict)

    def slots(self) -> list[datetime]:
        """Every slot of the year."""
        first, last = self.days.get("starts_on", date.min), self.days.get("ends_on", date.max)

        def fits(wall: datetime) -> bool:
            return first <= wall.date() <= last and self.fits(wall)

        return list(self.expected(self.zone, START, STOP, fits, STEP))


def at(wall: datetime, hour: int, minute: int = 0) -> bool:
    return (wall.hour, wall.minute) == (hour, minute)


def is_last_of_month(wall: datetime) -> bool:
    return (wall + timedelta(days=1)).month != wall.month


CASES = [
    # In the hour that is skipped in March, and shown twice in autumn.
    Case("30 3 * * *", "cron", "Europe/Athens", "catch_up", lambda w: at(w, 3, 30)),
    Case("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "rrule", "America/New_York", "skip", lambda w: at(w, 2, 30)),
    Case("15 2 * * SUN", "cron", "Australia/Lord_Howe", "skip", lambda w: at(w, 2, 15) and w.weekday() == 6),
    Case("45 9 * * MON-FRI", "cron", "Africa/Casablanca", "catch_up",
         lambda w: at(w, 9, 45) and w.weekday() in WORKDAYS),
    Case("FREQ=WEEKLY;BYDAY=MO;BYHOUR=0", "rrule", "Asia/Kathmandu", "skip",
         lambda w: at(w, 0) and w.weekday() == 0),
    Case("FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=23;BYMINUTE=45", "rrule", "America/Santiago", "catch_up",
         lambda w: at(w, 23, 45) and is_last_of_month(w)),
    # Each hour that there is, in the weeks of the changes.
    Case("0 * * * *", "cron", "Europe/Athens", "catch_up", lambda w: w.minute == 0, each_time,
         {"starts_on": date(2026, 3, 27), "ends_on": date(2026, 3, 31)}),
    Case("FREQ=HOURLY;BYMINUTE=45", "rrule", "Europe/London", "skip", lambda w: w.minute == 45, each_time,
         {"starts_on": date(2026, 10, 24), "ends_on": date(2026, 10, 29)}),
]  # fmt: skip


@pytest.fixture
def owner(transactional_db: None, published: Any, action: Action, settings: Any) -> User:
    settings.JOB_QUOTA_QUEUED = settings.JOB_QUOTA_ROWS_PER_DAY = settings.JOB_QUOTA_BYTES = 0
    return make_user("alice")


def make_case(owner: User, case: Case, name: str) -> Schedule:
    schedule = make_schedule(
        owner, name=name, params={"name": name}, rule=case.rule, form=case.form,
        time_zone=case.zone, missed=case.missed, starts_on=date(2025, 12, 1),
    )  # fmt: skip
    for key, day in case.days.items():
        setattr(schedule, key, day)
    return begin_at(schedule, START - timedelta(minutes=1))


def awake(moment: datetime) -> datetime:
    """The moment, or the end of the outage that it is in."""
    return next((end for begin, end in OUTAGES if begin <= moment < end), moment)


def expected(case: Case) -> list[tuple[datetime, str]]:
    """What has to become of each slot: run, unless it was over too long at the end of an outage."""
    outcome = {True: "submitted", False: "skipped"}
    return [
        (slot, outcome[case.missed == "catch_up" or awake(slot) - slot <= GRACE])
        for slot in case.slots()
    ]


def let_jobs_end() -> None:
    jobs = Job.objects.filter(status__in=UNFINISHED)
    jobs.update(status=JobStatus.SUCCEEDED, finished_on=Now())


def pass_a_year() -> int:
    """Two passes at the same time whenever there may be something to do, a little late; how often."""
    barrier = threading.Barrier(2)

    def fire(now: datetime) -> int:
        barrier.wait(timeout=30)
        return fire_due(now=now)

    def close(_: int) -> None:
        barrier.wait(timeout=30)
        connection.close()

    with ThreadPoolExecutor(2) as beats:
        for number in count():
            due = Schedule.objects.aggregate(first=Min("next_on"))["first"]
            if due is None or due >= STOP:
                list(beats.map(close, range(2)))
                return number
            now = awake(due + timedelta(seconds=number * 37 % 600))
            assert sum(beats.map(fire, [now, now + timedelta(seconds=number % 2)])) > 0
            if number % 10 == 0:
                let_jobs_end()
    raise AssertionError


@pytest.mark.timeout(300)
def test_every_slot_of_a_year_fires_once(owner: User, action: Action) -> None:
    schedules = [make_case(owner, case, str(number)) for number, case in enumerate(CASES)]
    passes = pass_a_year()
    for schedule, case in zip(schedules, CASES, strict=True):
        found = schedule.runs.order_by("slot").values_list("slot", "status")
        assert list(found) == expected(case), case.rule
    runs = ScheduledRun.objects.filter(status="submitted").select_related("job", "schedule")
    submitted_slots = [(run.schedule.name, run.slot.isoformat()) for run in runs]
    assert [
        (run.job.params["name"], run.job.params["slot"]) for run in runs if run.job
    ] == submitted_slots
    assert (
        Job.objects.count()
        == len(submitted_slots)
        == len(action.keys)
        == IdempotencyKey.objects.count()
    )
    # The year was one: every outage had something to miss, and both policies had their turn.
    assert passes > 900
    assert ScheduledRun.objects.filter(status="skipped").count() > 80


def test_the_year_is_what_a_calendar_says() -> None:
    numbers = [len(case.slots()) for case in CASES]
    hours = [5 * 24 - 1, 6 * 24 + 1]
    assert numbers == [365, 365, 52, 261, 52, 12, *hours]
    skipped = [slot for slot in CASES[0].slots() if slot.date() == date(2026, 3, 29)]
    assert skipped == [datetime(2026, 3, 29, 1, tzinfo=UTC)]
