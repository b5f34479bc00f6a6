"""Test what each change of a job's state writes, counts and rolls back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, ProgrammingError, transaction
from django.db.models.functions import Now

from gridlink.accounts.models import User
from grids.models import Grid
from tasks.jobs import lifecycle
from tasks.jobs.claims import Claim
from tasks.jobs.lifecycle import FinishedFile, LeaseLost, Outcome, Progress
from tasks.models import Job, JobEvent, JobFile
from tests.support.client import make_user
from tests.support.platform import claim_of, due, end_lease, event_types, history, make_job, row


@pytest.fixture
def owner(db: None) -> User:
    return make_user("alice")


def a_file(name: str = "links.csv") -> FinishedFile:
    return FinishedFile(name, f"jobs/x/1-1/{name}", "text/csv", 12, 3, "ab" * 32)


def db_now() -> Any:
    return User.objects.annotate(moment=Now()).values_list("moment", flat=True)[0]


def test_whole_life_is_written_down(owner: User) -> None:
    job = make_job(owner, params={"format": "csv"})
    lifecycle.record_queued(job)
    held = claim_of(job, worker="worker@one")
    assert (held.kind, held.queue, held.params) == ("test.work", "exports", {"format": "csv"})
    assert (held.attempt, held.fence, held.max_attempts) == (1, 1, 3)
    lifecycle.succeed(held, Outcome({"rows": 3}), [a_file()], Progress(3, 3, "rows"))
    assert history(job) == [
        ("queued", 0, {"kind": "test.work"}),
        ("claimed", 1, {"worker": "worker@one", "fence": 1}),
        ("succeeded", 1, {"files": 1, "rows": 3}),
    ]
    job.refresh_from_db()
    assert (job.status, job.worker, job.result) == ("succeeded", "worker@one", {"rows": 3})
    assert (job.progress_done, job.progress_total, job.progress_unit) == (3, 3, "rows")
    file = JobFile.objects.get(job=job)
    assert (file.role, file.name, file.storage_key) == ("output", "links.csv", a_file().storage_key)
    assert (file.size, file.rows, file.sha256, file.content_type) == (12, 3, "ab" * 32, "text/csv")


def test_lease_is_counted_from_the_databases_clock(owner: User, settings: Any) -> None:
    settings.JOB_LEASE = timedelta(seconds=60)
    job = make_job(owner)
    before = db_now()
    held = claim_of(job)
    job.refresh_from_db()
    assert job.lease_expires_on
    assert job.started_on
    assert before <= job.started_on <= db_now()
    assert job.lease_expires_on - job.started_on == timedelta(seconds=60)
    assert not lifecycle.heartbeat(held, Progress(5, None, "rows"))
    first = job.lease_expires_on
    job.refresh_from_db()
    assert job.lease_expires_on > first
    assert (job.progress_done, job.progress_total, job.progress_unit) == (5, None, "rows")


def test_file_lives_as_long_as_the_setting_says(owner: User, settings: Any) -> None:
    settings.JOB_FILE_LIFE = timedelta(days=3)
    before = db_now()
    job = make_job(owner)
    lifecycle.succeed(claim_of(job), Outcome(), [a_file()], Progress())
    assert before + timedelta(days=3) <= JobFile.objects.get().expires_on
    assert JobFile.objects.get().expires_on <= db_now() + timedelta(days=3)


def test_stale_claim_leaves_no_effects_and_no_files(owner: User) -> None:
    job = make_job(owner)
    stale = claim_of(job)
    end_lease(job)
    fresh = claim_of(job)
    made = Outcome({"rows": 9}, effects=lambda: Grid.objects.create(user=owner, title="Stale"))
    with pytest.raises(LeaseLost):
        lifecycle.succeed(stale, made, [a_file()], Progress())
    assert not Grid.objects.exists()
    assert not JobFile.objects.exists()
    right = Outcome({"rows": 1}, effects=lambda: Grid.objects.create(user=owner, title="Fresh"))
    lifecycle.succeed(fresh, right, [a_file()], Progress())
    assert [grid.title for grid in Grid.objects.all()] == ["Fresh"]
    job.refresh_from_db()
    assert job.result == {"rows": 1}
    assert event_types(job) == ["claimed", "claimed", "succeeded"]


def test_failing_effects_leave_the_job_running(owner: User) -> None:
    job = make_job(owner)
    held = claim_of(job)

    def effects() -> None:
        Grid.objects.create(user=owner, title="Half")
        raise ValueError("no")

    before = row(job)
    with pytest.raises(ValueError, match="no"):
        lifecycle.succeed(held, Outcome(effects=effects), [a_file()], Progress())
    assert row(job) == before
    assert not Grid.objects.exists()
    assert not JobFile.objects.exists()
    lifecycle.fail(held, code="broken", message="It broke.")
    assert history(job)[-1] == ("failed", 1, {"code": "broken", "message": "It broke."})
    job.refresh_from_db()
    assert (job.error_code, job.error_message) == ("broken", "It broke.")


@pytest.mark.parametrize(
    "change",
    [
        lambda held: lifecycle.fail(held, code="broken", message="It broke."),
        lifecycle.cancel,
        lambda held: lifecycle.release(held, reason="disk", delay=timedelta(0)),
        lifecycle.hand_back,
        lambda held: lifecycle.move(held, queue="imports"),
    ],
    ids=["fail", "cancel", "release", "hand_back", "move"],
)
def test_a_state_changes_with_its_history_or_not_at_all(
    owner: User, monkeypatch: pytest.MonkeyPatch, change: Callable[[Claim], None]
) -> None:
    job = make_job(owner)
    held = claim_of(job)
    before = row(job)
    with monkeypatch.context() as patch:
        patch.setattr(lifecycle, "_RECORD", "INSERT INTO no_such_table VALUES (%s, %s, %s, %s)")
        with pytest.raises(ProgrammingError):
            change(held)
    assert (row(job), event_types(job)) == (before, ["claimed"])
    change(held)
    assert row(job) != before
    assert len(event_types(job)) == 2


def test_release_counts_the_attempt_and_puts_the_job_off(owner: User) -> None:
    job = make_job(owner)
    before = db_now()
    lifecycle.release(claim_of(job), reason="disk", delay=timedelta(minutes=2))
    job.refresh_from_db()
    assert (job.status, job.attempt) == ("queued", 1)
    assert before + timedelta(minutes=2) <= job.run_after <= db_now() + timedelta(minutes=2)
    assert history(job)[-1] == ("released", 1, {"reason": "disk"})
    assert lifecycle.claim(slug=job.slug, worker="test") is None
    due(job)
    assert claim_of(job).attempt == 2


def test_hand_back_does_not_count_the_attempt(owner: User) -> None:
    job = make_job(owner)
    for fence in range(1, 6):
        held = claim_of(job)
        assert (held.attempt, held.fence) == (1, fence)
        lifecycle.hand_back(held)
    job.refresh_from_db()
    assert (job.status, job.attempt, job.fence) == ("queued", 0, 5)
    assert history(job)[-1] == ("released", 1, {"reason": "the worker is stopping"})


def test_cancel_request_is_recorded_once(owner: User) -> None:
    job = make_job(owner)
    held = claim_of(job)
    assert not lifecycle.heartbeat(held, Progress())
    assert lifecycle.request_cancel(job)
    assert lifecycle.request_cancel(job)
    assert lifecycle.heartbeat(held, Progress())
    lifecycle.cancel(held)
    assert event_types(job) == ["claimed", "cancel_requested", "cancelled"]


@pytest.mark.parametrize("way", ["release", "hand_back"])
def test_job_that_is_wanted_stopped_is_not_tried_again(owner: User, way: str) -> None:
    job = make_job(owner)
    held = claim_of(job)
    lifecycle.request_cancel(job)
    if way == "release":
        lifecycle.release(held, reason="disk", delay=timedelta(0))
    else:
        lifecycle.hand_back(held)
    job.refresh_from_db()
    assert job.status == "cancelled"
    assert event_types(job) == ["claimed", "cancel_requested", "cancelled"]


def test_retry_starts_afresh_but_the_fence_goes_on(owner: User) -> None:
    job = make_job(owner)
    held = claim_of(job)
    lifecycle.request_cancel(job)
    lifecycle.fail(held, code="broken", message="It broke.")
    assert lifecycle.retry(job)
    job.refresh_from_db()
    assert (job.status, job.attempt, job.fence) == ("queued", 0, 1)
    assert (job.error_code, job.error_message, job.cancel_requested_on) == ("", "", None)
    assert history(job)[-1] == ("retried", 0, {})
    again = claim_of(job)
    assert (again.attempt, again.fence) == (1, 2)


def test_crashed_jobs_end_when_no_attempt_is_left(owner: User) -> None:
    hopeless, hopeful = make_job(owner, max_attempts=1), make_job(owner, max_attempts=2)
    for job in (hopeless, hopeful):
        claim_of(job)
    assert lifecycle.fail_crashed(10) == 0
    end_lease(hopeless)
    end_lease(hopeful)
    assert lifecycle.fail_crashed(10) == 1
    hopeless.refresh_from_db()
    hopeful.refresh_from_db()
    assert (hopeless.status, hopeless.error_code) == ("failed", "crashed")
    assert event_types(hopeless) == ["claimed", "failed"]
    assert hopeful.status == "running"


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "running"},
        {"status": "queued", "lease_expires_on": Now()},
        {"status": "succeeded"},
        {"status": "failed", "finished_on": Now(), "lease_expires_on": Now()},
        {"status": "queued", "finished_on": Now()},
        {"status": "running", "lease_expires_on": Now(), "finished_on": Now()},
    ],
)
def test_database_refuses_a_half_state(owner: User, fields: dict[str, Any]) -> None:
    job = make_job(owner)
    before = row(job)
    with pytest.raises(IntegrityError, match="job_"), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(**fields)
    assert row(job) == before


def test_history_cannot_be_rewritten_but_goes_with_its_job(owner: User) -> None:
    job = make_job(owner)
    claim_of(job)
    event = JobEvent.objects.get(job=job)
    with pytest.raises(InternalError, match="never changed"), transaction.atomic():
        JobEvent.objects.filter(pk=event.pk).update(attempt=7)
    event.refresh_from_db()
    assert event.attempt == 1
    job.delete()
    assert not JobEvent.objects.exists()
