"""Test exports to an S3 server that fails on any request."""

from __future__ import annotations

import signal
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.config import Config
from celery import current_app
from django.db import connection

from tasks.broker.publisher import RUN_JOB
from tasks.jobs import sweeper
from tasks.models import Job, JobCheckpoint, JobFile
from tasks.storage import object_store
from tasks.storage.s3 import S3Store
from tests.support.client import Client
from tests.support.platform import due, end_lease, event_types, execute, history
from tests.support.processes import worker
from tests.support.reports.click_exports import known_objects, owner_of_clicks, submit_clicks
from tests.support.reports.exports import data_file, file_bytes
from tests.support.tasks.jobs import await_end
from tests.support.tasks.s3_proxy import (
    Exchange,
    Fault,
    S3Proxy,
    at_first,
    done_but,
    error,
    passed_on,
    s3_proxy,
)
from tests.support.tasks.s3_server import s3_server
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 3000
# More than fit into one part of the usual size.
MANY_ROWS = 60_000
PART_SIZE = 50_000
BUCKET = "exports"
# Of one request; and how long each may take where some take for ever.
TRIES = 4
SECONDS = 1.0
CANCEL_SECONDS = 2
DATA = "/clicks.csv"
MULTIPART = ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")
INTERNAL, SLOW = error(500, "InternalError"), error(503, "SlowDown")
SAYS_ERROR = error(200, "InternalError")
FAULTS = pytest.mark.parametrize(
    "fault",
    [INTERNAL, SLOW, Exchange.reset, Exchange.hang],
    ids=["500", "slow_down", "reset", "time_out"],
)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, int]]:
    with s3_server() as address:
        yield address


@pytest.fixture
def way(server: tuple[str, int], settings: Any, patient: None) -> Iterator[S3Proxy]:
    """What lies between us and an empty bucket."""
    with s3_proxy(server) as proxy:
        prefix = f"at-{proxy.server_address[1]}"
        settings.STORAGE_URL = f"s3://{BUCKET}/{prefix}?endpoint={proxy.url}"
        settings.EXPORT_PIECE_ROWS = ROWS // 6
        settings.JOB_HEARTBEAT_SECONDS = 0.1
        object_store()._client.create_bucket(Bucket=BUCKET)  # type: ignore[attr-defined]
        proxy.heal()
        yield proxy


@pytest.fixture
def patient(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small parts, and time that is not spent: boto's pauses between tries, and most of its waiting."""
    defaults = {**(S3Store.__init__.__kwdefaults__ or {}), "part_size": PART_SIZE}
    monkeypatch.setattr(S3Store.__init__, "__kwdefaults__", defaults)
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    if "time_out" in request.node.name:
        short = {"read_timeout": SECONDS}
        monkeypatch.setattr("tasks.storage.s3.Config", lambda **given: Config(**{**given, **short}))


@pytest.fixture
def owner(transactional_db: None, published: list[tuple[str, str]]) -> Client:
    return owner_of_clicks(ROWS)


@pytest.fixture(scope="module")
def exports() -> list[bytes]:
    """The undisturbed export, once there is one; that of each test's owner has the same bytes."""
    return []


@pytest.fixture
def whole(owner: Client, way: S3Proxy, exports: list[bytes]) -> bytes:
    """An undisturbed export."""
    if not exports:
        job = execute(submit_clicks(owner))
        assert (job.status, job.attempt) == ("succeeded", 1)
        data = file_bytes(job)
        assert data.count(b"\n") == 2 * ROWS + 1  # of each row, one within a cell
        assert Counter(name for name, _ in way.seen)["UploadPart"] > 2 * len(data) // PART_SIZE
        exports.append(data)
        way.heal()
    return exports[0]


def assert_delivered(job: Job, whole: bytes) -> None:
    assert (job.status, job.error_message) == ("succeeded", "")
    assert file_bytes(job) == whole
    assert_nothing_else()


def assert_nothing_else() -> None:
    """No object that belongs to no job, and no upload that nobody will finish."""
    assert sorted(item.key for item in object_store().list()) == known_objects()
    assert uploads() == []


def uploads() -> list[str]:
    store: Any = object_store()
    return [upload["Key"] for upload in store._pages("list_multipart_uploads", "Uploads", "")]


def sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "ORPHAN_AGE", timedelta(seconds=-60))
    sweeper.sweep_files()


def executed(job: Job) -> None:
    """By a thread of its own."""
    try:
        execute(Job.objects.get(pk=job.pk))
    finally:
        connection.close()


def seen(way: S3Proxy, operation: str, part: str) -> int:
    return sum(name == operation and part in key for name, key in way.seen)


def released(job: Job) -> str:
    """Why the job was given back."""
    (detail,) = (detail for name, _, detail in history(job) if name == "released")
    return str(detail["reason"])


@FAULTS
@pytest.mark.parametrize("operation", MULTIPART)
def test_a_short_trouble_is_sat_out(
    owner: Client, whole: bytes, way: S3Proxy, operation: str, fault: Fault
) -> None:
    way.break_on(operation, fault, part=DATA, count=TRIES - 1)
    job = execute(submit_clicks(owner))
    assert job.attempt == 1
    assert_delivered(job, whole)


@FAULTS
@pytest.mark.parametrize("number", [1, 7])
def test_a_part_that_keeps_failing(
    owner: Client, whole: bytes, way: S3Proxy, number: int, fault: Fault
) -> None:
    way.break_on("UploadPart", fault, part=DATA, first=number)
    job = execute(submit_clicks(owner))
    assert (job.status, job.attempt) == ("queued", 1)
    assert "Cannot store" in released(job)
    assert seen(way, "UploadPart", DATA) == number - 1 + TRIES
    assert (uploads(), JobFile.objects.filter(job=job).count()) == ([], 0)
    kept = {values[0] for values in JobCheckpoint.objects.get(job=job).data["parts"].values()}
    assert kept <= {item.key for item in object_store().list(f"jobs/{job.slug}/scratch/")}
    way.heal()
    due(job)
    job = execute(job)
    assert job.attempt == 2
    assert_delivered(job, whole)
    assert kept.isdisjoint(f"jobs/{key}" for name, key in way.seen if name in ("PUT", *MULTIPART))


def test_what_fails_at_every_attempt_fails(
    owner: Client, whole: bytes, way: S3Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    way.break_on("CompleteMultipartUpload", SLOW, part=DATA)
    job = submit_clicks(owner)
    for _ in range(3):
        due(job)
        execute(job)
    assert (job.status, job.error_code, job.attempt) == ("failed", "unavailable", 3)
    assert job.error_message == "The storage or the database kept failing; try again later."
    assert seen(way, "CompleteMultipartUpload", DATA) == 3 * TRIES
    assert (uploads(), JobFile.objects.filter(job=job).count()) == ([], 0)
    # Kept for a retry, for a day.
    assert len(JobCheckpoint.objects.get(job=job).data["parts"]) == 6
    sweep(monkeypatch)
    assert_nothing_else()


@pytest.mark.parametrize("part", ["/scratch/", DATA])
@pytest.mark.parametrize("then", [done_but(SLOW), error(404, "NoSuchUpload")], ids=["same", "gone"])
@pytest.mark.parametrize(
    "fault",
    [INTERNAL, SAYS_ERROR, Exchange.reset, Exchange.hang],
    ids=["500", "200_error", "reset", "time_out"],
)
def test_a_complete_whose_answer_is_lost_counts(
    owner: Client, whole: bytes, way: S3Proxy, fault: Fault, then: Fault, part: str
) -> None:
    """Whatever the retries answer, HEAD shows that the object is there."""
    way.break_on("CompleteMultipartUpload", at_first(done_but(fault), then), part=part)
    job = execute(submit_clicks(owner))
    assert job.attempt == 1
    # Nobody waited for the first request: the server may still be busy with it.
    wait_for(lambda: not uploads(), what="the server's end of the upload")
    assert_delivered(job, whole)
    assert seen(way, "HEAD", part) == (6 if part == "/scratch/" else 1)


def test_a_create_whose_answer_is_lost_is_left_to_the_sweep(
    owner: Client, whole: bytes, way: S3Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody but the server knows of that upload."""
    way.break_on("CreateMultipartUpload", done_but(Exchange.reset), part=DATA, count=1)
    job = execute(submit_clicks(owner))
    assert (file_bytes(job), len(uploads())) == (whole, 1)
    sweep(monkeypatch)
    assert_delivered(job, whole)


def test_a_complete_that_says_200_and_means_500(owner: Client, whole: bytes, way: S3Proxy) -> None:
    way.break_on("CompleteMultipartUpload", SAYS_ERROR, part=DATA, count=1)
    assert_delivered(execute(submit_clicks(owner)), whole)
    assert seen(way, "CompleteMultipartUpload", DATA) == 2
    way.break_on("CompleteMultipartUpload", SAYS_ERROR, part=DATA)
    job = execute(submit_clicks(owner))
    assert (job.status, JobFile.objects.filter(job=job).count(), uploads()) == ("queued", 0, [])
    assert "InternalError" in released(job)
    way.heal()
    due(job)
    assert_delivered(execute(job), whole)


@FAULTS
def test_an_abort_that_fails_is_left_to_the_sweep(
    owner: Client, whole: bytes, way: S3Proxy, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    way.break_on("UploadPart", SLOW, part=DATA, first=3)
    way.break_on("AbortMultipartUpload", fault, part=DATA)
    job = execute(submit_clicks(owner))
    assert "SlowDown" in released(job)
    assert [key.rpartition("/")[2] for key in uploads()] == ["clicks.csv"]
    assert JobFile.objects.filter(job=job).count() == 0
    way.heal()
    due(job)
    job = execute(job)
    assert file_bytes(job) == whole
    sweep(monkeypatch)
    assert_delivered(job, whole)


def test_a_part_that_cannot_be_read_back(owner: Client, whole: bytes, way: S3Proxy) -> None:
    way.break_on("GET", INTERNAL, part="/scratch/", first=4)
    job = execute(submit_clicks(owner))
    assert "Cannot read" in released(job)
    assert (uploads(), JobFile.objects.filter(job=job).count()) == ([], 0)
    way.heal()
    due(job)
    assert_delivered(execute(job), whole)


@pytest.mark.parametrize("part", ["/scratch/", DATA])
def test_cancel_leaves_no_upload(
    owner: Client, whole: bytes, way: S3Proxy, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancel during the upload of a part, which is answered only after the next heartbeat."""
    monkeypatch.setattr("tasks.jobs.heartbeat._GRACE_SECONDS", 60)
    job = submit_clicks(owner)

    def cancel(exchange: Exchange) -> None:
        assert owner.post(f"jobs/{job.slug}/cancel/").status_code == 202
        asked = Job.objects.get(pk=job.pk).modified_on
        wait_for(lambda: Job.objects.get(pk=job.pk).modified_on > asked, what="a heartbeat")
        connection.close()
        passed_on(exchange)

    way.break_on("UploadPart", cancel, part=part, first=2, count=1)
    job = execute(job)
    assert event_types(job) == ["queued", "claimed", "cancel_requested", "cancelled"]
    assert_nothing_else()
    assert not JobCheckpoint.objects.exists()


@pytest.mark.parametrize(
    ("operation", "part"),
    [
        *((operation, DATA) for operation in MULTIPART),
        ("UploadPart", "/scratch/"),
        ("GET", "/scratch/"),
    ],
)
def test_cancel_while_s3_says_nothing(
    owner: Client,
    whole: bytes,
    way: S3Proxy,
    operation: str,
    part: str,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.JOB_HEARTBEAT_SECONDS = 1
    hangs = threading.Event()

    def hang(exchange: Exchange) -> None:
        hangs.set()
        exchange.hang()

    way.break_on(operation, hang, part=part)
    job = submit_clicks(owner)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(executed, job)
        assert hangs.wait(30)
        begun = time.monotonic()
        assert owner.post(f"jobs/{job.slug}/cancel/").status_code == 202
        await_end(owner, job.slug, seconds=30)
        assert time.monotonic() - begun < CANCEL_SECONDS
        running.result(30)
    assert event_types(job) == ["queued", "claimed", "cancel_requested", "cancelled"]
    assert not JobCheckpoint.objects.exists()
    assert known_objects() == sorted(item.key for item in object_store().list())
    # An upload could not be aborted.
    way.heal()
    sweep(monkeypatch)
    assert_nothing_else()


def test_a_worker_killed_within_an_upload(
    transactional_db: None,
    way: S3Proxy,
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.EXPORT_PIECE_ROWS = MANY_ROWS // 6
    owner = owner_of_clicks(MANY_ROWS)
    job = submit_clicks(owner)
    way.break_on("UploadPart", Exchange.hang, part=DATA)
    around = {"EXPORT_PIECE_ROWS": str(settings.EXPORT_PIECE_ROWS)}
    with worker(tmp_path, name="doomed", queues="exports", environment=around) as doomed:
        wait_for(lambda: seen(way, "UploadPart", DATA), seconds=60, what="an upload")
        doomed.signal_all(signal.SIGKILL)
        doomed.wait()
    assert [key.rpartition("/")[2] for key in uploads()] == ["clicks.csv"]
    way.heal()
    end_lease(job)
    with worker(tmp_path, name="second", queues="exports", environment=around):
        current_app.send_task(RUN_JOB, args=[job.slug], queue="exports")
        assert await_end(owner, job.slug)["status"] == "succeeded"
    assert event_types(job) == ["queued", "claimed", "claimed", "succeeded"]
    # Of many parts, where the worker's was of two.
    assert file_bytes(execute(submit_clicks(owner))) == file_bytes(job)
    sweep(monkeypatch)
    assert_nothing_else()


def test_ranges(owner: Client, whole: bytes, way: S3Proxy) -> None:
    """At the address in the bucket to which ours leads."""
    job = execute(submit_clicks(owner))
    assert_delivered(job, whole)
    address = owner.get(f"jobs/{job.slug}/").json()["files"][0]["url"]
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for wanted, part in {
        "0-0": slice(0, 1),
        f"{PART_SIZE - 1}-{PART_SIZE}": slice(PART_SIZE - 1, PART_SIZE + 1),
        "123456-": slice(123456, None),
        "-1000": slice(-1000, None),
    }.items():
        headers = {"Range": f"bytes={wanted}"}
        answer = Client().get(address, **headers)
        assert answer.status_code == 302
        with opener.open(urllib.request.Request(answer["Location"], headers=headers)) as response:
            assert (response.status, response.read()) == (206, whole[part])
            assert response.headers["Content-Disposition"].startswith("attachment; ")
    assert data_file(job).downloads == 1
