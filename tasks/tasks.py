"""Define Celery's entry points, a few lines each.

Messages hold identifiers only, and unknown arguments are ignored, so that workers of two versions can share
a queue. Tasks that claim no slot may run several times at once; the runs then share the work.
"""

from __future__ import annotations

from typing import Any

from celery import Task, current_app, shared_task

from gridlink.lib.queues import QUEUES
from tasks.broker.periodic import claim_slot
from tasks.broker.publisher import DELIVER, RUN_JOB
from tasks.jobs import executor, sweeper
from tasks.notifications import dispatcher
from tasks.schedules import firing

_SLOT_TAKEN = "another run has this slot"


@shared_task(name=RUN_JOB, bind=True)
def run_job(self: Task[Any, Any], /, slug: str, **_: Any) -> None:
    """Claim the next job in the queue of job `slug`, and run it."""
    executor.execute(slug=slug, worker=str(self.request.hostname))


@shared_task(name="tasks.sweep_jobs", ignore_result=True)
def sweep_jobs(**_: Any) -> None:
    """Publish stalled jobs again and fail those that crashed at every attempt."""
    sweeper.sweep_jobs()


@shared_task(name=DELIVER, ignore_result=True)
def deliver(**_: Any) -> None:
    """Send the due deliveries of the outbox."""
    dispatcher.deliver()


@shared_task(name="tasks.ring_canaries", ignore_result=False)
def send_canaries(**_: Any) -> str:
    """Send a message through every queue, to see which ones have a working worker."""
    if not claim_slot("ring_canaries", 60):
        return _SLOT_TAKEN
    for queue in QUEUES:
        current_app.send_task("tasks.canary", args=[queue], queue=queue, expires=120)
    return f"sent to {len(QUEUES)} queues"


@shared_task(name="tasks.canary", ignore_result=True)
def canary(queue: str, **_: Any) -> None:
    """Record that a message of `send_canaries` arrived."""
    sweeper.record_canary(queue)


@shared_task(name="tasks.fire_schedules", ignore_result=True)
def fire_schedules(**_: Any) -> None:
    """Submit the jobs of schedules that are due."""
    firing.fire_due()


@shared_task(name="tasks.sweep_files", ignore_result=False)
def sweep_files(**_: Any) -> str:
    """Remove expired files and objects that belong to no job."""
    if not claim_slot("sweep_files", 3600):
        return _SLOT_TAKEN
    sweeper.sweep_files()
    return "swept"


@shared_task(name="tasks.sweep_records", ignore_result=False)
def sweep_records(**_: Any) -> str:
    """Remove records that are older than their retention."""
    if not claim_slot("sweep_records", 3600):
        return _SLOT_TAKEN
    sweeper.sweep_records()
    return "swept"
