"""Test the heartbeat: it writes progress, extends the lease and sees a cancellation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection

from gridlink.accounts.models import User
from tasks.jobs import lifecycle
from tasks.jobs.context import JobContext
from tasks.jobs.heartbeat import Heartbeat, JobCancelled
from tasks.jobs.lifecycle import LeaseLost, Outcome
from tasks.storage import object_store
from tests.support.client import make_user
from tests.support.platform import claim_of, end_lease, execute, make_job, row
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)

Runs = Callable[[Callable[[JobContext], Outcome | None]], None]


@pytest.fixture(autouse=True)
def fast(settings: Any, published: list[tuple[str, str]]) -> None:
    settings.JOB_HEARTBEAT_SECONDS = 0.02


@pytest.fixture
def owner(transactional_db: None) -> User:
    return make_user("alice")


def test_progress_reaches_the_row_and_the_lease_grows(runs: Runs, owner: User) -> None:
    job = make_job(owner)
    seen: list[dict[str, Any]] = []

    def work(context: JobContext) -> None:
        seen.append(row(job))
        context.report(3, 10, "rows")
        seen.append(wait_for(lambda: now if (now := row(job))["progress_done"] == 3 else None))
        context.report(7, 10, "rows")
        seen.append(wait_for(lambda: now if (now := row(job))["progress_done"] == 7 else None))

    runs(work)
    execute(job)
    assert job.status == "succeeded"
    assert [now["progress_done"] for now in seen] == [0, 3, 7]
    assert [now["progress_total"] for now in seen] == [None, 10, 10]
    assert seen[1]["progress_unit"] == "rows"
    leases = [now["lease_expires_on"] for now in seen]
    assert leases[0] < leases[1] < leases[2]
    # The last report counts even when no heartbeat carried it.
    assert job.progress_done == 7


def test_cancel_reaches_the_runner(runs: Runs, owner: User) -> None:
    job = make_job(owner)

    def work(context: JobContext) -> None:
        lifecycle.request_cancel(job)
        wait_for(lambda: context.check(), seconds=10)

    runs(work)
    execute(job)
    assert job.status == "cancelled"


def test_lost_lease_stops_the_runner(runs: Runs, owner: User) -> None:
    job = make_job(owner)

    def work(context: JobContext) -> None:
        end_lease(job)
        claim_of(job, worker="second")
        wait_for(lambda: context.check(), seconds=10)

    runs(work)
    execute(job)
    assert (job.status, job.worker, job.attempt) == ("running", "second", 2)


def test_a_passing_outage_is_survived(
    runs: Runs, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    heartbeat = lifecycle.heartbeat
    beats: list[str] = []

    def flaky(*args: Any) -> bool:
        beats.append("beat")
        if len(beats) < 3:
            raise OperationalError("server closed the connection")
        return heartbeat(*args)

    monkeypatch.setattr(lifecycle, "heartbeat", flaky)
    job = make_job(owner)

    def work(context: JobContext) -> None:
        context.report(5, 9, "rows")
        wait_for(lambda: row(job)["progress_done"] == 5, seconds=10)

    runs(work)
    assert execute(job).status == "succeeded"
    assert len(beats) >= 3


def test_heartbeat_opens_a_new_connection(runs: Runs, owner: User) -> None:
    job = make_job(owner)

    def work(context: JobContext) -> None:
        context.report(1, 9, "rows")
        wait_for(lambda: row(job)["progress_done"] == 1, seconds=10)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
            )
            assert (True,) in cursor.fetchall()
        context.report(2, 9, "rows")
        wait_for(lambda: row(job)["progress_done"] == 2, seconds=10)

    runs(work)
    assert execute(job).status == "succeeded"


def test_outage_longer_than_the_lease_stops_the_runner(
    owner: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*args: Any) -> bool:
        raise OperationalError("no route to host")

    monkeypatch.setattr(lifecycle, "heartbeat", unreachable)
    settings.JOB_LEASE = timedelta(seconds=0.2)
    context = JobContext(claim_of(make_job(owner)), object_store())
    with Heartbeat(context), pytest.raises(LeaseLost):
        wait_for(lambda: context.check(), seconds=10)


def test_heartbeat_stops_with_its_block(owner: User) -> None:
    job = make_job(owner)
    context = JobContext(claim_of(job), object_store())
    heartbeat = Heartbeat(context)
    with heartbeat:
        first = row(job)["modified_on"]
        wait_for(lambda: row(job)["modified_on"] > first)
    assert not heartbeat._thread.is_alive()
    after = row(job)
    lifecycle.request_cancel(job)
    context.check()
    assert row(job)["modified_on"] == after["modified_on"]


def test_heartbeat_reports_a_cancelled_job(owner: User) -> None:
    job = make_job(owner)
    context = JobContext(claim_of(job), object_store())
    lifecycle.request_cancel(job)
    with Heartbeat(context), pytest.raises(JobCancelled):
        wait_for(lambda: context.check(), seconds=10)
