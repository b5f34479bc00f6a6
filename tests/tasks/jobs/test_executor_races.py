"""Test a stop, a cancellation and a lost lease at the worst moments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from gridlink.accounts.models import User
from grids.models import Grid
from tasks.jobs import lifecycle
from tasks.jobs.context import JobContext
from tasks.jobs.heartbeat import JobCancelled
from tasks.jobs.lifecycle import LeaseLost, Outcome
from tasks.models import JobFile
from tests.support.client import make_user
from tests.support.platform import claim_of, end_lease, event_types, execute, make_job, write_file
from tests.support.tasks.jobs import stored
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)

Runs = Callable[[Callable[[JobContext], Outcome | None]], None]


@pytest.fixture(autouse=True)
def quiet(published: list[tuple[str, str]]) -> None:
    """No message leaves these tests."""


@pytest.fixture
def owner(transactional_db: None) -> User:
    return make_user("alice")


def test_stopping_worker_stops_even_without_its_lease(runs: Runs, owner: User) -> None:
    job = make_job(owner)

    def work(context: JobContext) -> None:
        end_lease(job)
        claim_of(job, worker="second")
        raise SystemExit(0)

    runs(work)
    with pytest.raises(SystemExit):
        execute(job)
    job.refresh_from_db()
    assert (job.status, job.worker) == ("running", "second")


def test_worker_stopped_just_after_success_keeps_the_file(
    runs: Runs, owner: User, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal may come between the commit and the next line."""
    succeed = lifecycle.succeed

    def succeed_and_stop(*args: Any) -> None:
        succeed(*args)
        raise SystemExit(0)

    monkeypatch.setattr(lifecycle, "succeed", succeed_and_stop)
    runs(write_file)
    job = make_job(owner)
    with pytest.raises(SystemExit):
        execute(job)
    job.refresh_from_db()
    assert job.status == "succeeded"
    assert stored(storage) == [JobFile.objects.get(job=job).storage_key]


def test_connection_lost_during_the_final_commit_keeps_the_file(
    runs: Runs, owner: User, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    succeed = lifecycle.succeed

    def succeed_unheard(*args: Any) -> None:
        succeed(*args)
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(lifecycle, "succeed", succeed_unheard)
    runs(write_file)
    job = execute(make_job(owner))
    assert (job.status, event_types(job)) == ("succeeded", ["claimed", "succeeded"])
    assert stored(storage) == [JobFile.objects.get(job=job).storage_key]


def test_lost_lease_leaves_the_other_workers_job_alone(
    runs: Runs, owner: User, storage: Path
) -> None:
    job = make_job(owner)

    def work(context: JobContext) -> Outcome:
        write_file(context)
        end_lease(job)
        claim_of(job, worker="second")
        return Outcome({"lines": 1}, lambda: Grid.objects.create(user=owner, title="Stale"))

    runs(work)
    execute(job)
    assert (job.status, job.attempt, job.worker, job.result) == ("running", 2, "second", {})
    assert not Grid.objects.exists()
    assert not JobFile.objects.exists()
    assert stored(storage) == []


def test_runner_whose_heartbeat_has_a_defect_stops(
    runs: Runs,
    owner: User,
    storage: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def defect(*args: Any) -> bool:
        raise RuntimeError("nobody foresaw this")

    settings.JOB_HEARTBEAT_SECONDS = 0.02
    monkeypatch.setattr(lifecycle, "heartbeat", defect)

    def work(context: JobContext) -> None:
        write_file(context)
        wait_for(lambda: context.check(), seconds=10)

    runs(work)
    job = execute(make_job(owner))
    # It is another worker's once its lease runs out.
    assert (job.status, event_types(job)) == ("running", ["claimed"])
    assert stored(storage) == []
    assert [r.message for r in caplog.records if r.levelname == "ERROR"] == ["heartbeat_defect"]


def test_cancel_while_running_stops_at_the_next_check(
    runs: Runs, owner: User, storage: Path
) -> None:
    job = make_job(owner)
    seen = []

    def work(context: JobContext) -> None:
        write_file(context)
        with context.output("second.txt", "text/plain") as output:
            output.sink.write(b"half")
            context.check()
            lifecycle.request_cancel(job)
            context.stop(JobCancelled())
            context.stop(LeaseLost("later news do not replace the first"))
            seen.append("before")
            context.check()
            seen.append("after")

    runs(work)
    execute(job)
    assert seen == ["before"]
    assert (job.status, job.error_code) == ("cancelled", "")
    assert event_types(job) == ["claimed", "cancel_requested", "cancelled"]
    assert stored(storage) == []
    assert not JobFile.objects.exists()


def test_a_defect_after_a_cancel_is_its_consequence(
    runs: Runs, owner: User, storage: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def work(context: JobContext) -> None:
        write_file(context)
        lifecycle.request_cancel(job)
        context.stop(JobCancelled())
        raise RuntimeError("what the cancel has interrupted")

    runs(work)
    job = make_job(owner)
    execute(job)
    assert (job.status, job.error_code, job.error_message) == ("cancelled", "", "")
    assert event_types(job) == ["claimed", "cancel_requested", "cancelled"]
    assert stored(storage) == []
    assert "job_defect" not in [record.message for record in caplog.records]


def test_runner_that_never_checks_is_still_stopped_before_it_counts(
    runs: Runs, owner: User, storage: Path
) -> None:
    def work(context: JobContext) -> Outcome:
        write_file(context)
        context.stop(JobCancelled())
        return Outcome({}, lambda: Grid.objects.create(user=owner, title="Too late"))

    runs(work)
    job = execute(make_job(owner))
    assert job.status == "cancelled"
    assert not Grid.objects.exists()
    assert stored(storage) == []
