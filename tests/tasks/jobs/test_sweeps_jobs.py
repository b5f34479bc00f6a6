"""Test the sweep of jobs: stalled ones are published again, crashed ones fail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from gridlink.accounts.models import User
from tasks.jobs import lifecycle, sweeper
from tasks.models import Job
from tests.support.client import make_user
from tests.support.platform import claim_of, due, end_lease, event_types, make_job, row

pytestmark = pytest.mark.django_db(transaction=True)

Published = list[tuple[str, str]]


@pytest.fixture
def owner(transactional_db: None) -> User:
    return make_user("alice")


def wait_unheard(*jobs: Job, seconds: int = 31) -> None:
    """Let the jobs look as if they had been queued, or last published, that long ago."""
    then = Now() - timedelta(seconds=seconds)
    found = Job.objects.filter(pk__in=[job.pk for job in jobs])
    found.filter(rung_on=None).update(created_on=then)
    found.exclude(rung_on=None).update(rung_on=then)


def test_lost_message_is_published_once_per_interval(owner: User, published: Published) -> None:
    job = make_job(owner)
    wait_unheard(job, seconds=29)
    sweeper.sweep_jobs()
    assert published == []
    wait_unheard(job)
    sweeper.sweep_jobs()
    assert published == [(job.slug, "exports")]
    sweeper.sweep_jobs()
    assert len(published) == 1
    wait_unheard(job, seconds=29)
    sweeper.sweep_jobs()
    assert len(published) == 1
    wait_unheard(job)
    sweeper.sweep_jobs()
    assert published == [(job.slug, "exports")] * 2
    assert row(job)["status"] == "queued"


def test_interval_is_a_setting(owner: User, published: Published, settings: Any) -> None:
    settings.JOB_RERING = timedelta(minutes=10)
    job = make_job(owner)
    wait_unheard(job, seconds=599)
    sweeper.sweep_jobs()
    assert published == []
    wait_unheard(job, seconds=601)
    sweeper.sweep_jobs()
    assert len(published) == 1


def test_messages_are_bounded_oldest_first(owner: User, published: Published) -> None:
    jobs = [make_job(owner) for _ in range(50)]
    for age, job in enumerate(reversed(jobs)):
        wait_unheard(job, seconds=100 + age)
    sweeper.sweep_jobs()
    assert published == [(job.slug, "exports") for job in jobs[: sweeper.MESSAGES_PER_QUEUE]]
    sweeper.sweep_jobs()
    assert published == [(job.slug, "exports") for job in jobs[: 2 * sweeper.MESSAGES_PER_QUEUE]]


def test_a_crowded_queue_does_not_silence_another(owner: User, published: Published) -> None:
    """Many queued exports, published again and again, and one import whose message was lost."""
    crowd = [make_job(owner) for _ in range(3 * sweeper.MESSAGES_PER_QUEUE)]
    lost = make_job(owner, queue="imports")
    wait_unheard(lost, seconds=60)
    for _ in range(5):
        Job.objects.filter(queue="exports").update(rung_on=Now() - timedelta(seconds=31))
        sweeper.sweep_jobs()
    assert published.count((lost.slug, "imports")) == 1
    assert len(published) == 5 * sweeper.MESSAGES_PER_QUEUE + 1
    assert {slug for slug, queue in published if queue == "exports"} <= {job.slug for job in crowd}


def test_released_job_is_published_when_its_time_comes(owner: User, published: Published) -> None:
    job = make_job(owner)
    lifecycle.release(claim_of(job), reason="disk", delay=timedelta(seconds=60))
    sweeper.sweep_jobs()
    assert published == []
    due(job)
    sweeper.sweep_jobs()
    sweeper.sweep_jobs()
    assert published == [(job.slug, "exports")]


def test_dead_workers_job_is_published(owner: User, published: Published) -> None:
    job = make_job(owner)
    claim_of(job)
    sweeper.sweep_jobs()
    assert published == []
    end_lease(job)
    sweeper.sweep_jobs()
    assert published == [(job.slug, "exports")]
    assert row(job)["status"] == "running"
    assert claim_of(job).attempt == 2


def test_dead_at_every_attempt_is_the_end(owner: User, published: Published) -> None:
    job = make_job(owner)
    for attempt in (1, 2, 3):
        assert claim_of(job).attempt == attempt
        end_lease(job)
        sweeper.sweep_jobs()
    job.refresh_from_db()
    assert (job.status, job.error_code) == ("failed", "crashed")
    assert job.error_message == "The worker died at every attempt, perhaps for want of memory."
    assert event_types(job) == ["claimed", "claimed", "claimed", "failed"]
    assert published == [(job.slug, "exports")] * 2


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled", "expired"])
def test_ended_jobs_are_left_alone(owner: User, published: Published, status: str) -> None:
    job = make_job(owner)
    Job.objects.update(
        status=status, finished_on=Now(), created_on=Now() - timedelta(days=9), attempt=3
    )
    before = row(job)
    sweeper.sweep_jobs()
    assert (row(job), published) == (before, [])


def test_twice_is_as_once(owner: User, published: Published) -> None:
    jobs = [make_job(owner, max_attempts=1), make_job(owner), make_job(owner)]
    claim_of(jobs[0])
    end_lease(jobs[0])
    wait_unheard(*jobs[1:])
    sweeper.sweep_jobs()
    state = ([row(job) for job in jobs], [event_types(job) for job in jobs], list(published))
    assert len(published) == 2
    sweeper.sweep_jobs()
    assert ([row(job) for job in jobs], [event_types(job) for job in jobs], published) == state


def test_canary_notes_the_latest_message(transactional_db: None) -> None:
    from tasks.jobs.selectors import canary_ages
    from tasks.models import QueueCanary

    sweeper.record_canary("exports")
    QueueCanary.objects.update(seen_on=Now() - timedelta(minutes=5))
    sweeper.record_canary("imports")
    ages = canary_ages()
    assert 299 < ages["exports"] < 330
    assert 0 <= ages["imports"] < 30
    sweeper.record_canary("exports")
    assert canary_ages()["exports"] < 30
    assert QueueCanary.objects.count() == 2
