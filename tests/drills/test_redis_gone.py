"""Redis stopped, emptied, or losing messages: every job still ends well."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from gridlink.embedded import celery_redis_url
from tests.support.client import Client, make_user
from tests.support.processes import beat, worker
from tests.support.redis import OwnRedis
from tests.support.rows import load_links
from tests.support.tasks.jobs import await_end, events, look, start_export, stored

LINKS = 100

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner(transactional_db: None) -> Client:
    user = make_user("alice")
    load_links(user, LINKS)
    return Client(user)


def test_export_asked_for_without_redis_runs_when_it_is_back(
    redis: OwnRedis, owner: Client, tmp_path: Path
) -> None:
    with beat(tmp_path), worker(tmp_path) as running:
        redis.stop()
        begun = time.monotonic()
        slug = start_export(owner)
        assert time.monotonic() - begun < 0.3
        assert look(owner, slug)["status"] == "queued"
        running.await_line("Cannot connect")
        redis.start()
        job = await_end(owner, slug)
        assert (job["status"], job["attempt"]) == ("succeeded", 1)
        # And it goes on from there: the next job needs no sweep.
        assert await_end(owner, start_export(owner))["status"] == "succeeded"


def test_jobs_outlive_the_loss_of_every_message(
    redis: OwnRedis, owner: Client, storage: Path, tmp_path: Path
) -> None:
    forms = ("csv", "jsonl", "netscape", "parquet", "xlsx")
    slugs = [start_export(owner, form) for form in forms]
    redis.client().flushall()
    with beat(tmp_path), worker(tmp_path):
        jobs = [await_end(owner, slug) for slug in slugs]
    assert [job["status"] for job in jobs] == ["succeeded"] * 5
    assert len(stored(storage)) == 10


def test_doubled_messages_run_a_job_once(
    redis: OwnRedis, owner: Client, storage: Path, tmp_path: Path
) -> None:
    from celery import current_app

    slug = start_export(owner)
    for _ in range(10):
        current_app.send_task("tasks.run_job", args=[slug], queue="quick")
    with worker(tmp_path, name="one"), worker(tmp_path, name="two"):
        assert await_end(owner, slug)["attempt"] == 1
        # Once both are through the doubles, a job that is asked for now is done by one of them.
        assert await_end(owner, start_export(owner))["status"] == "succeeded"
    assert events(owner, slug) == ["queued", "claimed", "succeeded"]
    assert len(stored(storage)) == 4


def test_celery_reads_the_same_redis(redis: OwnRedis, settings: Any) -> None:
    assert celery_redis_url(settings.REDIS_URL).startswith("redis+socket:///")
    assert redis.client().ping()
