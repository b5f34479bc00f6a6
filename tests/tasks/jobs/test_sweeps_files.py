"""Test the sweep of files: expired ones are removed, inputs in use are kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tasks.jobs import lifecycle, sweeper
from tasks.models import FileRole, Job, JobFile
from tasks.storage import StorageError, object_store
from tests.support import race
from tests.support.client import Client
from tests.support.files import add_file, job_with_file, make_old
from tests.support.platform import event_types, make_job, row
from tests.support.tasks.jobs import stored
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db


def overdue(*files: JobFile) -> None:
    JobFile.objects.filter(pk__in=[file.pk for file in files]).update(
        expires_on=timezone.now() - timedelta(seconds=1)
    )


def put(key: str) -> None:
    with object_store().sink(key) as sink:
        sink.write(b"x")


def test_overdue_file_goes_and_its_job_expires(alice: Client, storage: Path) -> None:
    job, other = job_with_file(alice), job_with_file(alice)
    (file,) = job.files.all()
    overdue(file)
    sweeper.sweep_files()
    file.refresh_from_db()
    job.refresh_from_db()
    assert file.deleted_on
    assert (job.status, event_types(job)) == ("expired", ["expired"])
    assert stored(storage) == [other.files.get().storage_key]
    other.refresh_from_db()
    assert (other.status, other.files.get().deleted_on) == ("succeeded", None)


def test_job_expires_with_its_last_output(alice: Client, storage: Path) -> None:
    job = job_with_file(alice)
    second = add_file(job, "second.csv")
    overdue(job.files.exclude(pk=second.pk).get())
    sweeper.sweep_files()
    assert row(job)["status"] == "succeeded"
    overdue(second)
    sweeper.sweep_files()
    assert row(job)["status"] == "expired"
    assert event_types(job) == ["expired"]
    assert stored(storage) == []


@pytest.mark.parametrize("status", ["queued", "running"])
def test_input_stays_while_its_job_may_want_it(alice: Client, storage: Path, status: str) -> None:
    assert alice.user
    job = make_job(alice.user)
    file = add_file(job, "upload", FileRole.INPUT)
    lease = timezone.now() if status == "running" else None
    Job.objects.update(status=status, lease_expires_on=lease)
    overdue(file)
    make_old(storage)
    sweeper.sweep_files()
    file.refresh_from_db()
    assert file.deleted_on is None
    assert stored(storage) == [file.storage_key]


def test_inputs_that_stay_do_not_keep_others_from_going(
    alice: Client, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are overdue for longest and fill the first batch, in every sweep."""
    monkeypatch.setattr(sweeper, "BATCH", 2)
    assert alice.user
    kept = [add_file(make_job(alice.user), "upload", FileRole.INPUT) for _ in range(3)]
    JobFile.objects.update(expires_on=timezone.now() - timedelta(days=3))
    jobs = [job_with_file(alice) for _ in range(3)]
    overdue(*JobFile.objects.filter(job__in=jobs))
    sweeper.sweep_files()
    assert {row(job)["status"] for job in jobs} == {"expired"}
    assert stored(storage) == sorted(file.storage_key for file in kept)


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_input_of_an_ended_job_goes_without_a_change_of_state(
    alice: Client, storage: Path, status: str
) -> None:
    assert alice.user
    job = make_job(alice.user)
    overdue(add_file(job, "upload", FileRole.INPUT))
    Job.objects.update(status=status, finished_on=timezone.now())
    sweeper.sweep_files()
    assert stored(storage) == []
    assert (row(job)["status"], event_types(job)) == (status, [])


def _sweep_in_thread() -> None:
    try:
        sweeper.sweep_files()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_input_stays_when_its_job_is_retried_during_the_sweep(
    alice: Client, storage: Path, published: list[tuple[str, str]]
) -> None:
    assert alice.user
    job = make_job(alice.user, status="failed", finished_on=timezone.now())
    file = add_file(job, "upload", FileRole.INPUT)
    overdue(file)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            assert lifecycle.retry(job)
            # It still sees the job failed, and the file overdue.
            sweep = pool.submit(_sweep_in_thread)
            wait_for(lambda: race._waiting() == 1, seconds=10, what="the sweep at the job's row")
        sweep.result(timeout=30)
    file.refresh_from_db()
    assert file.deleted_on is None
    assert stored(storage) == [file.storage_key]
    assert (row(job)["status"], published) == ("queued", [(job.slug, "exports")])


def test_orphans_go_after_a_day(alice: Client, storage: Path) -> None:
    job = job_with_file(alice)
    kept = job.files.get().storage_key
    old, young = "jobs/jb_gone/1-1/out.csv", f"jobs/{job.slug}/2-2/links.csv"
    put(old)
    make_old(storage)
    put(young)
    put("elsewhere/note")
    make_old(storage / "elsewhere")
    sweeper.sweep_files()
    assert stored(storage) == sorted(["elsewhere/note", kept, young])


def test_what_could_not_be_deleted_is_an_orphan_of_the_next_sweep(
    alice: Client, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_with_file(alice)
    overdue(job.files.get())
    make_old(storage)
    store = type(object_store())
    delete = store.delete

    def refuse(self: Any, key: str) -> None:
        raise StorageError("gone")

    monkeypatch.setattr(store, "delete", refuse)
    with pytest.raises(StorageError):
        sweeper.sweep_files()
    # Nobody is promised the file any more.
    assert job.files.get().deleted_on
    assert row(job)["status"] == "expired"
    assert len(stored(storage)) == 1
    monkeypatch.setattr(store, "delete", delete)
    sweeper.sweep_files()
    assert stored(storage) == []


def test_half_written_files_of_dead_workers_go_too(alice: Client, storage: Path) -> None:
    partials = storage / ".partial"
    partials.mkdir(parents=True)
    (partials / "old").write_bytes(b"x")
    make_old(partials)
    (partials / "young").write_bytes(b"x")
    sweeper.sweep_files()
    assert [path.name for path in partials.iterdir()] == ["young"]


def test_more_than_a_batch(alice: Client, storage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "BATCH", 2)
    jobs = [job_with_file(alice) for _ in range(5)]
    overdue(*JobFile.objects.all())
    kept = job_with_file(alice).files.get().storage_key
    for number in range(5):
        put(f"jobs/jb_gone/1-1/{number}")
    make_old(storage)
    sweeper.sweep_files()
    assert stored(storage) == [kept]
    assert {row(job)["status"] for job in jobs} == {"expired"}


def test_twice_is_as_once(alice: Client, storage: Path) -> None:
    job = job_with_file(alice)
    job_with_file(alice)
    overdue(job.files.get())
    put("jobs/jb_gone/1-1/out.csv")
    make_old(storage)

    def state() -> Any:
        return list(Job.objects.values()), list(JobFile.objects.values()), stored(storage)

    sweeper.sweep_files()
    once = state()
    assert len(once[2]) == 1
    sweeper.sweep_files()
    assert state() == once
    assert event_types(job) == ["expired"]
