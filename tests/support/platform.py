"""The job platform inside the test's own process: jobs made, claimed and run without a worker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar

from django.db import connection
from django.db.models.functions import Now

from gridlink.accounts.models import User
from tasks.jobs import executor, lifecycle
from tasks.jobs.claims import Claim
from tasks.jobs.context import JobContext
from tasks.models import Job
from tests.support.client import Client

T = TypeVar("T")
KIND = "test.work"


def user_of(client: Client) -> User:
    """The signed-in user of a client that has one."""
    assert client.user
    return client.user


def make_job(user: User, *, kind: str = KIND, queue: str = "exports", **fields: Any) -> Job:
    """A queued job without a message."""
    return Job.objects.create(user=user, kind=kind, queue=queue, **fields)


def claim_of(job: Job, worker: str = "test") -> Claim:
    """The job, claimed; it must be the one whose turn it is."""
    claim = lifecycle.claim(slug=job.slug, worker=worker)
    assert claim is not None
    assert claim.slug == job.slug
    return claim


def execute(job: Job) -> Job:
    """Run what is next in the job's queue, as a worker would; the job as it is then."""
    executor.execute(slug=job.slug, worker="test")
    job.refresh_from_db()
    return job


def execute_slug(slug: str) -> Job:
    """The same by slug."""
    return execute(Job.objects.get(slug=slug))


def write_file(context: JobContext) -> None:
    """What a runner does that makes one small file."""
    with context.output("out.txt", "text/plain") as output:
        output.sink.write(b"hello\n")
        output.rows = 1


def end_lease(job: Job) -> None:
    """Make it look as if the job's worker had died a while ago."""
    Job.objects.filter(pk=job.pk).update(lease_expires_on=Now() - timedelta(seconds=1))


def due(job: Job) -> None:
    """Let the time of a job that was put off come."""
    Job.objects.filter(pk=job.pk).update(run_after=Now())


def row(job: Job) -> dict[str, Any]:
    """The job's whole row."""
    found: Any = Job.objects.values().get(pk=job.pk)
    return dict(found)


def history(job: Job) -> list[tuple[str, int, dict[str, Any]]]:
    """The job's events: type, attempt, detail."""
    return list(job.events.order_by("id").values_list("type", "attempt", "detail"))


def event_types(job: Job) -> list[str]:
    """The types of the job's events."""
    return [type_ for type_, _, _ in history(job)]


def in_threads(count: int, work: Callable[[], T]) -> list[T]:
    """What `work` gives in each of `count` threads that start it at the same moment."""
    barrier = threading.Barrier(count)

    def run() -> T:
        try:
            barrier.wait(timeout=30)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(run) for _ in range(count)]]
