"""Test slots whose owner's queue is full: they wait for room or the next slot."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db.models.functions import Now

from tasks.jobs.errors import QuotaExceeded
from tasks.models import (
    UNFINISHED,
    Channel,
    IdempotencyKey,
    Job,
    JobStatus,
    Schedule,
    ScheduledRun,
)
from tasks.notifications.recipients import DeliveryRequest, delivery_requests
from tasks.schedules import firing
from tasks.schedules.firing import fire_due
from tasks.schedules.services import ScheduleChanges, schedule_update
from tests.support.client import Client
from tests.support.platform import in_threads, user_of
from tests.support.tasks.schedules import Action, Refusal, begin_at, make_schedule

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]
# The slot of a schedule that is made by `make_schedule`: 9 in Athens.
NINE = datetime(2026, 5, 4, 6, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
FULL = "You have 2 queued jobs, which is the limit; wait until one has started."
OVER = "There was no room for its job in time. Enough."

Notes = list[tuple[datetime, str, str]]


@pytest.fixture
def daily(alice: Client, action: Action) -> Schedule:
    return begin_at(make_schedule(user_of(alice)), NINE - DAY)


@pytest.fixture
def full(action: Action) -> QuotaExceeded:
    """There is no room, until `action.trouble` is over."""
    action.trouble = QuotaExceeded("Enough.")
    return action.trouble


def notes(schedule: Schedule) -> Notes:
    return list(schedule.runs.order_by("slot").values_list("slot", "status", "note"))


def state(schedule: Schedule) -> tuple[Any, ...]:
    """The slot to come, the last that was, the failures, and whether it is enabled."""
    names = ("next_on", "last_slot", "failures", "is_enabled")
    return tuple(Schedule.objects.values_list(*names).get(pk=schedule.pk))


def let_jobs_end() -> None:
    Job.objects.filter(status__in=UNFINISHED).update(status=JobStatus.SUCCEEDED, finished_on=Now())


@pytest.mark.usefixtures("full")
def test_it_waits_for_room(daily: Schedule, action: Action) -> None:
    for minute in (0, 0, 1, 14, 16):
        assert fire_due(now=NINE + minute * MINUTE) == 0
        assert notes(daily) == [(NINE, "refused", "Enough.")]
        assert state(daily) == (NINE, None, 0, True)
    assert Job.objects.count() == IdempotencyKey.objects.count() == 0
    action.trouble = None
    # Later than what was missed may be.
    assert fire_due(now=NINE + 20 * HOUR) == 1
    assert notes(daily) == [(NINE, "submitted", "It had to wait. Enough.")]
    assert state(daily) == (NINE + DAY, NINE, 0, True)
    job = Job.objects.get()
    assert (job, job.params["slot"]) == (daily.runs.get().job, NINE.isoformat())
    assert fire_due(now=NINE + 21 * HOUR) == 0
    assert Job.objects.count() == 1


@pytest.mark.usefixtures("full")
def test_until_the_next_slot_comes(daily: Schedule, action: Action) -> None:
    for day in range(7):
        fire_due(now=NINE + day * DAY)
    waited: Notes = [(NINE + day * DAY, "skipped", OVER) for day in range(6)]
    last = NINE + 6 * DAY
    assert notes(daily) == [*waited, (last, "refused", "Enough.")]
    assert state(daily) == (last, last - DAY, 0, True)
    assert daily.runs.filter(is_settled=False).count() == 1
    assert Job.objects.count() == 0
    action.trouble = None
    fire_due(now=last + MINUTE)
    assert notes(daily) == [*waited, (last, "submitted", "It had to wait. Enough.")]
    assert state(daily) == (last + DAY, last, 0, True)


@pytest.mark.usefixtures("full")
def test_an_outage_while_it_waits(daily: Schedule, action: Action) -> None:
    fire_due(now=NINE)
    action.trouble = None
    fire_due(now=NINE + DAY + HOUR)
    assert notes(daily) == [
        (NINE, "skipped", OVER),
        (NINE + DAY, "skipped", "Its time was too long ago when the pass came to it."),
    ]
    assert Job.objects.count() == 0


def test_a_queue_that_was_full_and_has_room(alice: Client, action: Action, settings: Any) -> None:
    settings.JOB_QUOTA_QUEUED = 2
    schedule = begin_at(make_schedule(user_of(alice)), NINE - DAY)
    for day in range(3):
        fire_due(now=NINE + day * DAY)
    late = NINE + 2 * DAY
    assert notes(schedule)[2] == (late, "refused", FULL)
    let_jobs_end()
    assert fire_due(now=late + HOUR) == 1
    assert notes(schedule) == [
        (NINE, "submitted", ""),
        (NINE + DAY, "submitted", ""),
        (late, "submitted", f"It had to wait. {FULL}"),
    ]
    assert Job.objects.count() == 3


def test_what_is_caught_up_with_waits_in_order(
    alice: Client, action: Action, settings: Any
) -> None:
    settings.JOB_QUOTA_QUEUED = 2
    schedule = begin_at(make_schedule(user_of(alice), missed="catch_up"), NINE - MINUTE)
    slots = [NINE + day * DAY for day in range(5)]
    for number, count in enumerate((2, 4, 5)):
        now = slots[-1] + (number + 1) * MINUTE
        assert fire_due(now=now) == (count == 5)
        assert fire_due(now=now) == 0
        assert [status for _, status, _ in notes(schedule)] == [
            *["submitted"] * count,
            *["refused"] * (count < 5),
        ]
        assert state(schedule)[:2] == ([*slots, slots[-1] + DAY][count], slots[count - 1])
        let_jobs_end()
    found = [job.params["slot"] for job in Job.objects.order_by("id")]
    assert found == [slot.isoformat() for slot in slots]


@pytest.mark.usefixtures("full")
def test_what_waits_is_left_out_in_the_end(alice: Client, action: Action) -> None:
    schedule = make_schedule(user_of(alice), rule="0 * * * *", form="cron", missed="catch_up")
    begin_at(schedule, NINE - MINUTE)
    fire_due(now=NINE)
    fire_due(now=NINE + 149 * HOUR)
    kept = NINE + 50 * HOUR
    left = "50 slots before it were left out. Enough."
    assert notes(schedule) == [(NINE, "skipped", OVER), (kept, "refused", left)]
    assert state(schedule)[0] == kept
    action.trouble = None
    fire_due(now=NINE + 149 * HOUR)
    found = notes(schedule)
    assert found[1] == (kept, "submitted", f"It had to wait. {left}")
    assert [slot for slot, status, _ in found if status == "submitted"] == [
        NINE + hour * HOUR for hour in range(50, 150)
    ]


@pytest.mark.usefixtures("full")
def test_the_last_slot_of_a_rule_waits(daily: Schedule, action: Action) -> None:
    Schedule.objects.update(ends_on=NINE.date())
    fire_due(now=NINE)
    action.trouble = None
    fire_due(now=NINE + 9 * DAY)
    assert [status for _, status, _ in notes(daily)] == ["submitted"]
    assert state(daily) == (None, NINE, 0, True)


@pytest.mark.usefixtures("full")
def test_a_refusal_after_waiting_is_a_failure(daily: Schedule, action: Action) -> None:
    fire_due(now=NINE)
    action.trouble = Refusal("No such grid.")
    fire_due(now=NINE + MINUTE)
    assert notes(daily) == [(NINE, "refused", "No such grid.")]
    assert state(daily) == (NINE + DAY, NINE, 1, True)
    action.trouble = None
    assert fire_due(now=NINE + 2 * MINUTE) == 0


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(
    "changes", [ScheduleChanges(rule="FREQ=DAILY;BYHOUR=8"), ScheduleChanges(is_enabled=False)]
)
def test_its_owner_ends_the_wait(daily: Schedule, action: Action, changes: ScheduleChanges) -> None:
    fire_due(now=NINE)
    schedule_update(schedule=daily, version=None, changes=changes)
    assert notes(daily) == [(NINE, "skipped", OVER)]
    action.trouble = None
    assert fire_due(now=NINE + MINUTE) == 0
    assert Job.objects.count() == 0


@pytest.mark.usefixtures("full")
def test_what_is_changed_while_it_waits_holds(daily: Schedule, action: Action) -> None:
    fire_due(now=NINE)
    changes = ScheduleChanges(deliveries=[{"channel": "webhook"}])
    schedule_update(schedule=daily, version=None, changes=changes)
    assert notes(daily) == [(NINE, "refused", "Enough.")]
    action.trouble = None
    fire_due(now=NINE + MINUTE)
    assert delivery_requests(Job.objects.get()) == [DeliveryRequest(Channel.WEBHOOK)]


@pytest.mark.usefixtures("full")
def test_an_owner_s_full_queue_is_asked_once_a_pass(daily: Schedule, action: Action) -> None:
    other = begin_at(make_schedule(daily.user), NINE - MINUTE)
    fire_due(now=NINE)
    assert action.keys == [f"{daily.slug}:2026-05-04T06:00Z"]
    assert notes(daily) == notes(other) == [(NINE, "refused", "Enough.")]
    action.trouble = None
    assert fire_due(now=NINE + MINUTE) == 2


def test_others_do_not_wait(
    alice: Client, bob: Client, action: Action, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.JOB_QUOTA_QUEUED = 1
    monkeypatch.setattr(firing, "BATCH", 1)
    waiting = [
        begin_at(make_schedule(user_of(alice), params={"n": n}), NINE - MINUTE) for n in range(3)
    ]
    other = begin_at(make_schedule(user_of(bob)), NINE - MINUTE)
    assert [fire_due(now=NINE + n * MINUTE) for n in range(3)] == [1, 1, 0]
    assert [notes(each)[0][1] for each in waiting] == ["submitted", "refused", "refused"]
    assert [status for _, status, _ in notes(other)] == ["submitted"]


@pytest.mark.django_db(transaction=True)
def test_of_many_passes_at_once_one_fires_what_waited(
    alice: Client, action: Action, settings: Any
) -> None:
    settings.JOB_QUOTA_QUEUED = 5
    schedules = [
        begin_at(make_schedule(user_of(alice), params={"n": n}), NINE - DAY) for n in range(12)
    ]
    for minute, jobs in enumerate((5, 10, 12)):
        fire = partial(fire_due, now=NINE + minute * MINUTE)
        in_threads(4, fire)
        # A pass may find what is due locked by another, and leave it to the next one.
        fire()
        assert Job.objects.count() == IdempotencyKey.objects.count() == jobs
        let_jobs_end()
    runs = ScheduledRun.objects.order_by("schedule_id")
    assert list(runs.values_list("schedule_id", "slot", "status")) == [
        (schedule.pk, NINE, "submitted") for schedule in schedules
    ]
    assert len({run.job_id for run in runs}) == 12
    assert {state(schedule)[0] for schedule in schedules} == {NINE + DAY}


def test_ten_days_of_full_queues(alice: Client, action: Action, settings: Any) -> None:
    settings.JOB_QUOTA_QUEUED = 2
    chance, user = random.Random(7), user_of(alice)
    rule = {"rule": "0 */6 * * *", "form": "cron", "time_zone": "UTC"}
    schedules = {
        missed: begin_at(
            make_schedule(user, missed=missed, params={"missed": missed}, **rule), NINE - MINUTE
        )
        for missed in ("skip", "catch_up")
    }
    slots = [NINE + 6 * hour * HOUR for hour in range(10 * 4)]
    for tick in range(10 * 12):
        fire_due(now=NINE + tick * 2 * HOUR + MINUTE)
        if chance.random() < 0.3:
            let_jobs_end()
    settings.JOB_QUOTA_QUEUED = 0
    fire_due(now=slots[-1] + 6 * HOUR - MINUTE)
    found = {missed: notes(schedule) for missed, schedule in schedules.items()}
    assert [slot for slot, _, _ in found["skip"]] == slots
    assert [(slot, status) for slot, status, _ in found["catch_up"]] == [
        (slot, "submitted") for slot in slots
    ]
    statuses = Counter(status for _, status, _ in found["skip"])
    assert set(statuses) == {"submitted", "skipped"}
    # There was something to wait for, and something that waited in vain.
    assert min(statuses.values()) > 5, statuses
    assert any(note.startswith("It had to wait.") for _, _, note in found["skip"])
    runs = ScheduledRun.objects.filter(status="submitted").select_related("job", "schedule")
    expected = [(run.schedule.missed, run.slot.isoformat()) for run in runs]
    assert [
        (run.job.params["missed"], run.job.params["slot"]) for run in runs if run.job
    ] == expected
    assert Job.objects.count() == IdempotencyKey.objects.count() == len(expected)
    assert [state(schedule)[2:] for schedule in schedules.values()] == [(0, True)] * 2
