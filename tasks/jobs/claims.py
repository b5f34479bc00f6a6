"""Claim the next job of a queue in one conditional UPDATE, fairly between users.

A message names a job but only says that its queue has work: the worker claims whichever job is next in
turn. So ten thousand queued jobs of one user delay another user's first by at most one running job, and a
lost or repeated message changes nothing. What a claim allows to write is here too: the job's checkpoint.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from tasks.models import Job, JobCheckpoint, JobStatus

# Claims of one queue take turns, for milliseconds, so that two workers cannot both find a user one below
# the cap.
_TAKE_TURNS = """
SELECT pg_advisory_xact_lock(hashtext('tasks.claim'), hashtext(queue)), queue
FROM tasks_job WHERE slug = %(slug)s
"""

# `queued` walks the index job_waiting from user to user and reads one job of each, so the cost of a claim
# grows with the users who wait and not with the queue's length.
_CLAIM = """
WITH RECURSIVE queued AS (
    (SELECT id, user_id, created_on FROM tasks_job
    WHERE queue = %(queue)s AND status = 'queued' AND attempt < max_attempts
        AND run_after <= statement_timestamp()
    ORDER BY user_id, created_on, id LIMIT 1)
    UNION ALL
    SELECT following.* FROM queued CROSS JOIN LATERAL (
        SELECT id, user_id, created_on FROM tasks_job
        WHERE queue = %(queue)s AND status = 'queued' AND attempt < max_attempts
            AND run_after <= statement_timestamp() AND user_id > queued.user_id
        ORDER BY user_id, created_on, id LIMIT 1
    ) AS following
), held AS (
    SELECT id, user_id, created_on, attempt < max_attempts AS may_run,
        lease_expires_on >= statement_timestamp() AS runs
    FROM tasks_job WHERE queue = %(queue)s AND status = 'running'
), waiting AS (
    SELECT id, user_id, created_on FROM queued
    UNION ALL
    SELECT id, user_id, created_on FROM held WHERE NOT runs AND may_run
), chosen AS (
    SELECT waiting.id
    FROM waiting
    LEFT JOIN (SELECT user_id, count(*) AS jobs FROM held WHERE runs GROUP BY user_id)
        AS running USING (user_id)
    LEFT JOIN LATERAL (
        SELECT max(started_on) AS started_on FROM tasks_job AS other
        WHERE other.user_id = waiting.user_id AND other.queue = %(queue)s
    ) AS served ON true
    WHERE coalesce(running.jobs, 0) < %(cap)s
    ORDER BY coalesce(running.jobs, 0), served.started_on NULLS FIRST, waiting.created_on, waiting.id
    LIMIT 1
), taken AS (
    UPDATE tasks_job AS job
    SET status = 'running',
        attempt = attempt + 1,
        fence = fence + 1,
        lease_expires_on = statement_timestamp() + %(lease)s,
        worker = %(worker)s,
        started_on = statement_timestamp(),
        modified_on = statement_timestamp(),
        progress_done = 0,
        progress_total = NULL,
        progress_unit = ''
    FROM chosen
    WHERE job.id = chosen.id AND job.attempt < job.max_attempts
        AND (job.status = 'queued'
            OR job.status = 'running' AND job.lease_expires_on < statement_timestamp())
    RETURNING job.*
), noted AS (
    INSERT INTO tasks_job_event (job_id, type, attempt, detail)
    SELECT id, 'claimed', attempt, jsonb_build_object('worker', worker, 'fence', fence) FROM taken
)
SELECT id, slug, user_id, kind, queue, params, attempt, max_attempts, fence, created_on, request_id
FROM taken
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """Represent a job that a worker holds; its writes name this fence."""

    job_id: int
    slug: str
    user_id: int
    kind: str
    queue: str
    params: dict[str, Any]
    attempt: int
    max_attempts: int
    fence: int
    created_on: datetime
    request_id: str = ""

    @property
    def is_last_attempt(self) -> bool:
        """Return whether no attempt follows this one."""
        return self.attempt >= self.max_attempts


class LeaseLost(Exception):
    """Report that this worker no longer holds the job, so nothing it does may count."""


def held_job(held: Claim) -> QuerySet[Job]:
    """Select the job, as long as this claim holds it."""
    return Job.objects.filter(pk=held.job_id, fence=held.fence, status=JobStatus.RUNNING)


@transaction.atomic
def claim(*, slug: str, worker: str) -> Claim | None:
    """Claim the next job of the queue of job `slug`; None when none may run."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_TURNS, {"slug": slug})
        row = cursor.fetchone()
        if row is None:
            return None
        params: dict[str, Any] = {
            "queue": row[1],
            "worker": worker[:200],
            "lease": settings.JOB_LEASE,
            "cap": settings.JOBS_RUNNING_PER_USER,
        }
        cursor.execute(_CLAIM, params)
        claimed = cursor.fetchone()
    return _as_claim(claimed) if claimed else None


def save_checkpoint(held: Claim, data: dict[str, Any]) -> None:
    """Store a job's checkpoint in place of an earlier one. Raises LeaseLost."""
    with transaction.atomic():
        # Locked, so that nobody claims the job between the check and the write.
        if not held_job(held).select_for_update(no_key=True).exists():
            raise LeaseLost(held.slug)
        JobCheckpoint.objects.update_or_create(job_id=held.job_id, defaults={"data": data})


def load_checkpoint(held: Claim) -> dict[str, Any]:
    """Return the job's checkpoint; empty if there is none."""
    found = JobCheckpoint.objects.filter(job_id=held.job_id).values_list("data", flat=True).first()
    return found or {}


def delete_checkpoint(job_id: int) -> None:
    """Delete a job's checkpoint, if there is one."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tasks_job_checkpoint WHERE job_id = %s", [job_id])


def _as_claim(row: tuple[Any, ...]) -> Claim:
    job_id, slug, user_id, kind, queue, params, *rest = row
    # Django has its connections return jsonb as text.
    params = json.loads(params) if isinstance(params, str) else params
    return Claim(job_id, slug, user_id, kind, queue, params, *rest)
