"""Test that one beat runs at a time, by a lock of its connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from celery import current_app
from celery.beat import Scheduler
from django.db import connection

from tasks.broker.beat import LOCK_KEY, LockedScheduler
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)
T = TypeVar("T")
WAITS = 5.0
TICKS = 0.5


class NamedScheduler(LockedScheduler):
    name = ""


class Beat:
    """A beat on a thread, and so on a database connection, of its own."""

    def __init__(self, name: str) -> None:
        self.scheduler = NamedScheduler(current_app, lazy=True)
        self.scheduler.name = name
        self._thread = ThreadPoolExecutor(1)

    def do(self, work: Callable[[], T]) -> T:
        return self._thread.submit(work).result(30)

    def tick(self) -> float:
        return self.do(self.scheduler.tick)

    def close(self) -> None:
        self.do(lambda: connection.close())
        self._thread.shutdown()


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which beat did what a tick does."""
    names: list[str] = []

    def tick(self: Any, *args: Any, **kwargs: Any) -> float:
        names.append(self.name)
        return TICKS

    monkeypatch.setattr(Scheduler, "tick", tick)
    return names


@pytest.fixture
def beats(published: list[str]) -> Iterator[tuple[Beat, Beat]]:
    first, second = Beat("first"), Beat("second")
    yield first, second
    first.close()
    second.close()
    wait_for(lambda: not holders(), what="the lock's release")


def holders() -> list[int]:
    """The server processes whose connections hold the lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND (classid::bigint << 32) + objid::bigint = %s",
            [LOCK_KEY],
        )
        return [pid for (pid,) in cursor.fetchall()]


def kill_holder() -> None:
    """End the connection that holds the lock, from outside."""
    (pid,) = holders()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
        assert cursor.fetchone() == (True,)


def test_only_one_of_two_publishes(beats: tuple[Beat, Beat], published: list[str]) -> None:
    first, second = beats
    assert [first.tick(), second.tick(), first.tick(), second.tick()] == [
        TICKS, WAITS, TICKS, WAITS,
    ]  # fmt: skip
    assert published == ["first", "first"]


def test_the_second_takes_over_when_the_first_is_gone(
    beats: tuple[Beat, Beat], published: list[str]
) -> None:
    first, second = beats
    first.tick()
    kill_holder()
    assert second.tick() == TICKS
    # The first notices, and stays behind for good.
    assert [first.tick(), first.tick(), second.tick()] == [WAITS, WAITS, TICKS]
    assert published == ["first", "second", "second"]


def test_a_new_connection_is_not_taken_for_the_old_one(
    beats: tuple[Beat, Beat], published: list[str]
) -> None:
    first, second = beats
    first.tick()
    first.do(lambda: connection.close())
    wait_for(lambda: second.tick() == TICKS)
    assert first.tick() == WAITS
    assert published == ["first", "second"]


def test_lost_database_is_no_tick_and_no_end(
    beats: tuple[Beat, Beat], published: list[str]
) -> None:
    first, _ = beats
    first.tick()
    kill_holder()
    assert first.tick() == WAITS
    assert first.tick() == TICKS
    assert published == ["first", "first"]


def test_many_ticks_need_only_one_release(beats: tuple[Beat, Beat], published: list[str]) -> None:
    first, second = beats
    for _ in range(50):
        first.tick()
    first.do(lambda: connection.close())
    wait_for(lambda: second.tick() == TICKS)
