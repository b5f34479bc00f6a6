"""The jobs of archives: one instant, cancelled without a trace, begun again by another worker."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from grids.models import Grid
from reports.clicks.storage.ingest_lock import LOCK_KEY
from reports.exports.archive import reader, runner
from reports.exports.archive.reader import is_archive
from reports.exports.archive.registry import TABLES
from reports.exports.archive.runner import RESTORE
from reports.exports.progress import Progress
from reports.models import Watermark
from tasks.jobs.context import JobContext
from tasks.jobs.heartbeat import JobCancelled
from tasks.jobs.services import job_submit
from tasks.models import Job, WebhookEndpoint
from tests.support.accounts import furnish, sum_up
from tests.support.client import Client
from tests.support.platform import due, execute, user_of
from tests.support.reports.archives import (
    archive_submit,
    archived,
    contents,
    forget_all,
    output,
    refused,
    restored,
    rows_of,
    submit_restore,
    unzipped,
)
from tests.support.reports.click_rows import make_click, noon
from tests.support.reports.exports import link_on
from tests.support.tasks.jobs import stored
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_manifest_is_right(owner: Client) -> None:
    furnish(owner)
    job = execute(archive_submit(user=user_of(owner)).job)
    data, beside_it = output(job, "account.zip"), json.loads(output(job, "manifest.json"))
    files = unzipped(data)
    assert list(files)[-1] == "manifest.json"
    manifest = json.loads(files.pop("manifest.json"))
    assert (manifest["kind"], manifest["schema"], manifest["status"]) == ("account", 4, "complete")
    assert manifest["files"] == [
        {
            "name": name,
            "rows": content.count(b"\n"),
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        for name, content in files.items()
    ]
    assert beside_it["content"] == manifest["files"]
    assert beside_it["files"] == [
        {
            "name": "account.zip",
            "rows": sum(note["rows"] for note in manifest["files"]),
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
    ]
    assert job.result["tables"]["clicks"] == 8
    assert job.progress_done == job.progress_total == beside_it["files"][0]["rows"]


def test_all_or_nothing_is_written(owner: Client, storage: Path, settings: Any) -> None:
    """Of an account that is larger than this server exports there is no part."""
    furnish(owner)
    rows = sum(len(rows_of(archived(owner), table.name)) for table in TABLES)
    kept = stored(storage)
    settings.EXPORT_ROWS_MAX = rows - 1
    job = execute(archive_submit(user=user_of(owner)).job)
    message = f"This server exports at most {rows - 1} rows; the account has {rows}."
    assert (job.status, job.error_code, job.error_message) == ("failed", "too_large", message)
    assert stored(storage) == kept
    settings.EXPORT_ROWS_MAX = rows
    assert archived(owner)


def test_the_quota_holds(owner: Client, storage: Path, settings: Any) -> None:
    furnish(owner)
    settings.JOB_QUOTA_BYTES = 100
    job = execute(archive_submit(user=user_of(owner)).job)
    assert (job.status, job.error_code) == ("failed", "quota")
    assert stored(storage) == []


def test_nothing_secret_is_in_it(owner: Client) -> None:
    furnish(owner)
    user = user_of(owner)
    user.set_password("correct horse battery staple")
    user.save()
    content = b"".join(unzipped(archived(owner)).values())
    sealed = WebhookEndpoint.objects.values_list("secret", flat=True)
    for secret in (user.password, owner.token, "password", "digest_key", "whsec_", *sealed):
        assert secret.encode() not in content
    assert f'"{user.pk}"'.encode() not in content
    (row,) = rows_of(archived(owner), "account")
    settings = {"time_zone", "week_start", "locale", "email_jobs"}
    assert set(row) == {"slug", "username", "email", "display_name", "created_on", *settings}
    (webhook, _) = rows_of(archived(owner), "webhooks")
    assert set(webhook) == {"slug", "url", "events", "is_enabled", "created_on"}


def test_nobody_elses_rows_are_in_it(owner: Client, bob: Client) -> None:
    grid = Grid.objects.create(user=user_of(bob), title="Bob's")
    link = link_on(grid, 1)
    make_click(noon(), link.pk, user_id=user_of(bob).pk, grid_id=grid.pk)
    sum_up()
    files = unzipped(archived(owner))
    assert {name for name, content in files.items() if content} == {
        "account.jsonl",
        "manifest.json",
    }


def test_the_same_rows_are_the_same_bytes(owner: Client) -> None:
    furnish(owner)
    one, other = (unzipped(archived(owner)) for _ in range(2))
    one.pop("manifest.json"), other.pop("manifest.json")
    assert one == other


def test_it_is_of_one_instant(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    grid = furnish(owner)
    add = Progress.add
    seen: list[int] = []

    def interrupted(self: Progress, rows: int) -> None:
        # In the thread that writes, while it writes.
        if not seen:
            seen.append(rows)
            thread = threading.Thread(target=change)
            thread.start()
            thread.join()
        add(self, rows)

    def change() -> None:
        Grid.objects.filter(pk=grid.pk).update(title="Later")
        make_click(noon(), 1, user_id=grid.user_id, grid_id=grid.pk)
        connection.close()

    monkeypatch.setattr(Progress, "add", interrupted)
    data = archived(owner)
    assert seen
    assert rows_of(data, "grids")[0]["title"] != "Later"
    assert len(rows_of(data, "clicks")) == 8


def test_what_begins_like_one(owner: Client) -> None:
    data = archived(owner)
    assert is_archive(data[:64])
    assert not is_archive(data[:32])
    assert not is_archive(b"PK\x03\x04" + bytes(60))
    assert not is_archive(b"")


def test_a_restore_makes_months_and_moves_the_watermark(owner: Client) -> None:
    furnish(owner)
    data = archived(owner)
    forget_all()
    before = Watermark.objects.values_list("click", flat=True).first() or 0
    restored(owner, data)
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM reports_click")
        (newest,) = cursor.fetchone()
    assert Watermark.objects.get().click == newest > before


def test_the_ingest_is_waited_for(owner: Client) -> None:
    """And nobody else counts until all of it is there."""
    furnish(owner)
    data = archived(owner)
    forget_all()
    job = submit_restore(owner, [data])
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])

        def work() -> None:
            execute(job)
            connection.close()

        thread = threading.Thread(target=work)
        thread.start()
        wait_for(lambda: _waiting() == 1, what="the restore at the lock")
        assert not Grid.objects.exists()
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])
        thread.join(30)
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY])
        assert cursor.fetchone() == (True,)
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])
    assert Grid.objects.count() == 2


def _waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return int(cursor.fetchone()[0])


@pytest.fixture
def archive(owner: Client) -> bytes:
    furnish(owner)
    data = archived(owner)
    forget_all()
    return data


def stop_at(monkeypatch: pytest.MonkeyPatch, calls: int, error: BaseException) -> None:
    """Make the job's so many-th report raise."""
    report, count = JobContext.report, iter(range(1000))

    def stopped(self: JobContext, done: int, total: int | None, unit: str) -> None:
        if next(count) == calls:
            raise error
        report(self, done, total, unit)

    monkeypatch.setattr(JobContext, "report", stopped)


@pytest.mark.parametrize("calls", [0, 1, 4, 9])
def test_a_cancelled_restore_leaves_nothing(
    owner: Client, archive: bytes, storage: Path, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    before, kept = contents(), stored(storage)
    job = submit_restore(owner, [archive])
    stop_at(monkeypatch, calls, JobCancelled())
    execute(job)
    assert job.status == "cancelled"
    assert contents() == before
    assert temporary_tables() == 0
    assert set(stored(storage)) - set(kept) == {f"jobs/{job.slug}/input/upload"}


@pytest.mark.parametrize("calls", [0, 3, 12])
def test_a_cancelled_archive_leaves_nothing(
    owner: Client, storage: Path, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    furnish(owner)
    job = archive_submit(user=user_of(owner)).job
    stop_at(monkeypatch, calls, JobCancelled())
    execute(job)
    assert job.status == "cancelled"
    assert stored(storage) == []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND state LIKE 'idle in transaction%'"
        )
        assert cursor.fetchone() == (0,)


def test_another_attempt_does_it_once(
    owner: Client, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit_restore(owner, [archive])
    with monkeypatch.context() as patch:
        stop_at(patch, 5, ConnectionError("gone"))
        execute(job)
    assert job.status == "queued"
    due(job)
    execute(job)
    assert (job.status, job.attempt) == ("succeeded", 2)
    assert job.result["clicks"] == {"create": 8}


def test_a_failure_at_the_very_end_leaves_nothing(
    owner: Client, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it or nothing, months included."""
    from reports.exports.archive.tables.sums import GridDayValuesTable

    months = partitions()
    before = contents()

    def broken(*_: Any) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(GridDayValuesTable, "insert", broken)
    job = execute(submit_restore(owner, [archive]))
    assert (job.status, job.error_code) == ("failed", "internal")
    assert contents() == before
    assert partitions() == months


def partitions() -> list[tuple[str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname LIKE 'reports_click_2%' ORDER BY 1"
        )
        found: list[tuple[str]] = cursor.fetchall()
    return found


def test_too_large_an_upload_is_refused_before_it_is_read(
    owner: Client, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "ARCHIVE_BYTES", 100)
    job = execute(submit_restore(owner, [archive]))
    assert (job.error_code, job.error_message) == (
        "unreadable",
        "The file is larger than 100 bytes.",
    )


def test_no_temporary_table_stays(owner: Client, archive: bytes) -> None:
    for mode in ("dry_run", "apply"):
        restored(owner, archive, mode)
        assert temporary_tables() == 0
    assert refused(owner, archive[:-1])
    assert temporary_tables() == 0


def temporary_tables() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'archive_%'")
        return int(cursor.fetchone()[0])


def test_small_ones_go_into_the_lane_for_them(
    owner: Client, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert submit_restore(owner, [archive]).queue == "quick"
    assert submit_restore(owner, [archive, bytes(1 << 17)]).queue == "imports"
    assert archive_submit(user=user_of(owner)).job.queue == "quick"
    Job.objects.all().delete()
    restored(owner, archive)
    monkeypatch.setattr(runner, "_SMALL_ROWS", 10)
    assert archive_submit(user=user_of(owner)).job.queue == "exports"


def test_a_dry_run_and_then_the_same_file_for_real(owner: Client, archive: bytes) -> None:
    tried = restored(owner, archive, "dry_run")
    assert not Grid.objects.exists()
    params = {"mode": "apply", "upload_of": tried.slug}
    job = execute(job_submit(user=user_of(owner), kind=RESTORE, params=params).job)
    assert (job.status, job.error_message) == ("succeeded", "")
    assert Grid.objects.count() == 2


def test_an_upload_that_is_gone(owner: Client, archive: bytes, storage: Path) -> None:
    job = submit_restore(owner, [archive])
    (storage / f"jobs/{job.slug}/input/upload").unlink()
    execute(job)
    message = "The upload has expired; send the file again."
    assert (job.error_code, job.error_message) == ("expired", message)


def test_an_identical_request_is_the_same_job(owner: Client) -> None:
    first, second = (archive_submit(user=user_of(owner)) for _ in range(2))
    assert (first.created, second.created) == (True, False)
    assert Job.objects.get() == first.job == second.job
