"""Redis hanging: its connections stay open and nothing on them is answered."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.db import connection, transaction

from tasks.models import Job
from tests.support.client import Client, make_user
from tests.support.jobs import await_end, look, start_export
from tests.support.processes import Process, beat, worker
from tests.support.redis import OwnRedis, point_celery_at
from tests.support.rows import load_links
from tests.support.waiting import wait_for

LINKS = 100
SLOTS = 2

# Most of it is settings.py's socket_timeout, which each lost ack waits for.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


@pytest.fixture
def redis(tmp_path: Path, settings: Any) -> Iterator[OwnRedis]:
    before = settings.REDIS_URL
    server = OwnRedis(tmp_path / "redis")
    server.start()
    point_celery_at(server.url, settings)
    yield server
    server.stop()
    point_celery_at(before, settings)


@pytest.fixture
def owners(transactional_db: None) -> list[Client]:
    """As many as there are slots: each may run one export at a time."""
    users = [make_user(name) for name in ("alice", "bob")]
    for user in users:
        load_links(user, LINKS)
    return [Client(user) for user in users]


@contextmanager
def hanging(folder: Path) -> Iterator[None]:
    """Stop the Redis on `folder` from answering until the block ends."""
    pid = int((folder / "redis" / "redis" / "redis.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def running_jobs(count: int) -> bool:
    return Job.objects.filter(status="running").count() == count


def answers_ping() -> bool:
    return bool(current_app.control.ping(timeout=1))


@contextmanager
def exports_held() -> Iterator[None]:
    """Keep exports, once claimed, waiting for their first row until the block ends."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE grids_link IN ACCESS EXCLUSIVE MODE", [])
        yield


def start_export_at_once(owner: Client) -> str:
    begun = time.monotonic()
    slug = start_export(owner)
    assert time.monotonic() - begun < 0.3
    return slug


def lose_every_ack(running: Process, folder: Path) -> None:
    """Kill what fills the worker's slots while Redis hangs, until the worker has given up on the acks."""
    wait_for(partial(running_jobs, SLOTS), what="a running job in every slot")
    # A worker that is still starting may be stopped by the hang elsewhere, before any ack.
    wait_for(answers_ping, what="a worker that is through with its start")
    with hanging(folder):
        running.kill_children()
        running.await_line("Couldn't ack", times=SLOTS)


def test_worker_consumes_on_after_acks_that_redis_did_not_hear(
    redis: OwnRedis, owners: list[Client], tmp_path: Path
) -> None:
    slugs = [start_export(owner) for owner in owners]
    with ExitStack() as stack:
        with exports_held():
            running = stack.enter_context(worker(tmp_path, concurrency=SLOTS))
            lose_every_ack(running, tmp_path)
        # Only now: a sweep must not have had a slot when Redis stopped.
        stack.enter_context(beat(tmp_path))
        jobs = [await_end(owner, slug) for owner, slug in zip(owners, slugs, strict=True)]
        later = await_end(owners[0], start_export(owners[0]))
    assert [(job["status"], job["attempt"]) for job in jobs] == [("succeeded", 2)] * SLOTS
    assert (later["status"], later["attempt"]) == ("succeeded", 1)


def test_export_is_accepted_at_once_while_redis_hangs(
    redis: OwnRedis, owners: list[Client], tmp_path: Path
) -> None:
    owner = owners[0]
    with beat(tmp_path), worker(tmp_path):
        with hanging(tmp_path):
            # Twice: the second finds the doorbell's thread hanging.
            slugs = [start_export_at_once(owner) for _ in range(2)]
            assert [look(owner, slug)["status"] for slug in slugs] == ["queued"] * 2
        jobs = [await_end(owner, slug) for slug in slugs]
    assert [job["status"] for job in jobs] == ["succeeded"] * 2
