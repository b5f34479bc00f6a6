"""Kill, freeze and stop workers in the middle of an export."""

from __future__ import annotations

import hashlib
import signal
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

from tasks.models import Job
from tests.support.client import Client, content, make_user
from tests.support.freeze import LINKS, export_frozen, no_export_runs
from tests.support.processes import beat, worker
from tests.support.rows import load_links
from tests.support.tasks.jobs import await_end, events, look, start_export, stored
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner(transactional_db: None) -> Client:
    user = make_user("alice")
    load_links(user, LINKS)
    return Client(user)


def assert_one_whole_file(owner: Client, slug: str, storage: Path, attempt: int) -> None:
    job = look(owner, slug)
    assert (job["status"], job["attempt"]) == ("succeeded", attempt)
    file, _ = job["files"]
    assert file["rows"] == LINKS
    body = content(Client().get(file["url"]))
    assert hashlib.sha256(body).hexdigest() == file["sha256"]
    assert body.count(b"<A HREF") == LINKS
    assert len(stored(storage)) == 2
    assert events(owner, slug).count("succeeded") == 1


def heard_after(moment: datetime, slug: str) -> bool:
    """Whether there was a heartbeat since."""
    return Job.objects.get(slug=slug).modified_on > moment


def test_whole_worker_killed_mid_export(owner: Client, storage: Path, tmp_path: Path) -> None:
    with beat(tmp_path), worker(tmp_path, name="ops", queues="maintenance"):
        slug = start_export(owner, "netscape")
        with worker(tmp_path, name="doomed", queues="exports") as doomed, export_frozen():
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
        with export_frozen():
            running.kill_children()
        await_end(owner, slug)
    assert_one_whole_file(owner, slug, storage, attempt=2)


def test_frozen_worker_cannot_finish_what_another_took_over(
    owner: Client, storage: Path, tmp_path: Path
) -> None:
    with beat(tmp_path), worker(tmp_path, name="ops", queues="maintenance"):
        slug = start_export(owner, "netscape")
        with worker(tmp_path, name="zombie", queues="exports") as zombie:
            with export_frozen():
                zombie.signal_all(signal.SIGSTOP)
            with worker(tmp_path, name="second", queues="exports"):
                before = await_end(owner, slug)
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
    lease = {"JOB_LEASE_SECONDS": "600", "WORKER_STOP_SECONDS": "0"}
    with worker(tmp_path, name="leaving", queues="exports", environment=lease) as leaving:
        with export_frozen():
            leaving.signal(signal.SIGTERM)
            leaving.await_line("terminate all running tasks")
        leaving.wait(30)
        assert events(owner, slug) == ["queued", "claimed", "released"], leaving.text[-3000:]
    with worker(tmp_path, name="second", queues="exports", environment=lease):
        await_end(owner, slug)
    assert_one_whole_file(owner, slug, storage, attempt=1)


def test_cancel_stops_a_running_export(owner: Client, storage: Path, tmp_path: Path) -> None:
    with worker(tmp_path, queues="exports"):
        slug = start_export(owner, "netscape")
        with export_frozen():
            assert owner.post(f"jobs/{slug}/cancel/").status_code == 202
            # The heartbeat notices it; the runner stops at its next row.
            wait_for(partial(heard_after, Job.objects.get(slug=slug).modified_on, slug))
        job = await_end(owner, slug, seconds=5)
        assert (job["status"], job["files"]) == ("cancelled", [])
        assert stored(storage) == []
        # The worker is well: the same job, asked for again, succeeds.
        assert owner.post(f"jobs/{slug}/retry/").status_code == 202
        await_end(owner, slug)
    assert_one_whole_file(owner, slug, storage, attempt=1)


def test_every_attempt_killed_ends_in_failure(owner: Client, storage: Path, tmp_path: Path) -> None:
    with (
        beat(tmp_path),
        worker(tmp_path, name="ops", queues="maintenance"),
        worker(tmp_path, queues="exports") as running,
    ):
        slug = start_export(owner, "netscape")
        for attempt in (1, 2, 3):
            with export_frozen():
                assert look(owner, slug)["attempt"] == attempt
                running.kill_children()
            # Until then the dead one's backend could be taken for the next one's.
            wait_for(no_export_runs, what="the end of the backend")
        job = await_end(owner, slug)
    assert (job["status"], job["attempt"]) == ("failed", 3)
    assert job["error"]["code"] == "crashed"
    assert stored(storage) == []
