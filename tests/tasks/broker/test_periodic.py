"""Periodic work: once per slot, whoever asks and however often."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from gridlink.lib.queues import QUEUES
from tasks import tasks
from tasks.broker.periodic import claim_slot
from tasks.jobs import sweeper
from tasks.models import PeriodicRun, QueueCanary
from tests.support.platform import in_threads
from tests.support.waiting import wait_for

# The slot of a thousand million seconds that began in 2001 ends in 2033.
LONG = 1e9


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_gets_the_slot() -> None:
    assert sorted(in_threads(10, lambda: claim_slot("sweep", LONG))) == [False] * 9 + [True]
    assert PeriodicRun.objects.get().slot == 1


@pytest.mark.django_db
def test_each_name_has_slots_of_its_own() -> None:
    assert claim_slot("one", LONG)
    assert claim_slot("two", LONG)
    assert not claim_slot("one", LONG)


@pytest.mark.django_db
def test_the_next_slot_is_free() -> None:
    assert claim_slot("often", 0.2)
    wait_for(lambda: claim_slot("often", 0.2), seconds=5)
    first, second = PeriodicRun.objects.order_by("slot").values_list("slot", flat=True)
    assert second > first


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["sweep_files", "sweep_records"])
def test_sweeps_run_once_per_slot(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    ran: list[str] = []
    monkeypatch.setattr(sweeper, name, lambda: ran.append(name))
    monkeypatch.setattr(tasks, "claim_slot", lambda name, seconds: claim_slot(name, LONG))
    task: Any = getattr(tasks, name)
    assert task() == "swept"
    assert task(unknown="ignored") == "another run has this slot"
    assert ran == [name]


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("ring_canaries", tasks.send_canaries),
        ("sweep_files", tasks.sweep_files),
        ("sweep_records", tasks.sweep_records),
    ],
)
def test_beat_asks_twice_per_slot(monkeypatch: pytest.MonkeyPatch, name: str, task: Any) -> None:
    """Asked for once, drift would put two ticks into one slot and none into the next."""
    slots: list[tuple[str, float]] = []
    monkeypatch.setattr(tasks, "claim_slot", lambda *slot: slots.append(slot))
    assert task() == "another run has this slot"
    schedule: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE
    (period,) = (e["schedule"] for e in schedule.values() if e["task"] == f"tasks.{name}")
    assert slots == [(name, 2 * period)]


@pytest.mark.django_db
def test_canaries_go_through_every_queue_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, dict[str, Any]]] = []

    class App:
        def send_task(self, name: str, **options: Any) -> None:
            sent.append((name, options))

    monkeypatch.setattr(tasks, "current_app", App())
    monkeypatch.setattr(tasks, "claim_slot", lambda name, seconds: claim_slot(name, LONG))
    assert tasks.send_canaries() == f"sent to {len(QUEUES)} queues"
    assert sent == [
        ("tasks.canary", {"args": [queue], "queue": queue, "expires": 120}) for queue in QUEUES
    ]
    assert tasks.send_canaries() == "another run has this slot"
    assert len(sent) == len(QUEUES)
    for _, options in sent:
        tasks.canary(*options["args"], unknown="ignored")
    assert set(QueueCanary.objects.values_list("queue", flat=True)) == set(QUEUES)


@pytest.mark.django_db
def test_message_for_a_job_that_is_gone_is_dropped() -> None:
    tasks.run_job("jb_" + "0" * 32, unknown="of a later version")
