"""Test how many queries each request for jobs and tokens takes, however many rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from gridlink.accounts.models import Token
from tasks.models import EventType, FileRole, Job, JobEvent, JobFile
from tests.support.client import Client, content
from tests.support.files import job_with_file

Counted = Callable[[int], Any]
# One of each request's queries finds the token and its user.
# Savepoints count: inside a test's transaction each `atomic` block is one, which takes two.
SIZES = pytest.mark.parametrize("rows", [3, 30])
EXPORT = {"kind": "links", "format": "csv"}


def make_job(client: Client, files: int) -> Job:
    """A waiting job with outputs and as many events."""
    assert client.user
    job = Job.objects.create(user=client.user, kind="reports.export", queue="exports")
    JobFile.objects.bulk_create(
        JobFile(
            job=job,
            role=FileRole.OUTPUT,
            name=f"{index}.csv",
            storage_key=f"jobs/{job.slug}/{index}",
            content_type="text/csv",
            size=1,
            sha256="0" * 64,
            expires_on=timezone.now() + timedelta(days=1),
        )
        for index in range(files)
    )
    JobEvent.objects.bulk_create(
        JobEvent(job=job, type=EventType.QUEUED, attempt=0) for _ in range(files)
    )
    return job


@SIZES
@pytest.mark.parametrize("query", ["", "?status=queued", "?kind=reports.export"])
def test_job_list(alice: Client, rows: int, query: str, django_assert_num_queries: Counted) -> None:
    for _ in range(rows):
        make_job(alice, rows)
    with django_assert_num_queries(5):
        jobs = alice.get(f"jobs/{query}").json()["results"]
    assert [len(job["files"]) for job in jobs] == [rows] * rows


@SIZES
def test_job_detail(alice: Client, rows: int, django_assert_num_queries: Counted) -> None:
    job = make_job(alice, rows)
    with django_assert_num_queries(4):
        assert len(alice.get(f"jobs/{job.slug}/").json()["files"]) == rows
    Job.objects.update(status="succeeded", finished_on=timezone.now())
    with django_assert_num_queries(3):
        assert alice.get(f"jobs/{job.slug}/").json()["queue_position"] is None


@SIZES
def test_job_events(alice: Client, rows: int, django_assert_num_queries: Counted) -> None:
    job = make_job(alice, rows)
    with django_assert_num_queries(4):
        assert len(alice.get(f"jobs/{job.slug}/events/").json()["results"]) == rows


@SIZES
def test_token_list(alice: Client, rows: int, django_assert_num_queries: Counted) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    Token.objects.bulk_create(
        Token(user=alice.user, name="t", digest=f"{n:064x}", scopes=["read"], expires_on=tomorrow)
        for n in range(rows - 1)
    )
    with django_assert_num_queries(2):
        assert len(alice.get("auth/tokens/").json()["results"]) == rows


@SIZES
def test_start_export(
    alice: Client, rows: int, published: list[Any], django_assert_num_queries: Counted
) -> None:
    for _ in range(rows):
        make_job(alice, 1)
    with django_assert_num_queries(10):
        assert alice.post("exports/", EXPORT).status_code == 202
    with django_assert_num_queries(8):
        assert alice.post("exports/", EXPORT).status_code == 202


@SIZES
def test_start_export_once(
    alice: Client, rows: int, published: list[Any], django_assert_num_queries: Counted
) -> None:
    for number in range(rows):
        alice.post("exports/", EXPORT, **{"Idempotency-Key": f"key-{number}"})
        Job.objects.update(status="succeeded", finished_on=timezone.now())
    with django_assert_num_queries(12):
        first = alice.post("exports/", EXPORT, **{"Idempotency-Key": "again"})
    with django_assert_num_queries(8):
        again = alice.post("exports/", EXPORT, **{"Idempotency-Key": "again"})
    assert again.json()["slug"] == first.json()["slug"]


@SIZES
def test_download(alice: Client, rows: int, django_assert_num_queries: Counted) -> None:
    job = job_with_file(alice)
    path = f"jobs/{job.slug}/files/links.csv/"
    for _ in range(rows):
        content(alice.get(path))
    # The last is written when the client has it all.
    with django_assert_num_queries(7):
        content(alice.get(path))
    with django_assert_num_queries(3):
        assert len(alice.get(f"{path}downloads/").json()["results"]) == rows + 1
    with django_assert_num_queries(8):
        assert alice.post(f"{path}revoke/").status_code == 200


@SIZES
def test_cancel(alice: Client, rows: int, django_assert_num_queries: Counted) -> None:
    job = make_job(alice, rows)
    # Three of them for the notification: the job with its owner, the row, and the webhooks.
    with django_assert_num_queries(12):
        assert alice.post(f"jobs/{job.slug}/cancel/").status_code == 202
