"""Store how far a job has come, for another attempt to continue."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from tasks.jobs.claims import Claim, LeaseLost, held_job
from tasks.models import JobCheckpoint


def save(held: Claim, data: dict[str, Any]) -> None:
    """Store a job's checkpoint in place of an earlier one. Raises LeaseLost."""
    with transaction.atomic():
        # Locked, so that nobody claims the job between the check and the write.
        if not held_job(held).select_for_update(no_key=True).exists():
            raise LeaseLost(held.slug)
        JobCheckpoint.objects.update_or_create(job_id=held.job_id, defaults={"data": data})


def load(held: Claim) -> dict[str, Any]:
    """Return the job's checkpoint; empty if there is none."""
    found = JobCheckpoint.objects.filter(job_id=held.job_id).values_list("data", flat=True).first()
    return found or {}


def delete(job_id: int) -> None:
    """Delete a job's checkpoint, if there is one."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tasks_job_checkpoint WHERE job_id = %s", [job_id])
