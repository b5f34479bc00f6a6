"""A schedule with real beats and workers: a slot that has come starts one job, whoever is there to see it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db.models.functions import Now

from tasks.models import Schedule
from tests.support.client import make_user

pytestmark = pytest.mark.django_db(transaction=True)


def make_due(number: int) -> None:
    """Schedules whose slot came a moment ago, of a user who has no rights to what they start."""
    user = make_user("alice")
    Schedule.objects.bulk_create(
        Schedule(
            user=user, name=str(n), action="drill", rule="FREQ=DAILY", form="rrule",
            time_zone="Europe/Athens", starts_on=date(2026, 1, 1), next_on=Now() - timedelta(seconds=1),
        )
        for n in range(number)
    )  # fmt: skip
