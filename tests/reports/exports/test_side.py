"""Threads beside an export: how they end when it does."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial

import psutil  # type: ignore[import-untyped]
import pytest
from django.db import DatabaseError, InterfaceError, connection

from reports.exports.readers import Side
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def no_query_sleeps() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND query LIKE 'SELECT pg_sleep%' AND state = 'active'"
        )
        return bool(cursor.fetchone()[0] == 0)


class Stop(Exception):
    """Why a job ends."""


def nothing() -> None:
    """No reason to stop."""


def stop() -> None:
    raise Stop


def broken(side: Side, ready: threading.Event) -> None:
    """A session that breaks, and is noticed to only when all is over."""
    with side.snapshot("UTC"):
        connection.connection.close()
        ready.set()
        wait_for(lambda: side._is_over)


def asleep(side: Side, ready: threading.Event) -> None:
    """A query that gives no row for a long time."""
    with side.snapshot("UTC"), connection.cursor() as cursor:
        ready.set()
        cursor.execute("SELECT pg_sleep(100)")


def read_to_the_end(side: Side, ready: threading.Event) -> None:
    """All is read, and nothing of it hears that the session is broken any more."""
    connection.ensure_connection()
    with side._breakable(connection):
        ready.set()
        wait_for(lambda: side._is_over)


def ended_amid(work: Callable[[Side, threading.Event], None]) -> Future[None]:
    """What becomes of the work when the export ends, by Stop, in the middle of it."""
    ready = threading.Event()
    futures: list[Future[None]] = []

    def export() -> None:
        with Side(1, nothing) as side:
            futures.append(side.submit(partial(work, side, ready)))
            assert ready.wait(30)
            raise Stop

    with pytest.raises(Stop):
        export()
    return futures[0]


def test_a_broken_session_hides_no_error() -> None:
    assert isinstance(ended_amid(broken).exception(), InterfaceError)


def test_what_was_read_as_all_ended_does_not_count() -> None:
    """The thread would store it, and then be unable to note that it did."""
    error = ended_amid(read_to_the_end).exception()
    assert isinstance(error, RuntimeError)
    assert str(error) == "The export is over."


def test_a_query_is_broken_off_here_and_in_the_server() -> None:
    assert isinstance(ended_amid(asleep).exception(), DatabaseError)
    wait_for(no_query_sleeps, what="the end of the query")


@contextmanager
def server_that_takes_no_connections() -> Iterator[None]:
    """Whoever connects waits: what a network does that has lost the way."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    postmaster = psutil.Process(backend).ppid()
    os.kill(postmaster, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(postmaster, signal.SIGCONT)


def asleep_before_a_silent_server(side: Side, ready: threading.Event) -> None:
    with side.snapshot("UTC"), connection.cursor() as cursor, server_that_takes_no_connections():
        ready.set()
        cursor.execute("SELECT pg_sleep(100)")


def test_a_silent_server_holds_nobody_up() -> None:
    assert isinstance(ended_amid(asleep_before_a_silent_server).exception(), DatabaseError)
    wait_for(no_query_sleeps, what="the end of the query")


def test_whoever_must_stop_takes_nothing_that_is_done() -> None:
    with Side(1, stop) as side:
        future = side.submit(int)
        assert future.result(30) == 0
        with pytest.raises(Stop):
            side.wait(future)
