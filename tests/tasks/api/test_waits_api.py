"""Test `jobs/{slug}/?wait=`: one request that is answered when the job has ended."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import Any

import pytest
from django.db import connection

from tasks.jobs import lifecycle, long_poll
from tasks.jobs.lifecycle import Outcome, Progress
from tasks.models import Job
from tests.support.client import Client
from tests.support.platform import claim_of, make_job, user_of
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)

LISTENING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND state = 'idle' AND query LIKE 'SELECT FROM tasks_job WHERE id%%'
"""


@pytest.fixture
def in_thread() -> Iterator[Callable[[Callable[[], Any]], Future[Any]]]:
    """Starts work in a thread with a connection of its own, which is closed with it."""
    with ThreadPoolExecutor(8) as pool:

        def closing(work: Callable[[], Any]) -> Any:
            try:
                return work()
            finally:
                connection.close()

        yield lambda work: pool.submit(closing, work)


def _ask(client: Client, job: Job, wait: object) -> tuple[float, Any]:
    before = monotonic()
    response = client.get(f"jobs/{job.slug}/?wait={wait}")
    return monotonic() - before, response


def _wait_for_listeners(count: int) -> None:
    def found() -> int:
        with connection.cursor() as cursor:
            cursor.execute(LISTENING)
            return int(cursor.fetchone()[0])

    wait_for(lambda: found() == count, seconds=10, what=f"{count} waiting")


def test_the_answer_comes_with_the_end(
    alice: Client, in_thread: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By NOTIFY, long before the next poll."""
    monkeypatch.setattr(long_poll, "_POLL_SECONDS", 60)
    job = make_job(user_of(alice))
    claim = claim_of(job)
    asked = in_thread(lambda: _ask(alice, job, 20))
    _wait_for_listeners(1)
    lifecycle.succeed(claim, Outcome({"rows": 3}), [], Progress())
    seconds, response = asked.result(timeout=30)
    assert seconds < 10
    assert response.status_code == 200
    assert (response.json()["status"], response.json()["result"]) == ("succeeded", {"rows": 3})


def test_each_kind_of_end_ends_the_wait(
    alice: Client, in_thread: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a queued job that is cancelled as of one that fails."""
    monkeypatch.setattr(long_poll, "_POLL_SECONDS", 60)
    failing = make_job(user_of(alice))
    claim = claim_of(failing)
    queued = make_job(user_of(alice))
    asked = [in_thread(lambda job=job: _ask(alice, job, 20)) for job in (failing, queued)]
    _wait_for_listeners(2)
    lifecycle.fail(claim, code="broken", message="It broke.")
    assert lifecycle.request_cancel(queued)
    answers = [future.result(timeout=30) for future in asked]
    assert [answer.json()["status"] for _, answer in answers] == ["failed", "cancelled"]
    assert max(seconds for seconds, _ in answers) < 10


def test_when_the_time_is_over_the_job_is_as_it_is(alice: Client) -> None:
    """And the connection no longer listens."""
    job = make_job(user_of(alice))
    seconds, response = _ask(alice, job, 1)
    assert 1 <= seconds < 10
    assert response.json()["status"] == "queued"
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_listening_channels()")
        assert cursor.fetchone() == (0,)


def test_an_end_without_a_notification_is_found_by_polling(
    alice: Client, in_thread: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind a pooler, where nobody listens for long."""
    monkeypatch.setattr(long_poll, "_POLL_SECONDS", 0.05)
    job = make_job(user_of(alice))
    asked = in_thread(lambda: _ask(alice, job, 20))
    _wait_for_listeners(1)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tasks_job DISABLE TRIGGER job_ended")
    try:
        assert lifecycle.request_cancel(job)
        seconds, response = asked.result(timeout=30)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE tasks_job ENABLE TRIGGER job_ended")
    assert response.json()["status"] == "cancelled"
    assert seconds < 10


def test_what_has_ended_is_not_waited_for(alice: Client) -> None:
    """The answer is there."""
    job = make_job(user_of(alice))
    assert lifecycle.request_cancel(job)
    seconds, response = _ask(alice, job, 20)
    assert response.json()["status"] == "cancelled"
    assert seconds < 5


def test_too_many_do_not_wait(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes when all places are taken is answered at once."""
    monkeypatch.setattr(long_poll, "_WAITERS", threading.BoundedSemaphore(1))
    job = make_job(user_of(alice))
    with long_poll._WAITERS:
        seconds, response = _ask(alice, job, 20)
    assert response.json()["status"] == "queued"
    assert seconds < 5
    # The place is free again.
    assert 1 <= _ask(alice, job, 1)[0] < 10


@pytest.mark.parametrize("wait", [-1, 21, "long", "1.5"])
def test_a_wait_that_is_none(alice: Client, wait: object) -> None:
    """Is refused, whatever the job."""
    response = _ask(alice, make_job(user_of(alice)), wait)[1]
    assert response.status_code == 400
    assert list(response.json()["error"]["fields"]) == ["wait"]


def test_nobody_waits_for_anothers_job(alice: Client, bob: Client) -> None:
    """There is none."""
    seconds, response = _ask(bob, make_job(user_of(alice)), 20)
    assert response.status_code == 404
    assert seconds < 5


def test_what_comes_through_another_channel_is_no_end() -> None:
    """As that of an earlier wait on the connection, which came when it was over."""
    with connection.cursor() as cursor:
        cursor.execute("LISTEN job_mine; LISTEN job_other; NOTIFY job_other")
        try:
            assert not long_poll._wait_for_notify("job_mine", 0)
            cursor.execute("NOTIFY job_other; NOTIFY job_mine")
            assert long_poll._wait_for_notify("job_mine", 0)
            assert not long_poll._wait_for_notify("job_mine", 0)
        finally:
            cursor.execute("UNLISTEN *")
