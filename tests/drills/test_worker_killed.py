"""Workers that die, freeze or are told to go, in the middle of an export."""

from __future__ import annotations

import hashlib
import os
import signal
from functools import partial
from pathlib import Path

import pytest

from tests.support.client import Client, content, make_user
from tests.support.jobs import await_end, await_running, events, look, start_export, stored
from tests.support.processes import beat, worker
from tests.support.rows import load_links
from tests.support.waiting import wait_for

# Enough for an export in Python to take some seconds.
LINKS = 120_000

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner(transactional_db: None) -> Client:
    user = make_user("alice")
    load_links(user, LINKS)
    return Client(user)


def assert_one_whole_file(owner: Client, slug: str, storage: Path, attempt: int) -> None:
    job = look(owner, slug)
    assert (job["status"], job["attempt"]) == ("succeeded", attempt)
    (file,) = job["files"]
    assert file["rows"] == LINKS
    body = content(Client().get(file["url"]))
    assert hashlib.sha256(body).hexdigest() == file["sha256"]
    assert body.count(b"<A HREF") == LINKS
    assert len(stored(storage)) == 1
    assert events(owner, slug).count("succeeded") == 1


def test_whole_worker_killed_mid_export(owner: Client, storage: Path, tmp_path: Path) -> None:
    with beat(tmp_path), worker(tmp_path, name="ops", queues="maintenance"):
        slug = start_export(owner, "netscape")
        with worker(tmp_path, name="doomed", queues="exports") as doomed:
            await_running(owner, slug)
            doomed.signal_all(signal.SIGKILL)
            doomed.wait()
        assert look(owner, slug)["status"] == "running"
        assert stored(storage) == []
        with worker(tmp_path, name="second", queues="exports"):
            await_end(owner, slug)
    assert_one_whole_file(owner, slug, storage, attempt=2)
    assert events(owner, slug) == ["queued", "claimed", "claimed", "succeeded"]


def test_pool_process_killed_mid_export(owner: Client, storage: Path, tmp_path: Path) -> None:
    with (
        beat(tmp_path),
        worker(tmp_path, name="ops", queues="maintenance"),
        worker(tmp_path, queues="exports") as running,
    ):
        slug = start_export(owner, "netscape")
        await_running(owner, slug)
        for pid in running.children():
            os.kill(pid, signal.SIGKILL)
        await_end(owner, slug)
    assert_one_whole_file(owner, slug, storage, attempt=2)


def test_frozen_worker_cannot_finish_what_another_took_over(
    owner: Client, storage: Path, tmp_path: Path
) -> None:
    with beat(tmp_path), worker(tmp_path, name="ops", queues="maintenance"):
        slug = start_export(owner, "netscape")
        with worker(tmp_path, name="zombie", queues="exports") as zombie:
            await_running(owner, slug)
            zombie.signal_all(signal.SIGSTOP)
            with worker(tmp_path, name="second", queues="exports"):
                await_end(owner, slug)
                before = look(owner, slug)
                zombie.signal_all(signal.SIGCONT)
                zombie.await_line("job_lease_lost")
    after = look(owner, slug)
    assert [file["sha256"] for file in after["files"]] == [
        file["sha256"] for file in before["files"]
    ]
    assert_one_whole_file(owner, slug, storage, attempt=2)


def test_stopping_worker_hands_its_job_on(owner: Client, storage: Path, tmp_path: Path) -> None:
    slug = start_export(owner, "netscape")
    # The lease is long: only a job that was handed back is taken up soon.
    lease = {"JOB_LEASE_SECONDS": "600", "WORKER_STOP_SECONDS": "1"}
    with worker(tmp_path, name="leaving", queues="exports", environment=lease) as leaving:
        await_running(owner, slug)
        leaving.signal(signal.SIGTERM)
        leaving.wait(30)
        assert events(owner, slug) == ["queued", "claimed", "released"], leaving.text[-3000:]
    with worker(tmp_path, name="second", queues="exports", environment=lease):
        await_end(owner, slug)
    assert_one_whole_file(owner, slug, storage, attempt=1)


def test_cancel_stops_a_running_export(owner: Client, storage: Path, tmp_path: Path) -> None:
    with worker(tmp_path, queues="exports"):
        slug = start_export(owner, "netscape")
        await_running(owner, slug)
        assert owner.post(f"jobs/{slug}/cancel/").status_code == 202
        job = await_end(owner, slug, seconds=5)
        assert (job["status"], job["files"]) == ("cancelled", [])
        assert stored(storage) == []
        # The worker is well: the same job, asked for again, succeeds.
        assert owner.post(f"jobs/{slug}/retry/").status_code == 202
        await_end(owner, slug)
    assert_one_whole_file(owner, slug, storage, attempt=1)


def test_every_attempt_killed_ends_in_failure(owner: Client, storage: Path, tmp_path: Path) -> None:
    def runs(attempt: int) -> bool:
        job = look(owner, slug)
        return bool(job["attempt"] == attempt and job["progress"]["done"])

    with (
        beat(tmp_path),
        worker(tmp_path, name="ops", queues="maintenance"),
        worker(tmp_path, queues="exports") as running,
    ):
        slug = start_export(owner, "netscape")
        for attempt in (1, 2, 3):
            wait_for(partial(runs, attempt), what=f"attempt {attempt}")
            for pid in running.children():
                os.kill(pid, signal.SIGKILL)
        job = await_end(owner, slug)
    assert (job["status"], job["attempt"]) == ("failed", 3)
    assert job["error"]["code"] == "crashed"
    assert stored(storage) == []
