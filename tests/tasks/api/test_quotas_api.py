"""Test quotas, and the 429 that says what is used up and until when."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tasks.jobs import quotas
from tasks.jobs.errors import QuotaExceeded
from tasks.jobs.services import job_submit
from tasks.models import FileRole, Job, JobFile
from tests.support.client import Client, make_user
from tests.support.files import job_with_file
from tests.support.platform import in_threads, make_job, row, user_of

pytestmark = pytest.mark.django_db

BODY = {"kind": "links", "format": "csv"}
HOUR = timedelta(hours=1)


def output(client: Client, *, rows: int = 0, size: int = 0, ago: timedelta = HOUR) -> JobFile:
    """A file of a job that finished a while ago."""
    job = make_job(user_of(client))
    ended = timezone.now() - ago
    Job.objects.filter(pk=job.pk).update(status="succeeded", finished_on=ended)
    return JobFile.objects.create(
        job=job,
        role=FileRole.OUTPUT,
        name="links.csv",
        storage_key=f"jobs/{job.slug}/1-1/links.csv",
        content_type="text/csv",
        size=size,
        rows=rows,
        sha256="0" * 64,
        expires_on=ended + timedelta(days=7),
    )


def refusal(client: Client, body: Any = BODY) -> Any:
    """The refused request; nothing may have come of it."""
    before = Job.objects.count()
    answer = client.post("exports/", body)
    assert answer.status_code == 429, answer.content
    assert answer.json()["error"]["code"] == "quota_exceeded"
    assert Job.objects.count() == before
    return answer


def accepted(client: Client) -> None:
    assert client.post("exports/", BODY).status_code == 202


def retry_after(answer: Any) -> timedelta:
    return timedelta(seconds=int(answer["Retry-After"]))


def about(left: timedelta, right: timedelta) -> bool:
    return abs(left - right) < timedelta(minutes=1)


# --- Queued jobs -----------------------------------------------------------------------------------


def test_so_many_may_wait(alice: Client, bob: Client, settings: Any) -> None:
    settings.JOB_QUOTA_QUEUED = 2
    jobs = [make_job(user_of(alice)), make_job(user_of(alice), queue="imports")]
    answer = refusal(alice)
    assert answer.json() == {
        "error": {
            "code": "quota_exceeded",
            "message": "You have 2 queued jobs, which is the limit; wait until one has started.",
        }
    }
    assert "Retry-After" not in answer
    accepted(bob)
    Job.objects.filter(pk=jobs[0].pk).update(status="cancelled", finished_on=timezone.now())
    accepted(alice)


def test_asking_again_for_what_waits_is_always_allowed(alice: Client, settings: Any) -> None:
    settings.JOB_QUOTA_QUEUED = 1
    accepted(alice)
    accepted(alice)
    assert Job.objects.count() == 1
    refusal(alice, {**BODY, "format": "jsonl"})


def test_refused_request_does_not_use_up_its_key(alice: Client, settings: Any) -> None:
    settings.JOB_QUOTA_QUEUED = 1
    job = make_job(user_of(alice))
    assert alice.post("exports/", BODY, **{"Idempotency-Key": "one"}).status_code == 429
    Job.objects.filter(pk=job.pk).update(status="cancelled", finished_on=timezone.now())
    assert alice.post("exports/", BODY, **{"Idempotency-Key": "one"}).status_code == 202


@pytest.mark.django_db(transaction=True)
def test_many_at_once_do_not_slip_past(settings: Any) -> None:
    settings.JOB_QUOTA_QUEUED = 3
    user = make_user("alice")
    numbers = list(range(10))

    def submit() -> bool:
        try:
            job_submit(
                user=user, kind="reports.export", params={"kind": "links", "number": numbers.pop()}
            )
        except QuotaExceeded:
            return False
        return True

    assert sum(in_threads(10, submit)) == 3
    assert Job.objects.count() == 3


# --- Rows in a day ---------------------------------------------------------------------------------


def test_rows_of_the_last_day(alice: Client, bob: Client, settings: Any) -> None:
    settings.JOB_QUOTA_ROWS_PER_DAY = 100
    output(alice, rows=1000, ago=timedelta(hours=25))
    output(alice, rows=99)
    accepted(alice)
    output(alice, rows=1)
    answer = refusal(alice, {**BODY, "format": "jsonl"})
    message = answer.json()["error"]["message"]
    assert message == "Your jobs have written the 100 rows that one day allows."
    accepted(bob)


def test_room_again_when_enough_rows_leave_the_day(alice: Client, settings: Any) -> None:
    settings.JOB_QUOTA_ROWS_PER_DAY = 100
    for hours, rows in ((20, 30), (10, 60), (5, 50), (1, 40)):
        output(alice, rows=rows, ago=timedelta(hours=hours))
    # 40 + 50 are below 100, and the 60 of ten hours ago are too many beside them.
    assert about(retry_after(refusal(alice)), timedelta(hours=14))


def test_rows_count_for_a_day_however_short_files_live(alice: Client, settings: Any) -> None:
    settings.JOB_QUOTA_ROWS_PER_DAY = 100
    settings.JOB_FILE_LIFE = HOUR
    output(alice, rows=100, ago=timedelta(hours=23))
    assert about(retry_after(refusal(alice)), HOUR)
    Job.objects.update(finished_on=timezone.now() - timedelta(hours=25))
    accepted(alice)


def test_rows_stay_written_when_their_file_is_deleted(alice: Client, settings: Any) -> None:
    settings.JOB_QUOTA_ROWS_PER_DAY = 100
    output(alice, rows=100)
    JobFile.objects.update(deleted_on=timezone.now())
    refusal(alice)


def test_rows_of_what_was_given_do_not_count(alice: Client, settings: Any) -> None:
    settings.JOB_QUOTA_ROWS_PER_DAY = 100
    output(alice, rows=100)
    JobFile.objects.update(role=FileRole.INPUT)
    accepted(alice)


# --- Bytes -----------------------------------------------------------------------------------------


def test_bytes_in_storage(alice: Client, bob: Client, settings: Any) -> None:
    settings.JOB_QUOTA_BYTES = 1000
    output(alice, size=999)
    accepted(alice)
    output(alice, size=1, ago=timedelta(days=1))
    answer = refusal(alice, {**BODY, "format": "jsonl"})
    assert answer.json()["error"]["message"] == (
        "Your files have reached the limit of 1000 bytes; delete some, or wait."
    )
    assert about(retry_after(answer), timedelta(days=6))
    accepted(bob)


def test_deleted_and_expired_files_take_up_nothing(alice: Client, settings: Any) -> None:
    settings.JOB_QUOTA_BYTES = 1000
    output(alice, size=1000, ago=timedelta(days=8))
    deleted = output(alice, size=1000)
    refusal(alice)
    JobFile.objects.filter(pk=deleted.pk).update(deleted_on=timezone.now())
    accepted(alice)


def test_deleting_a_file_makes_room(alice: Client, settings: Any) -> None:
    settings.JOB_QUOTA_BYTES = 1024
    job = job_with_file(alice)
    refusal(alice)
    assert alice.delete(f"jobs/{job.slug}/files/links.csv/").status_code == 204
    accepted(alice)


def test_upload_must_fit(alice: Client, settings: Any) -> None:
    settings.JOB_QUOTA_BYTES = 1000

    def send(size: int) -> Any:
        file = io.BytesIO(b"x" * size)
        file.name = "bookmarks.html"
        return alice.upload("imports/", file, source="auto", mode="dry_run")

    too_large = send(1001)
    assert (too_large.status_code, "Retry-After" in too_large) == (429, False)
    assert not Job.objects.exists()
    output(alice, size=600)
    crowded = send(401)
    assert crowded.status_code == 429
    assert about(retry_after(crowded), timedelta(days=7) - HOUR)
    assert send(400).status_code == 202


def test_uploads_count_while_they_are_kept(alice: Client, settings: Any) -> None:
    job = make_job(user_of(alice))
    settings.JOB_QUOTA_BYTES = 1000
    assert quotas.bytes_left(user_id=user_of(alice).pk) == 1000
    JobFile.objects.create(
        job=job,
        role=FileRole.INPUT,
        name="upload",
        storage_key="upload",
        size=700,
        expires_on=timezone.now() + HOUR,
    )
    assert quotas.bytes_left(user_id=user_of(alice).pk) == 300
    JobFile.objects.update(size=1200)
    assert quotas.bytes_left(user_id=user_of(alice).pk) == 0
    assert quotas.bytes_left(user_id=make_user("dora").pk) == 1000


# --- No limit --------------------------------------------------------------------------------------


def test_nought_is_no_limit(alice: Client, settings: Any) -> None:
    settings.JOB_QUOTA_QUEUED = settings.JOB_QUOTA_ROWS_PER_DAY = settings.JOB_QUOTA_BYTES = 0
    make_job(user_of(alice))
    output(alice, rows=10**12, size=10**15)
    accepted(alice)
    assert quotas.bytes_left(user_id=user_of(alice).pk) is None


def test_running_jobs_are_left_alone(alice: Client, settings: Any) -> None:
    """A quota refuses a request; it takes nothing away."""
    job = make_job(user_of(alice))
    settings.JOB_QUOTA_BYTES = settings.JOB_QUOTA_QUEUED = 1
    output(alice, size=5)
    before = row(job)
    refusal(alice)
    assert row(job) == before
