"""Read jobs, their files and history, and the health of the queues."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from gridlink.accounts.models import User
from gridlink.lib.text import is_storable
from tasks.models import Download, FileRole, Job, JobEvent, JobFile, JobStatus, QueueCanary

# Users take turns: each user's n-th job comes before anybody's n+1-th. Who comes first within a round
# depends on jobs that run meanwhile, which this leaves out.
_POSITIONS = """
WITH waiting AS (
    SELECT id, user_id, queue, created_on,
        row_number() OVER (PARTITION BY queue, user_id ORDER BY created_on, id) AS round
    FROM tasks_job WHERE status = 'queued' AND queue = ANY(%(queues)s)
), placed AS (
    SELECT id, row_number() OVER (PARTITION BY queue ORDER BY round, created_on, id) AS place
    FROM waiting
)
SELECT id, place FROM placed WHERE id = ANY(%(ids)s)
"""


def job_list(*, user: User, status: str = "", kind: str = "") -> QuerySet[Job]:
    """List a user's jobs with their outputs: 2 queries a page."""
    jobs = Job.objects.filter(user=user)
    if status:
        jobs = jobs.filter(status=status)
    if kind:
        jobs = jobs.filter(kind=kind)
    return jobs.prefetch_related(Prefetch("files", queryset=_outputs(), to_attr="outputs"))


def job_get(*, user: User, slug: str) -> Job | None:
    """Return one of a user's jobs, as `job_list` does; None if there is none."""
    job = Job.objects.filter(user=user, slug=slug).first()
    if job:
        # The attribute that `job_list` prefetches into; prefetching for one job is slower than the query.
        vars(job)["outputs"] = list(_outputs().filter(job=job))
    return job


def job_events(*, job: Job) -> QuerySet[JobEvent]:
    """List a job's history, oldest first."""
    return job.events.order_by("id")


def job_file(*, slug: str, name: str) -> JobFile | None:
    """Return an output of any user's job; the caller checks permission."""
    if not is_storable(name):
        return None
    files = JobFile.objects.select_related("job__user")
    return files.filter(job__slug=slug, name=name, role=FileRole.OUTPUT).first()


def canary_ages() -> dict[str, float]:
    """Return per queue the seconds since a message last came out of it."""
    now = timezone.now()
    return {row.queue: (now - row.seen_on).total_seconds() for row in QueueCanary.objects.all()}


def _outputs() -> QuerySet[JobFile]:
    return JobFile.objects.filter(role=FileRole.OUTPUT).order_by("id")


def queue_positions(jobs: Iterable[Job]) -> dict[int, int]:
    """Return each queued job's place in its queue, by its key: 1 query.

    1 is next in line if users take turns from now on. A job that is submitted later may still come first,
    when its user has none before it.
    """
    waiting = [job for job in jobs if job.status == JobStatus.QUEUED]
    if not waiting:
        return {}
    names: dict[str, Any] = {
        "queues": sorted({job.queue for job in waiting}),
        "ids": [job.pk for job in waiting],
    }
    with connection.cursor() as cursor:
        cursor.execute(_POSITIONS, names)
        return dict(cursor.fetchall())


def file_downloads(*, file: JobFile) -> QuerySet[Download]:
    """List the downloads of a file."""
    return file.download_log.all()


def eta_seconds(job: Job) -> int | None:
    """Return the seconds left at a running job's pace so far, if known."""
    if job.status != JobStatus.RUNNING or not (job.progress_total and job.progress_done):
        return None
    assert job.started_on is not None
    elapsed = (timezone.now() - job.started_on).total_seconds()
    left = max(0, job.progress_total - job.progress_done)
    return round(elapsed * left / job.progress_done)
