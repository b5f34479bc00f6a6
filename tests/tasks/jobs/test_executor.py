"""Test which state and files each way of ending a runner leads to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    connection,
)

from gridlink.accounts.models import User
from gridlink.lib.database import is_unreachable
from grids.models import Grid
from tasks.jobs import executor, lifecycle
from tasks.jobs.context import JobContext
from tasks.jobs.lifecycle import Outcome
from tasks.jobs.registry import JobFailed
from tasks.models import Job, JobCheckpoint, JobFile
from tasks.storage import StorageError, StorageFull, object_store
from tests.support.client import make_user
from tests.support.platform import due, event_types, execute, history, make_job, write_file
from tests.support.tasks.jobs import stored

pytestmark = pytest.mark.django_db(transaction=True)

Runs = Callable[[Callable[[JobContext], Outcome | None]], None]


@pytest.fixture(autouse=True)
def quiet(published: list[tuple[str, str]]) -> None:
    """No message leaves these tests."""


@pytest.fixture
def owner(transactional_db: None) -> User:
    return make_user("alice")


def failing(error: BaseException) -> Callable[[JobContext], None]:
    """A runner that has a whole file in storage already when it fails."""

    def work(context: JobContext) -> None:
        write_file(context)
        raise error

    return work


def test_success(runs: Runs, owner: User, storage: Path) -> None:
    def work(context: JobContext) -> Outcome:
        assert (context.params, context.user_id) == ({"a": 1}, owner.pk)
        context.report(1, 1, "lines")
        write_file(context)
        return Outcome({"lines": 1}, lambda: Grid.objects.create(user=owner, title="Made"))

    runs(work)
    job = execute(make_job(owner, params={"a": 1}))
    assert (job.status, job.attempt, job.result, job.worker) == (
        "succeeded", 1, {"lines": 1}, "test",
    )  # fmt: skip
    assert (job.progress_done, job.progress_total, job.progress_unit) == (1, 1, "lines")
    file = JobFile.objects.get(job=job)
    assert (file.name, file.size, file.rows) == ("out.txt", 6, 1)
    assert file.content_type == "text/plain"
    # The key names attempt and fence: no other attempt can write there.
    assert stored(storage) == [file.storage_key] == [f"jobs/{job.slug}/1-1/out.txt"]
    assert object_store().open(file.storage_key).read() == b"hello\n"
    assert Grid.objects.get().title == "Made"


def test_nothing_to_do_is_fine(owner: User) -> None:
    executor.execute(slug="jb_" + "0" * 32, worker="test")
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (JobFailed("unreadable", "The file is empty."), "unreadable", "The file is empty."),
        (StorageFull("No space left; free some."), "storage_full", "No space left; free some."),
        (SoftTimeLimitExceeded(), "timeout", "The job took longer than its queue allows."),
        (
            RuntimeError("password=hunter2"),
            "internal",
            "A defect on the server stopped the job; its log has the details.",
        ),
        (
            KeyError("secret"),
            "internal",
            "A defect on the server stopped the job; its log has the details.",
        ),
        (
            DataError("value too long"),
            "internal",
            "A defect on the server stopped the job; its log has the details.",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_final_failure(
    runs: Runs, owner: User, storage: Path, error: Exception, code: str, message: str
) -> None:
    runs(failing(error))
    job = execute(make_job(owner))
    assert (job.status, job.attempt) == ("failed", 1)
    assert (job.error_code, job.error_message) == (code, message)
    assert history(job)[-1] == ("failed", 1, {"code": code, "message": message})
    assert not JobFile.objects.exists()
    assert stored(storage) == []


@pytest.mark.parametrize(
    "error",
    [
        StorageError('Cannot store it: no connection to "http://store:8333/a?b"'),
        OperationalError("server closed"),
        InterfaceError("closed"),
        DatabaseError("server closed the connection unexpectedly"),
        ConnectionResetError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_trouble_is_tried_again_later_and_later(
    runs: Runs, owner: User, storage: Path, error: Exception
) -> None:
    runs(failing(error))
    job = make_job(owner)
    for attempt, seconds in ((1, 5), (2, 10)):
        execute(job)
        assert (job.status, job.attempt, job.error_code) == ("queued", attempt, "")
        assert job.lease_expires_on is None
        delay = job.run_after - job.modified_on
        assert abs(delay - timedelta(seconds=seconds)) < timedelta(milliseconds=1)
        # Not what the driver said.
        own = isinstance(error, StorageError)
        reason = "Cannot store it: no connection to …" if own else "a server could not be reached"
        assert history(job)[-1] == ("released", attempt, {"reason": reason})
        assert stored(storage) == []
        due(job)
    execute(job)
    assert (job.status, job.attempt, job.error_code) == ("failed", 3, "unavailable")
    assert (
        job.error_message == "The storage or the database kept failing; try again later."
    )  # not what the driver said
    assert stored(storage) == []


@pytest.mark.parametrize("error", [StorageError("gone"), OperationalError("server closed")])
def test_an_error_after_the_owner_asked_for_the_end_leaves_nothing(
    runs: Runs, owner: User, storage: Path, settings: Any, error: Exception
) -> None:
    """Before the next heartbeat."""
    settings.JOB_HEARTBEAT_SECONDS = 60

    def work(context: JobContext) -> None:
        with context.scratch("0") as sink:
            sink.write(b"part")
        context.save_checkpoint({"parts": ["0"]})
        assert len(stored(storage)) == 1
        lifecycle.request_cancel(job)
        raise error

    runs(work)
    job = make_job(owner)
    execute(job)
    assert event_types(job) == ["claimed", "cancel_requested", "cancelled"]
    assert (job.status, stored(storage)) == ("cancelled", [])
    assert not JobCheckpoint.objects.exists()


@pytest.mark.parametrize("error", [SystemExit(0), KeyboardInterrupt()], ids=["exit", "interrupt"])
def test_stopping_worker_hands_back_and_stops(
    runs: Runs, owner: User, storage: Path, error: BaseException
) -> None:
    runs(failing(error))
    job = make_job(owner)
    with pytest.raises(type(error)):
        execute(job)
    job.refresh_from_db()
    assert (job.status, job.attempt) == ("queued", 0)
    assert stored(storage) == []


def test_broken_database_connection_does_not_keep_the_job(runs: Runs, owner: User) -> None:
    def work(context: JobContext) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    runs(work)
    job = execute(make_job(owner))
    assert (job.status, job.attempt) == ("queued", 1)
    assert event_types(job) == ["claimed", "released"]


@pytest.mark.parametrize(
    ("error", "unreachable"),
    [
        (OperationalError("no route to host"), True),
        (InterfaceError("connection already closed"), True),
        # What psycopg2 makes of a server that goes away in the middle of a query.
        (DatabaseError("server closed the connection unexpectedly"), True),
        (IntegrityError("duplicate key"), False),
        (DataError("value too long"), False),
        (ProgrammingError("no such table"), False),
        (ConnectionResetError(), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_which_errors_mean_a_database_that_is_away(error: Exception, unreachable: bool) -> None:
    assert is_unreachable(error) is unreachable


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError, DatabaseError])
def test_unwritable_end_leaves_the_lease_to_run_out(
    runs: Runs,
    owner: User,
    storage: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Exception],
) -> None:
    def unreachable(*args: Any, **kwargs: Any) -> None:
        raise kind("no route to host")

    monkeypatch.setattr(lifecycle, "release", unreachable)
    runs(failing(StorageError("gone")))
    job = execute(make_job(owner))
    assert job.status == "running"
    assert job.lease_expires_on is not None
    # Nobody can know whether the file counts: the sweeper will.
    assert stored(storage) == [f"jobs/{job.slug}/1-1/out.txt"]


def test_a_defect_in_writing_the_end_is_not_taken_for_an_outage(
    runs: Runs, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect(*args: Any, **kwargs: Any) -> None:
        raise ProgrammingError("no such column")

    monkeypatch.setattr(lifecycle, "release", defect)
    runs(failing(StorageError("gone")))
    with pytest.raises(ProgrammingError, match="no such column"):
        execute(make_job(owner))


@pytest.mark.parametrize("kind", [StorageError, DatabaseError])
def test_outputs_that_cannot_be_removed_do_not_hide_the_failure(
    runs: Runs, owner: User, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def refuse(self: Any, key: str) -> None:
        raise kind("gone")

    monkeypatch.setattr(type(object_store()), "delete", refuse)
    runs(failing(JobFailed("unreadable", "No.")))
    assert execute(make_job(owner)).error_code == "unreadable"


def test_unknown_kind_waits_for_a_worker_that_knows_it_and_then_fails(owner: User) -> None:
    job = make_job(owner, kind="test.gone")
    for attempt in (1, 2):
        execute(job)
        assert (job.status, job.attempt) == ("queued", attempt)
        due(job)
    execute(job)
    assert (job.status, job.error_code) == ("failed", "unknown_kind")
    assert job.error_message == "No worker knows jobs of the kind 'test.gone'."
    executor.execute(slug=job.slug, worker="test")
    assert event_types(job) == ["claimed", "released", "claimed", "released", "claimed", "failed"]
