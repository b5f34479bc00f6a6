"""How far a job has come, kept for another attempt to go on from. It changes no state."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from tasks.jobs.claims import Claim, LeaseLost, held_job
from tasks.models import JobCheckpoint


def keep(held: Claim, data: dict[str, Any]) -> None:
    """Store how far a job has come, for another attempt to go on from. Raises LeaseLost."""
    with transaction.atomic():
        # Locked, so that nobody takes the job over between the look and the write.
        if not held_job(held).select_for_update(no_key=True).exists():
            raise LeaseLost(held.slug)
        JobCheckpoint.objects.update_or_create(job_id=held.job_id, defaults={"data": data})


def kept(held: Claim) -> dict[str, Any]:
    """What was last kept of the job; nothing, if nothing was."""
    found = JobCheckpoint.objects.filter(job_id=held.job_id).values_list("data", flat=True).first()
    return found or {}


def forget(job_id: int) -> None:
    """Remove what was kept of a job that needs it no more."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tasks_job_checkpoint WHERE job_id = %s", [job_id])
