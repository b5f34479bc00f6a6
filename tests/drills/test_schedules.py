"""Test schedules with real beats and workers: one job per slot, whoever dies."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from tasks.models import Job, Schedule, ScheduledRun
from tests.support.client import make_user
from tests.support.processes import Process, celery
from tests.support.tasks.drill_actions import HOLD, MODULE
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)
NUMBER = 12
EVERY_SECOND = {"SCHEDULE_SECONDS": "1"}
_HELD_UP = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted
"""


def make_due() -> datetime:
    """Schedules whose slot came a moment ago; the slot."""
    user = make_user("alice")
    first = Schedule.objects.create(
        user=user, name="0", action="drill", rule="FREQ=DAILY", form="rrule",
        time_zone="Europe/Athens", starts_on=date(2026, 1, 1), next_on=Now(), params={"number": 0},
    )  # fmt: skip
    first.refresh_from_db()
    slot = first.next_on
    assert slot
    for number in range(1, NUMBER):
        first.pk = None
        first._state.adding = True
        first.slug, first.params = f"sc_{number:032x}", {"number": number}
        first.save()
    return slot


@contextmanager
def ops(folder: Path, name: str) -> Iterator[Process]:
    """A worker that knows the drills' action and takes every queue."""
    arguments = ["worker", "-n", f"{name}@test", "-Q", "maintenance,exports,quick", "-c", "2"]
    arguments += ["-I", MODULE, "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    with celery(name, arguments, folder, " ready.") as process:
        yield process


@contextmanager
def busy_beat(folder: Path, name: str) -> Iterator[Process]:
    """A beat that asks for a pass every second."""
    arguments = ["beat", "--loglevel", "INFO"]
    with celery(name, arguments, folder, "beat: Starting", EVERY_SECOND) as process:
        yield process


def all_ended() -> bool:
    return Job.objects.filter(status="succeeded").count() == NUMBER


def held_up() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_HELD_UP, [HOLD])
        (count,) = cursor.fetchone()
    return int(count)


def assert_each_fired_once(slot: datetime) -> None:
    assert list(ScheduledRun.objects.values_list("slot", "status").distinct()) == [
        (slot, "submitted")
    ]
    assert ScheduledRun.objects.values("schedule").distinct().count() == NUMBER
    assert ScheduledRun.objects.count() == Job.objects.count() == NUMBER
    assert {job.params["number"] for job in Job.objects.all()} == set(range(NUMBER))
    midnight = slot + timedelta(days=1)
    assert not Schedule.objects.exclude(next_on__gt=slot, next_on__lte=midnight).exists()


def test_two_beats_and_two_workers_fire_a_slot_once(tmp_path: Path, storage: Path) -> None:
    slot = make_due()
    with ExitStack() as processes:
        for name in ("first", "second"):
            processes.enter_context(ops(tmp_path, name))
        beats = [processes.enter_context(busy_beat(tmp_path, name)) for name in ("one", "two")]
        wait_for(all_ended, seconds=60, what="the jobs")
        # And not again.
        asked = sum(beat.text.count("fire-schedules") for beat in beats)
        wait_for(lambda: sum(b.text.count("fire-schedules") for b in beats) >= asked + 3)
    assert_each_fired_once(slot)


def test_worker_killed_while_it_fires(tmp_path: Path, storage: Path) -> None:
    slot = make_due()
    with ExitStack() as processes:
        with transaction.atomic(), connection.cursor() as cursor:
            # Before the worker starts: nothing may fire in between.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [HOLD])
            processes.enter_context(busy_beat(tmp_path, "beat"))
            doomed = processes.enter_context(ops(tmp_path, "doomed"))
            wait_for(held_up, what="a pass in the middle of firing")
            doomed.signal_all(signal.SIGKILL)
            doomed.wait()
            assert Job.objects.count() == ScheduledRun.objects.count() == 0
        processes.enter_context(ops(tmp_path, "second"))
        wait_for(all_ended, seconds=60, what="the jobs")
    assert_each_fired_once(slot)
