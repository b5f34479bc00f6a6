"""Test exports with a full disk, an absent database, and cancellation at any time."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from celery import current_app

from tasks.broker.publisher import RUN_JOB
from tasks.jobs import sweeper
from tasks.jobs.context import JobContext
from tasks.models import Job, JobCheckpoint, JobFile
from tasks.storage import object_store
from tests.support.client import Client
from tests.support.copies import copies_frozen, copying
from tests.support.disks import Disk, MadeBelieveDisk, MountedDisk, used
from tests.support.platform import due, event_types, execute
from tests.support.postgres import end_other_connections
from tests.support.processes import worker
from tests.support.reports.click_exports import (
    assert_only_files_of,
    digest_of,
    in_folder,
    owner_of_clicks,
    submit_clicks,
)
from tests.support.tasks.jobs import await_end, events, stored
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 6000
PIECES = 6
# For what a worker is to be caught at.
MANY_ROWS = 120_000
PIECE_ROWS = 12_000
CANCEL_SECONDS = 2


@pytest.fixture
def owner(transactional_db: None, published: list[tuple[str, str]], settings: Any) -> Client:
    settings.EXPORT_PIECE_ROWS = ROWS // PIECES
    settings.JOB_HEARTBEAT_SECONDS = 0.1
    return owner_of_clicks(ROWS)


@pytest.fixture
def owner_of_many(transactional_db: None, settings: Any) -> Client:
    settings.EXPORT_PIECE_ROWS = PIECE_ROWS
    return owner_of_clicks(MANY_ROWS)


@pytest.fixture(params=[MountedDisk, MadeBelieveDisk])
def disk(request: pytest.FixtureRequest, storage: Path) -> Iterator[Disk]:
    """The one that storage is on."""
    made: Disk = request.param(storage)
    if not isinstance(made, MountedDisk):
        yield made
        return
    with made.mounted():
        yield made


@pytest.fixture
def parts_written(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The numbers of the parts that are written."""
    numbers: set[int] = set()
    real = JobContext.scratch

    def noting(self: JobContext, name: str) -> Any:
        numbers.add(int(name))
        return real(self, name)

    monkeypatch.setattr(JobContext, "scratch", noting)
    return numbers


def undisturbed(owner: Client, storage: Path) -> tuple[Job, str]:
    job = execute(submit_clicks(owner))
    assert job.status == "succeeded"
    return job, digest_of(job, storage)


def kept(job: Job) -> set[int]:
    """The numbers of the parts that the next attempt need not write."""
    return {int(number) for number in JobCheckpoint.objects.get(job=job).data["parts"]}


def retried(owner: Client, job: Job) -> Job:
    assert owner.post(f"jobs/{job.slug}/retry/").status_code == 202
    return execute(job)


# Of what an export takes for its parts and the whole.
@pytest.mark.parametrize("share", [0.15, 0.4, 0.75])
def test_a_full_disk(
    owner: Client, storage: Path, disk: Disk, parts_written: set[int], share: float
) -> None:
    first, digest = undisturbed(owner, storage)
    before = used(storage)
    job = submit_clicks(owner)
    with disk.of(before + int(share * 2 * before)):
        execute(job)
    assert (job.status, job.error_code, job.attempt) == ("failed", "storage_full", 1)
    assert job.error_message.endswith("no space left; free some and try again")
    assert not JobFile.objects.filter(job=job).exists()
    # What is there is whole: the files of the first, and parts for a retry.
    finished = kept(job) if JobCheckpoint.objects.filter(job=job).exists() else set()
    assert in_folder(storage) == stored(storage)
    assert len(stored(storage)) == 2 + len(finished)
    assert len(finished) < PIECES or share > 0.5
    parts_written.clear()
    job = retried(owner, job)
    assert (job.status, job.attempt) == ("succeeded", 1)
    assert parts_written == set(range(PIECES)) - finished
    assert digest_of(job, storage) == digest
    assert_only_files_of(storage, first, job)


def test_postgres_goes_away_within_copy(
    owner_of_many: Client,
    published: list[tuple[str, str]],
    storage: Path,
    tmp_path: Path,
    parts_written: set[int],
) -> None:
    first, digest = undisturbed(owner_of_many, storage)
    job = submit_clicks(owner_of_many)

    def some_parts() -> bool:
        return JobCheckpoint.objects.filter(job=job, data__parts__has_key="2").exists()

    around = {"EXPORT_PIECE_ROWS": str(PIECE_ROWS)}
    with worker(tmp_path, queues="exports,maintenance", environment=around) as running:
        current_app.send_task(RUN_JOB, args=[job.slug], queue="exports")
        with copies_frozen(some_parts):
            assert end_other_connections()
        wait_for(lambda: "released" in events(owner_of_many, job.slug), what="release")
        assert "job_defect" not in running.text
    finished = kept(job)
    assert {0, 1, 2} <= finished
    assert JobFile.objects.filter(job=job).count() == 0
    parts_written.clear()
    due(job)
    job = execute(job)
    assert (job.status, job.attempt) == ("succeeded", 2)
    assert event_types(job) == ["queued", "claimed", "released", "claimed", "succeeded"]
    assert parts_written.isdisjoint(finished)
    assert parts_written
    assert digest_of(job, storage) == digest
    assert_only_files_of(storage, first, job)


def test_cancel_while_no_row_flows(owner_of_many: Client, storage: Path, tmp_path: Path) -> None:
    """Neither the rows nor the database's backend lets the worker check."""
    around = {"EXPORT_PIECE_ROWS": str(PIECE_ROWS)}
    with worker(tmp_path, queues="exports", environment=around) as running:
        job = submit_clicks(owner_of_many)
        with copies_frozen():
            begun = time.monotonic()
            assert owner_of_many.post(f"jobs/{job.slug}/cancel/").status_code == 202
            ended = await_end(owner_of_many, job.slug, seconds=10)
            assert (ended["status"], ended["files"]) == ("cancelled", [])
            assert time.monotonic() - begun < CANCEL_SECONDS
            wait_for(lambda: in_folder(storage) == [], seconds=5, what="an empty storage")
        wait_for(lambda: copying() == [], what="the end of the backends")
        expected = ["queued", "claimed", "cancel_requested", "cancelled"]
        assert events(owner_of_many, job.slug) == expected
        assert not JobCheckpoint.objects.exists()
        # The worker is well.
        assert owner_of_many.post(f"jobs/{job.slug}/retry/").status_code == 202
        assert await_end(owner_of_many, job.slug)["status"] == "succeeded", running.text[-3000:]
    job.refresh_from_db()
    assert_only_files_of(storage, job)


def test_cancel_while_queued(owner: Client, storage: Path) -> None:
    job = submit_clicks(owner)
    assert owner.post(f"jobs/{job.slug}/cancel/").status_code == 202
    execute(job)
    assert event_types(job) == ["queued", "cancelled"]
    assert in_folder(storage) == []


def released_with_parts(owner: Client, storage: Path, room: int) -> Job:
    """An export that is to go on from its parts: its disk failed."""
    job = submit_clicks(owner)
    with MadeBelieveDisk(storage, errno.EIO).of(room):
        execute(job)
    assert (job.status, job.attempt) == ("queued", 1)
    assert kept(job)
    return job


def test_cancel_while_queued_with_parts(
    owner: Client, storage: Path, parts_written: set[int]
) -> None:
    first, digest = undisturbed(owner, storage)
    job = released_with_parts(owner, storage, 2 * used(storage))
    assert len(stored(storage)) > 2
    assert owner.post(f"jobs/{job.slug}/cancel/").status_code == 202
    assert_only_files_of(storage, first)
    assert in_folder(storage) == stored(storage)
    assert not JobCheckpoint.objects.exists()
    assert event_types(job)[-2:] == ["released", "cancelled"]
    parts_written.clear()
    job = retried(owner, job)
    assert parts_written == set(range(PIECES))
    assert digest_of(job, storage) == digest


def heard_of_cancel(owner: Client, job: Job) -> None:
    """Cancel the job, and wait for its heartbeat."""
    assert owner.post(f"jobs/{job.slug}/cancel/").status_code == 202
    asked = Job.objects.get(pk=job.pk).modified_on
    heard = partial(Job.objects.filter(pk=job.pk, modified_on__gt=asked).exists)
    wait_for(heard, what="a heartbeat")


def test_cancel_while_finished_parts_are_put_together(
    owner: Client, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = undisturbed(owner, storage)
    job = released_with_parts(owner, storage, 3 * used(storage) - 100_000)
    assert kept(job) == set(range(PIECES))
    opened: list[int] = []
    store: Any = type(object_store())
    real = store.open

    def cancelled(self: Any, *given: Any, **further: Any) -> Any:
        if len(opened) == 1:
            heard_of_cancel(owner, job)
        opened.append(1)
        return real(self, *given, **further)

    monkeypatch.setattr(store, "open", cancelled)
    due(job)
    execute(job)
    assert event_types(job)[-3:] == ["claimed", "cancel_requested", "cancelled"]
    assert len(opened) <= 3 < PIECES
    assert_only_files_of(storage, first)
    assert in_folder(storage) == stored(storage)
    assert not JobCheckpoint.objects.exists()


def test_cancel_when_only_the_manifest_is_missing(
    owner: Client, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit_clicks(owner)

    def cancelled(export: Any, written: Any, files: list[Any]) -> dict[str, Any]:
        assert len(files) == 1
        heard_of_cancel(owner, job)
        return {}

    monkeypatch.setattr("reports.exports.runner.manifest", cancelled)
    execute(job)
    assert event_types(job) == ["queued", "claimed", "cancel_requested", "cancelled"]
    assert in_folder(storage) == []
    assert not JobFile.objects.filter(job=job).exists()


def test_cancel_that_comes_too_late_changes_nothing(owner: Client, storage: Path) -> None:
    job, digest = undisturbed(owner, storage)
    assert owner.post(f"jobs/{job.slug}/cancel/").status_code == 409
    sweeper.sweep_files()
    assert digest_of(job, storage) == digest
    assert event_types(job) == ["queued", "claimed", "succeeded"]
    assert_only_files_of(storage, job)
