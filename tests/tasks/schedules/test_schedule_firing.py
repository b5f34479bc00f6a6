"""Test the pass that fires schedules: each slot once, missed slots, repeated failures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection
from django.db.models.functions import Now

from tasks import tasks
from tasks.jobs import lifecycle
from tasks.jobs.lifecycle import Outcome, Progress
from tasks.models import (
    Channel,
    IdempotencyKey,
    Job,
    JobEvent,
    Notification,
    PeriodicRun,
    Schedule,
    ScheduledRun,
)
from tasks.notifications.recipients import DeliveryRequest, delivery_requests
from tasks.schedules import registry
from tasks.schedules.firing import fire_due
from tasks.schedules.services import ScheduleChanges, schedule_delete, schedule_update
from tests.support.client import Client
from tests.support.platform import claim_of, in_threads, user_of
from tests.support.tasks.schedules import Action, Refusal, begin_at, make_schedule

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]
# The slot of a schedule that is made by `daily`: 9 in Athens.
NINE = datetime(2026, 5, 4, 6, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def daily(alice: Client, action: Action) -> Schedule:
    return begin_at(make_schedule(user_of(alice)), NINE - DAY)


def notes(schedule: Schedule) -> list[tuple[datetime, str]]:
    return list(schedule.runs.order_by("slot").values_list("slot", "status"))


def fields(schedule: Schedule) -> dict[str, Any]:
    names = ("is_enabled", "failures", "note", "next_on", "last_slot", "version")
    (found,) = Schedule.objects.filter(pk=schedule.pk).values(*names)
    return dict(found)


def end(job: Job | None, status: str) -> None:
    """Let a job end in its way."""
    assert job
    if status == "cancelled":
        assert lifecycle.request_cancel(job)
        return
    claim = claim_of(job)
    if status == "succeeded":
        lifecycle.succeed(claim, Outcome(), [], Progress())
    else:
        lifecycle.fail(claim, code="bad", message="It broke.")


def run_and_end(schedule: Schedule, *ends: str, start: int = 0) -> None:
    """Fire so many slots, one a day, each job ending before the next."""
    for day, status in enumerate(ends, start):
        fire_due(now=NINE + day * DAY)
        end(schedule.runs.latest("slot").job, status)


def test_slot_that_has_come_starts_its_job(
    daily: Schedule,
    action: Action,
    published: list[tuple[str, str]],
    django_capture_on_commit_callbacks: Any,
) -> None:
    assert daily.next_on == NINE
    assert fire_due(now=NINE - SECOND) == 0
    assert notes(daily) == []
    with django_capture_on_commit_callbacks(execute=True):
        assert fire_due(now=NINE) == 1
    run = daily.runs.get()
    job = run.job
    assert job
    assert (run.slot, run.status, run.note, run.is_settled) == (NINE, "submitted", "", False)
    assert job.params == {"validated": True, "slot": NINE.isoformat()}
    assert job.user_id == daily.user_id
    assert published == [(job.slug, job.queue)]
    assert fields(daily) == {
        "is_enabled": True, "failures": 0, "note": "", "version": 1,
        "next_on": NINE + DAY, "last_slot": NINE,
    }  # fmt: skip
    assert action.keys == [f"{daily.slug}:2026-05-04T06:00Z"]
    assert IdempotencyKey.objects.get().key == action.keys[0]


def test_the_databases_clock_decides(daily: Schedule) -> None:
    Schedule.objects.update(next_on=Now() + timedelta(hours=1))
    assert fire_due() == 0
    Schedule.objects.update(next_on=Now() - SECOND)
    tasks.fire_schedules(unknown="of a later version")
    assert daily.runs.get().status == "submitted"


def test_another_pass_does_nothing(daily: Schedule) -> None:
    assert fire_due(now=NINE) == 1
    assert fire_due(now=NINE + MINUTE) == 0
    # A clock that went back.
    assert fire_due(now=NINE - DAY) == 0
    assert Job.objects.count() == 1


def test_slot_that_is_noted_is_not_run_whatever_the_schedule_says(
    daily: Schedule, action: Action
) -> None:
    fire_due(now=NINE)
    Schedule.objects.update(next_on=NINE)
    fire_due(now=NINE + MINUTE)
    assert len(action.keys) == 1
    assert notes(daily) == [(NINE, "submitted")]
    assert fields(daily)["next_on"] == NINE + DAY


def test_a_slot_cannot_be_noted_twice(daily: Schedule) -> None:
    fire_due(now=NINE)
    again = ScheduledRun(schedule=daily, slot=NINE, status="skipped", is_settled=True)
    with pytest.raises(IntegrityError, match="scheduled_run_once"):
        again.save()


def test_a_crash_on_the_way_leaves_nothing(
    daily: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*args: Any, **kwargs: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(ScheduledRun.objects, "bulk_create", crash)
        with pytest.raises(SystemExit):
            fire_due(now=NINE)
    assert Job.objects.count() == JobEvent.objects.count() == IdempotencyKey.objects.count() == 0
    assert fields(daily)["next_on"] == NINE
    fire_due(now=NINE + MINUTE)
    assert Job.objects.count() == 1


def test_a_database_that_is_away_is_no_failure(daily: Schedule, action: Action) -> None:
    action.trouble = OperationalError("gone")
    with pytest.raises(OperationalError):
        fire_due(now=NINE)
    assert (fields(daily)["failures"], fields(daily)["next_on"], notes(daily)) == (0, NINE, [])


@pytest.mark.django_db(transaction=True)
def test_of_many_passes_at_once_one_fires(alice: Client, action: Action) -> None:
    schedules = [
        begin_at(make_schedule(user_of(alice), params={"n": n}), NINE - DAY) for n in range(12)
    ]
    fired = in_threads(6, lambda: fire_due(now=NINE))
    assert sum(fired) == 12
    assert sorted(ScheduledRun.objects.values_list("schedule_id", "slot")) == [
        (schedule.pk, NINE) for schedule in schedules
    ]
    assert Job.objects.count() == len(set(action.keys)) == len(action.keys) == 12


def test_skip_runs_what_is_just_over_and_notes_the_rest(alice: Client, action: Action) -> None:
    schedule = make_schedule(user_of(alice), rule="*/15 * * * *", form="cron")
    begin_at(schedule, NINE - MINUTE)
    fire_due(now=NINE + timedelta(minutes=37))
    assert notes(schedule) == [
        (NINE, "skipped"),
        (NINE + 15 * MINUTE, "skipped"),
        (NINE + 30 * MINUTE, "submitted"),
    ]
    assert fields(schedule)["next_on"] == NINE + 45 * MINUTE


@pytest.mark.parametrize(("late", "status"), [(899, "submitted"), (901, "skipped")])
def test_grace(daily: Schedule, late: int, status: str) -> None:
    fire_due(now=NINE + late * SECOND)
    assert notes(daily) == [(NINE, status)]


def test_catch_up_runs_every_slot_that_was_missed(alice: Client, action: Action) -> None:
    schedule = begin_at(make_schedule(user_of(alice), missed="catch_up"), NINE - MINUTE)
    fire_due(now=NINE + 4 * DAY + timedelta(hours=5))
    slots = [NINE + day * DAY for day in range(5)]
    assert notes(schedule) == [(slot, "submitted") for slot in slots]
    assert [job.params["slot"] for job in Job.objects.order_by("id")] == [
        slot.isoformat() for slot in slots
    ]


@pytest.mark.parametrize(("missed", "status"), [("catch_up", "submitted"), ("skip", "skipped")])
def test_long_outage_is_bounded(alice: Client, action: Action, missed: str, status: str) -> None:
    schedule = make_schedule(user_of(alice), rule="0 * * * *", form="cron", missed=missed)
    begin_at(schedule, NINE - MINUTE)
    fire_due(now=NINE + timedelta(hours=149, minutes=30))
    found = notes(schedule)
    assert found == [(NINE + timedelta(hours=hour), status) for hour in range(50, 150)]
    assert schedule.runs.earliest("slot").note.startswith("50 slots before it were left out.")
    assert fields(schedule)["next_on"] == NINE + timedelta(hours=150)


def test_slots_that_ask_for_the_same_share_a_job(alice: Client, action: Action) -> None:
    schedule = make_schedule(user_of(alice), missed="catch_up", params={"same": True})
    begin_at(schedule, NINE - MINUTE)
    fire_due(now=NINE + 2 * DAY)
    job = Job.objects.get()
    assert [run.job for run in schedule.runs.all()] == [job] * 3
    # And its end counts once.
    end(job, "failed")
    fire_due(now=NINE + 2 * DAY)
    assert fields(schedule)["failures"] == 1


def test_rule_that_is_over(alice: Client, action: Action) -> None:
    schedule = make_schedule(user_of(alice))
    schedule.ends_on = NINE.date() + DAY
    begin_at(schedule, NINE - MINUTE)
    fire_due(now=NINE)
    fire_due(now=NINE + DAY)
    assert fields(schedule)["next_on"] is None
    assert fields(schedule)["is_enabled"]
    assert fire_due(now=NINE + 2 * DAY) == 0
    assert len(notes(schedule)) == 2


def test_nobody_who_is_not_active(daily: Schedule) -> None:
    daily.user.is_active = False
    daily.user.save()
    assert fire_due(now=NINE) == 0
    assert (notes(daily), fields(daily)["next_on"]) == ([], NINE)


def test_action_of_another_version_waits(daily: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.delitem(registry._actions, "test")
        assert fire_due(now=NINE) == 0
    assert fire_due(now=NINE + MINUTE) == 1


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (Refusal("No such grid."), "No such grid."),
        (ZeroDivisionError(), "A defect on the server stopped it; its log has the details."),
        (IntegrityError(), "A defect on the server stopped it; its log has the details."),
    ],
)
def test_refusal_is_noted_and_leaves_no_job(
    daily: Schedule, action: Action, trouble: Exception, reason: str
) -> None:
    action.trouble = trouble
    fire_due(now=NINE)
    run = daily.runs.get()
    assert (run.status, run.note, run.job, run.is_settled) == ("refused", reason, None, True)
    assert Job.objects.count() == IdempotencyKey.objects.count() == 0
    assert (fields(daily)["failures"], fields(daily)["next_on"]) == (1, NINE + DAY)


def test_five_refusals_in_a_row_disable(daily: Schedule, action: Action) -> None:
    action.trouble = Refusal("No such grid.")
    for day in range(7):
        fire_due(now=NINE + day * DAY)
    assert len(notes(daily)) == 5
    assert fields(daily) == {
        "is_enabled": False, "failures": 5, "next_on": None, "last_slot": NINE + 4 * DAY, "version": 2,
        "note": "Disabled after 5 failures in a row. The last: No such grid.",
    }  # fmt: skip
    notification = Notification.objects.get()
    assert (notification.user, notification.type) == (daily.user, "schedule.disabled")
    assert notification.title == "The schedule Daily was disabled"
    assert notification.data["note"] == fields(daily)["note"]


def test_catching_up_stops_when_it_is_disabled(alice: Client, action: Action) -> None:
    schedule = begin_at(make_schedule(user_of(alice), missed="catch_up"), NINE - MINUTE)
    action.trouble = Refusal("No.")
    fire_due(now=NINE + 20 * DAY)
    assert len(notes(schedule)) == 5
    assert fields(schedule)["next_on"] is None


def test_five_failed_jobs_in_a_row_disable_before_the_sixth(daily: Schedule) -> None:
    run_and_end(daily, *["failed"] * 5)
    assert fields(daily)["failures"] == 4  # the fifth is counted when it is next due, or sooner
    fire_due(now=NINE + 5 * DAY)
    assert len(notes(daily)) == 5
    assert fields(daily) == {
        "is_enabled": False, "failures": 5, "next_on": None, "last_slot": NINE + 4 * DAY, "version": 2,
        "note": "Disabled after 5 failures in a row. The last: It broke.",
    }  # fmt: skip


def test_a_job_that_ended_is_counted_in_any_pass(daily: Schedule) -> None:
    run_and_end(daily, *["failed"] * 5)
    fire_due(now=NINE + 4 * DAY + MINUTE)
    assert not fields(daily)["is_enabled"]


def test_success_begins_anew_and_a_cancel_says_nothing(daily: Schedule) -> None:
    run_and_end(daily, "failed", "failed", "cancelled", "failed")
    fire_due(now=NINE + 3 * DAY + MINUTE)
    assert fields(daily)["failures"] == 3
    run_and_end(daily, "succeeded", "failed", start=4)
    fire_due(now=NINE + 5 * DAY + MINUTE)
    assert (fields(daily)["failures"], fields(daily)["is_enabled"]) == (1, True)
    assert ScheduledRun.objects.filter(is_settled=False).count() == 0


def test_ends_count_in_the_order_in_which_they_came(daily: Schedule) -> None:
    for day in range(3):
        fire_due(now=NINE + day * DAY)
    first, second, third = (run.job for run in daily.runs.order_by("slot"))
    assert first
    assert second
    # The first was given back and comes last.
    lifecycle.release(claim_of(first), reason="trouble", delay=timedelta(hours=1))
    for job, status in ((second, "failed"), (third, "failed")):
        end(job, status)
    Job.objects.filter(pk=first.pk).update(run_after=Now())
    end(first, "succeeded")
    fire_due(now=NINE + 2 * DAY + MINUTE)
    assert fields(daily)["failures"] == 0


def test_crashed_job_counts(daily: Schedule, settings: Any) -> None:
    settings.JOB_MAX_ATTEMPTS = 1
    fire_due(now=NINE)
    job = daily.runs.get().job
    assert job
    claim_of(job)
    Job.objects.filter(pk=job.pk).update(lease_expires_on=Now() - MINUTE)
    assert lifecycle.fail_crashed(10) == 1
    fire_due(now=NINE + MINUTE)
    assert fields(daily)["failures"] == 1


def test_enabling_forgets_failures_and_what_was_missed(daily: Schedule) -> None:
    run_and_end(daily, *["failed"] * 5)
    fire_due(now=NINE + 5 * DAY)
    late = fire_due(now=NINE + 9 * DAY)
    assert late == 0
    schedule = schedule_update(
        schedule=daily, version=None, changes=ScheduleChanges(is_enabled=True)
    )
    assert (schedule.failures, schedule.note, schedule.is_enabled) == (0, "", True)
    assert schedule.next_on
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        (now,) = cursor.fetchone()
    assert timedelta(0) < schedule.next_on - now <= timedelta(days=1)


def test_failure_from_before_it_was_enabled_again_does_not_count(daily: Schedule) -> None:
    fire_due(now=NINE)
    for enabled in (False, True):
        schedule_update(schedule=daily, version=None, changes=ScheduleChanges(is_enabled=enabled))
    end(daily.runs.get().job, "failed")
    fire_due(now=NINE)
    assert fields(daily)["failures"] == 0


def test_changed_and_changed_back_a_slot_does_not_come_again(daily: Schedule) -> None:
    # As if it had fired a slot of tomorrow.
    tomorrow = fields(daily)["next_on"].replace(year=2090)
    Schedule.objects.update(last_slot=tomorrow, next_on=tomorrow + DAY)
    for rule in ("FREQ=DAILY;BYHOUR=10", "FREQ=DAILY;BYHOUR=9"):
        schedule = schedule_update(schedule=daily, version=None, changes=ScheduleChanges(rule=rule))
    assert schedule.next_on == tomorrow + DAY


def test_zone_that_is_no_more_disables(daily: Schedule) -> None:
    Schedule.objects.update(time_zone="Europe/Atlantis")
    fire_due(now=NINE)
    assert fields(daily)["note"] == (
        "Disabled because its rule is no longer valid. There is no such time zone."
    )
    assert (fields(daily)["next_on"], notes(daily)) == (None, [])


def test_jobs_outlive_their_schedule(daily: Schedule) -> None:
    fire_due(now=NINE)
    schedule_delete(schedule=daily, version=None)
    assert Job.objects.count() == 1
    assert ScheduledRun.objects.count() == 0


def test_the_job_knows_its_deliveries(alice: Client, action: Action) -> None:
    wanted = [{"channel": "email", "attach": True}, {"channel": "in_app"}]
    schedule = make_schedule(user_of(alice), deliveries=wanted)
    begin_at(schedule, NINE - MINUTE)
    fire_due(now=NINE)
    run = schedule.runs.get()
    assert run.job_id
    assert delivery_requests(Job.objects.get(pk=run.job_id)) == [
        DeliveryRequest(Channel.EMAIL, attach=True)
    ]


def test_a_pass_needs_no_slot_of_its_own(daily: Schedule) -> None:
    tasks.fire_schedules()
    assert PeriodicRun.objects.count() == 0
