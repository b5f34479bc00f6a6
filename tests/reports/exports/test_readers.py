"""Threads that read for an export end when it does."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial

import psutil
import pytest
from django.db import DatabaseError, InterfaceError, connection

from reports.exports.readers import ReaderPool
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


def broken(readers: ReaderPool, ready: threading.Event) -> None:
    """A session that breaks, and is noticed to only when all is over."""
    with readers.snapshot("UTC"):
        connection.connection.close()
        ready.set()
        wait_for(lambda: readers._is_closed)


def asleep(readers: ReaderPool, ready: threading.Event) -> None:
    """A query that gives no row for a long time."""
    with readers.snapshot("UTC"), connection.cursor() as cursor:
        ready.set()
        cursor.execute("SELECT pg_sleep(100)")


def read_to_the_end(readers: ReaderPool, ready: threading.Event) -> None:
    """All is read, and nothing of it hears that the session is broken any more."""
    connection.ensure_connection()
    with readers._interruptible("default"):
        ready.set()
        wait_for(lambda: readers._is_closed)


def ended_amid(work: Callable[[ReaderPool, threading.Event], None]) -> Future[None]:
    """What becomes of the work when the export ends, by Stop, in the middle of it."""
    ready = threading.Event()
    futures: list[Future[None]] = []

    def export() -> None:
        with ReaderPool(1, nothing) as readers:
            futures.append(readers.submit(partial(work, readers, ready)))
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


def asleep_before_a_silent_server(readers: ReaderPool, ready: threading.Event) -> None:
    with readers.snapshot("UTC"), connection.cursor() as cursor, server_that_takes_no_connections():
        ready.set()
        cursor.execute("SELECT pg_sleep(100)")


def test_a_silent_server_holds_nobody_up() -> None:
    assert isinstance(ended_amid(asleep_before_a_silent_server).exception(), DatabaseError)
    wait_for(no_query_sleeps, what="the end of the query")


def test_whoever_must_stop_takes_nothing_that_is_done() -> None:
    with ReaderPool(1, stop) as readers:
        future = readers.submit(int)
        assert future.result(30) == 0
        with pytest.raises(Stop):
            readers.wait(future)
