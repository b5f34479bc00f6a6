"""Reads of jobs."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from gridlink.accounts.models import User
from gridlink.lib.text import is_storable
from tasks.models import FileRole, Job, JobEvent, JobFile, QueueCanary
from tasks.states import JobStatus


def job_list(*, user: User, status: str = "", kind: str = "") -> QuerySet[Job]:
    """A user's jobs with their files and their place in the queue: 2 queries a page."""
    jobs = Job.objects.of(user)
    if status:
        jobs = jobs.filter(status=status)
    if kind:
        jobs = jobs.filter(kind=kind)
    return _detailed(jobs)


def job_get(*, user: User, slug: str) -> Job | None:
    """One of a user's jobs, as `job_list` gives it."""
    return _detailed(Job.objects.of(user).filter(slug=slug)).first()


def job_events(*, job: Job) -> QuerySet[JobEvent]:
    """A job's history, oldest first."""
    return job.events.order_by("id")


def job_file(*, slug: str, name: str) -> JobFile | None:
    """An output of any user's job: the caller must have checked who asks."""
    if not is_storable(name):
        return None
    files = JobFile.objects.select_related("job")
    return files.filter(job__slug=slug, name=name, role=FileRole.OUTPUT).first()


def canary_ages(*, now: datetime | None = None) -> dict[str, float]:
    """Per queue, the seconds since a message was last seen to come out of it."""
    now = now or timezone.now()
    return {row.queue: (now - row.seen_on).total_seconds() for row in QueueCanary.objects.all()}


def _detailed(jobs: QuerySet[Job]) -> QuerySet[Job]:
    outputs = JobFile.objects.filter(role=FileRole.OUTPUT).order_by("id")
    ahead = (
        Job.objects.filter(
            queue=OuterRef("queue"), status=JobStatus.QUEUED, created_on__lt=OuterRef("created_on")
        )
        .order_by()
        .values("queue")
        .annotate(jobs=Count("id"))
        .values("jobs")
    )
    return jobs.annotate(jobs_ahead=Coalesce(Subquery(ahead), Value(0))).prefetch_related(
        Prefetch("files", queryset=outputs, to_attr="outputs")
    )


def queue_position(job: Job) -> int | None:
    """1 for the next in line of its queue, None for a job that does not wait.

    By age alone: fairness between users may let a younger job overtake.
    """
    ahead: int | None = getattr(job, "jobs_ahead", None)
    return ahead + 1 if job.status == JobStatus.QUEUED and ahead is not None else None


def eta_seconds(job: Job, *, now: datetime | None = None) -> int | None:
    """Seconds a running job will still take at its pace so far; None while that is a guess."""
    if job.status != JobStatus.RUNNING or not (job.progress_total and job.progress_done):
        return None
    assert job.started_on is not None
    elapsed = ((now or timezone.now()) - job.started_on).total_seconds()
    left = max(0, job.progress_total - job.progress_done)
    return round(elapsed * left / job.progress_done)
