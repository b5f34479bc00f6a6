"""Define what schedules of drills start; workers of drills include this module."""

from __future__ import annotations

from typing import Any

from django.db import connection

from gridlink.accounts.models import User
from tasks.jobs import registry
from tasks.jobs.context import JobContext
from tasks.jobs.lifecycle import Outcome
from tasks.jobs.services import Submission, job_submit
from tasks.schedules.registry import Occurrence, ScheduledAction, register

MODULE = "tests.support.tasks.drill_actions"
# Whoever holds it keeps every pass in the middle of firing.
HOLD = 7_741_002


class DrillRunner(registry.JobRunner):
    """Work that is done at once."""

    kind = "drill.work"
    queue = "exports"

    def run(self, context: JobContext) -> Outcome:
        """Nothing."""
        return Outcome()


class DrillAction(ScheduledAction):
    """Starts it, when nobody keeps it from doing so."""

    name = "drill"

    def validate(self, *, user: User, params: dict[str, Any]) -> dict[str, Any]:
        """Anything goes."""
        return params

    def submit(self, *, user: User, params: dict[str, Any], occurrence: Occurrence) -> Submission:
        """The job, and then the wait, so that there is something to be lost."""
        given = {**params, "slot": occurrence.slot.isoformat()}
        submission = job_submit(
            user=user, kind=DrillRunner.kind, params=given, idempotency_key=occurrence.key
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [HOLD])
        return submission


register(DrillAction)
registry.register(DrillRunner)
