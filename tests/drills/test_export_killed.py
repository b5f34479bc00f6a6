"""Test exports whose workers are killed at any moment: same bytes, no orphans."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tasks.jobs import sweeper
from tasks.models import Job
from tests.support.client import Client
from tests.support.disks import used
from tests.support.processes import Process, beat, worker
from tests.support.reports.click_exports import (
    digest_of,
    in_folder,
    known_objects,
    owner_of_clicks,
    submit_clicks,
)
from tests.support.reports.exports import data_file
from tests.support.tasks.jobs import await_end, events
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(3600)]

ROWS = int(os.environ.get("DRILL_ROWS", "100000"))
FORMS = (
    {"form": "csv"},
    {"form": "csv", "compression": "gzip"},
    {"form": "jsonl", "compression": "zstd"},
    {"form": "parquet"},
    {"form": "xlsx"},
)
# Of each.
KILLS = 4
SEED = 4
SECONDS = 600


class Doomed:
    """A worker that is killed as a whole and in its pool, by turns."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes = ExitStack()
        self._running = self._start(0)
        self.kills = 0

    def kill(self) -> None:
        """What was at work is gone, at once."""
        self.kills += 1
        if self.kills % 2:
            self._running.kill_children()
        else:
            self._running.signal_all(signal.SIGKILL)
            self._running.wait()
            self._running = self._start(self.kills)

    def stop(self) -> None:
        """End whatever runs."""
        self._processes.close()

    def _start(self, number: int) -> Process:
        around = {"JOB_LEASE_SECONDS": "2", "EXPORT_PIECE_ROWS": str(ROWS // 20)}
        return self._processes.enter_context(
            worker(self._folder, name=f"doomed{number}", queues="exports", environment=around)
        )


@pytest.fixture
def owner(transactional_db: None, settings: Any) -> Client:
    settings.JOB_MAX_ATTEMPTS = 100
    return owner_of_clicks(ROWS)


@pytest.fixture
def doomed(owner: Client, tmp_path: Path) -> Iterator[Doomed]:
    with beat(tmp_path), worker(tmp_path, name="ops", queues="maintenance"):
        running = Doomed(tmp_path)
        yield running
        running.stop()


@dataclass(frozen=True, slots=True)
class Drill:
    """Kills at moments by chance."""

    owner: Client
    storage: Path
    doomed: Doomed
    chance: random.Random

    def run(self, form: dict[str, str]) -> Job:
        """An export that nothing disturbs."""
        job = submit_clicks(self.owner, **form)
        return self._ended(job)

    def run_killed(self, form: dict[str, str], size: int, kills: int) -> tuple[Job, int]:
        """One whose worker is killed so many times, or fewer, for it may be done before; and how often."""
        job = submit_clicks(self.owner, **form)
        hits = 0
        # Its parts and then the whole: twice the size of the file.
        while hits < kills and self._hit(job, hits + 1, int(self.chance.uniform(0, 2 * size))):
            hits += 1
            size //= 2
        return self._ended(job), hits

    def _hit(self, job: Job, attempt: int, size: int) -> bool:
        """Kill what runs the job once this attempt has written so many bytes; False if it was over before."""
        wait_for(lambda: reread(job).attempt == attempt, seconds=SECONDS, what="the next attempt")
        end = used(self.storage) + size
        wait_for(
            lambda: reread(job).status != "running" or used(self.storage) >= end,
            seconds=SECONDS,
            what="bytes in storage",
        )
        if job.status == "running":
            self.doomed.kill()
        return reread(job).status == "running"

    def _ended(self, job: Job) -> Job:
        ended = await_end(self.owner, job.slug, seconds=SECONDS)
        assert ended["status"] == "succeeded", ended
        return reread(job)


def reread(job: Job) -> Job:
    job.refresh_from_db()
    return job


def test_killed_at_twenty_moments(
    owner: Client, storage: Path, doomed: Doomed, monkeypatch: pytest.MonkeyPatch
) -> None:
    drill = Drill(owner, storage, doomed, random.Random(SEED))
    for form in FORMS:
        undisturbed = drill.run(form)
        assert events(owner, undisturbed.slug) == ["queued", "claimed", "succeeded"]
        digest, left = digest_of(undisturbed, storage), KILLS
        while left:
            job, hits = drill.run_killed(form, data_file(undisturbed).size, left)
            left -= hits
            assert digest_of(job, storage) == digest
            assert (job.attempt, job.progress_done) == (1 + hits, ROWS)
            assert events(owner, job.slug) == ["queued", *["claimed"] * (1 + hits), "succeeded"]
    doomed.stop()
    assert doomed.kills >= 20
    # What the dead left behind, which belongs to no job.
    assert len(in_folder(storage)) > len(known_objects())
    monkeypatch.setattr(sweeper, "ORPHAN_AGE", timedelta(seconds=-60))
    sweeper.sweep_files()
    assert in_folder(storage) == known_objects()
