"""Test `jobs/`: what a client sees of its jobs and may do with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from tasks.jobs import lifecycle
from tasks.jobs.lifecycle import FinishedFile, Outcome, Progress
from tasks.models import FileRole, Job, JobFile
from tests.support.client import Client
from tests.support.platform import claim_of, event_types, history, make_job, row

pytestmark = pytest.mark.django_db


def job_of(client: Client, **fields: Any) -> Job:
    assert client.user
    return make_job(client.user, **fields)


def slugs(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [job["slug"] for job in response.json()["results"]]


def assert_error(response: Any, status: int, code: str) -> None:
    assert response.status_code == status
    assert response.json()["error"]["code"] == code


def iso(moment: Any) -> str:
    return str(moment.isoformat().replace("+00:00", "Z"))


def test_queued_job_in_full(alice: Client) -> None:
    job = job_of(alice, params={"format": "csv"})
    response = alice.get(f"jobs/{job.slug}/")
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert response.json() == {
        "slug": job.slug,
        "kind": "test.work",
        "status": "queued",
        "attempt": 0,
        "params": {"format": "csv"},
        "progress": {"done": 0, "total": None, "unit": "", "percent": None},
        "eta_seconds": None,
        "queue_position": 1,
        "cancel_requested_on": None,
        "created_on": iso(job.created_on),
        "started_on": None,
        "finished_on": None,
        "result": {},
        "error": None,
        "files": [],
    }


def test_succeeded_job_in_full(alice: Client) -> None:
    job = job_of(alice)
    file = FinishedFile("out.csv", f"jobs/{job.slug}/1-1/out.csv", "text/csv", 12, 3, "ab" * 32)
    lifecycle.succeed(claim_of(job), Outcome({"rows": 3}), [file], Progress(3, 3, "rows"))
    job.refresh_from_db()
    body = alice.get(f"jobs/{job.slug}/").json()
    (shown,) = body.pop("files")
    assert body == {
        "slug": job.slug,
        "kind": "test.work",
        "status": "succeeded",
        "attempt": 1,
        "params": {},
        "progress": {"done": 3, "total": 3, "unit": "rows", "percent": 100.0},
        "eta_seconds": None,
        "queue_position": None,
        "cancel_requested_on": None,
        "created_on": iso(job.created_on),
        "started_on": iso(job.started_on),
        "finished_on": iso(job.finished_on),
        "result": {"rows": 3},
        "error": None,
    }
    assert shown.pop("url").startswith(f"http://testserver/api/v1/jobs/{job.slug}/files/out.csv/?")
    assert shown == {
        "name": "out.csv",
        "size": 12,
        "rows": 3,
        "sha256": "ab" * 32,
        "content_type": "text/csv",
        "expires_on": iso(JobFile.objects.get().expires_on),
        "downloads": 0,
        "last_downloaded_on": None,
    }


def test_failed_job_says_why(alice: Client) -> None:
    job = job_of(alice)
    lifecycle.fail(claim_of(job), code="unreadable", message="The file is empty.")
    body = alice.get(f"jobs/{job.slug}/").json()
    assert (body["status"], body["files"]) == ("failed", [])
    assert body["error"] == {"code": "unreadable", "message": "The file is empty."}


def test_progress_and_the_time_it_will_take(alice: Client) -> None:
    job = job_of(alice)
    lifecycle.heartbeat(claim_of(job), Progress(25, 100, "rows"))
    Job.objects.update(started_on=Now() - timedelta(seconds=100))
    body = alice.get(f"jobs/{job.slug}/").json()
    assert body["progress"] == {"done": 25, "total": 100, "unit": "rows", "percent": 25.0}
    assert 300 <= body["eta_seconds"] <= 315


@pytest.mark.parametrize(
    ("done", "total", "percent"), [(0, 100, 0.0), (5, None, None), (0, 0, None), (7, 5, 100.0)]
)
def test_no_guess_without_grounds(
    alice: Client, done: int, total: int | None, percent: float | None
) -> None:
    job = job_of(alice)
    lifecycle.heartbeat(claim_of(job), Progress(done, total, "rows"))
    body = alice.get(f"jobs/{job.slug}/").json()
    assert body["progress"]["percent"] == percent
    assert body["eta_seconds"] == (0 if done > (total or done) else None)


def test_place_in_the_queue(alice: Client, bob: Client) -> None:
    first, second, third = job_of(alice), job_of(bob), job_of(alice)
    job_of(alice, queue="imports")
    assert alice.get(f"jobs/{third.slug}/").json()["queue_position"] == 3
    claim_of(first)
    assert alice.get(f"jobs/{first.slug}/").json()["queue_position"] is None
    assert alice.get(f"jobs/{third.slug}/").json()["queue_position"] == 2
    assert bob.get(f"jobs/{second.slug}/").json()["queue_position"] == 1


def test_place_in_the_queue_is_by_turns(alice: Client, bob: Client) -> None:
    """Bob's first comes before Alice's second, however early she asked for that."""
    mine = [job_of(alice) for _ in range(4)]
    theirs = [job_of(bob) for _ in range(2)]

    def places(client: Client) -> dict[str, int | None]:
        rows = client.get("jobs/?status=queued").json()["results"]
        return {row["slug"]: row["queue_position"] for row in rows}

    assert places(alice) == dict(zip([job.slug for job in mine], [1, 3, 5, 6], strict=True))
    assert places(bob) == dict(zip([job.slug for job in theirs], [2, 4], strict=True))


def test_truncated_job_is_over_and_keeps_its_files(alice: Client) -> None:
    job = job_of(alice)
    file = FinishedFile("out.csv", f"jobs/{job.slug}/1-1/out.csv", "text/csv", 12, 3, "ab" * 32)
    lifecycle.succeed(claim_of(job), Outcome({"rows": 3}), [file], Progress(3, 9, "rows"))
    message = "The first 3 of 9 rows."
    Job.objects.update(status="truncated", error_code="truncated", error_message=message)
    body = alice.get(f"jobs/{job.slug}/").json()
    assert (body["status"], len(body["files"])) == ("truncated", 1)
    assert body["error"] == {"code": "truncated", "message": message}
    assert slugs(alice.get("jobs/?status=truncated")) == [job.slug]
    before = row(job)
    for action in ("cancel", "retry"):
        assert_error(alice.post(f"jobs/{job.slug}/{action}/"), 409, "conflict")
    assert row(job) == before
    assert lifecycle.claim(slug=job.slug, worker="test") is None


def test_list_newest_first_in_pages(alice: Client, bob: Client) -> None:
    jobs = [job_of(alice) for _ in range(5)]
    job_of(bob)
    newest = [job.slug for job in reversed(jobs)]
    assert slugs(alice.get("jobs/")) == newest
    page = alice.get("jobs/?limit=2")
    assert (slugs(page), page.json()["previous"]) == (newest[:2], None)
    page = alice.get(page.json()["next"])
    assert slugs(page) == newest[2:4]
    last = alice.get(page.json()["next"])
    assert (slugs(last), last.json()["next"]) == (newest[4:], None)
    assert slugs(alice.get(last.json()["previous"])) == newest[2:4]


def test_list_by_status_and_kind(alice: Client) -> None:
    waiting, other = job_of(alice), job_of(alice, kind="test.other")
    running = job_of(alice, queue="imports")
    claim_of(running)
    assert slugs(alice.get("jobs/?status=running")) == [running.slug]
    assert slugs(alice.get("jobs/?status=queued")) == [other.slug, waiting.slug]
    assert slugs(alice.get("jobs/?kind=test.other")) == [other.slug]
    assert slugs(alice.get("jobs/?kind=test.other&status=running")) == []
    for query in ("status=sleeping", "colour=red", "limit=0", "cursor=x", "limit=201"):
        assert_error(alice.get(f"jobs/?{query}"), 400, "invalid")


@pytest.mark.parametrize("path", ["", "events/"])
def test_somebody_elses_job_is_not_there(
    alice: Client, bob: Client, anonymous: Client, path: str
) -> None:
    job = job_of(alice)
    assert_error(bob.get(f"jobs/{job.slug}/{path}"), 404, "not_found")
    assert_error(bob.get(f"jobs/jb_{'0' * 32}/{path}"), 404, "not_found")
    assert_error(anonymous.get(f"jobs/{job.slug}/{path}"), 401, "unauthenticated")


@pytest.mark.parametrize("action", ["cancel", "retry"])
def test_only_the_owner_with_a_writing_token_acts(
    alice: Client, bob: Client, carol: Client, anonymous: Client, action: str
) -> None:
    job = job_of(alice)
    if action == "retry":
        lifecycle.fail(claim_of(job), code="broken", message="It broke.")
    before, events = row(job), event_types(job)
    assert_error(bob.post(f"jobs/{job.slug}/{action}/"), 404, "not_found")
    assert_error(carol.post(f"jobs/{job.slug}/{action}/"), 403, "forbidden")
    assert_error(anonymous.post(f"jobs/{job.slug}/{action}/"), 401, "unauthenticated")
    assert (row(job), event_types(job)) == (before, events)
    assert carol.get(f"jobs/{job.slug}/").status_code == 200
    assert alice.post(f"jobs/{job.slug}/{action}/").status_code == 202


def test_cancel_queued(alice: Client) -> None:
    job = job_of(alice)
    response = alice.post(f"jobs/{job.slug}/cancel/")
    assert (response.status_code, response.json()["status"]) == (202, "cancelled")
    assert response.json()["finished_on"]
    assert history(job) == [("cancelled", 0, {"while": "queued"})]
    assert lifecycle.claim(slug=job.slug, worker="test") is None


def test_cancel_running(alice: Client) -> None:
    job = job_of(alice)
    held = claim_of(job)
    for _ in range(2):
        response = alice.post(f"jobs/{job.slug}/cancel/")
        assert (response.status_code, response.json()["status"]) == (202, "running")
        assert response.json()["cancel_requested_on"]
    assert event_types(job) == ["claimed", "cancel_requested"]
    assert lifecycle.heartbeat(held, Progress())


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled", "expired"])
def test_ended_jobs_cannot_be_cancelled(alice: Client, status: str) -> None:
    job = job_of(alice)
    Job.objects.update(status=status, finished_on=timezone.now())
    before = row(job)
    response = alice.post(f"jobs/{job.slug}/cancel/")
    assert_error(response, 409, "conflict")
    assert status in response.json()["error"]["message"]
    assert (row(job), event_types(job)) == (before, [])


@pytest.mark.parametrize("status", ["queued", "running", "succeeded", "expired"])
def test_only_failed_and_cancelled_jobs_can_be_retried(alice: Client, status: str) -> None:
    job = job_of(alice)
    ended = timezone.now() if status in ("succeeded", "expired") else None
    lease = timezone.now() if status == "running" else None
    Job.objects.update(status=status, finished_on=ended, lease_expires_on=lease)
    before = row(job)
    assert_error(alice.post(f"jobs/{job.slug}/retry/"), 409, "conflict")
    assert (row(job), event_types(job)) == (before, [])


def test_retry_runs_the_same_job_again(alice: Client) -> None:
    job = job_of(alice, params={"a": 1})
    lifecycle.fail(claim_of(job), code="broken", message="It broke.")
    body = alice.post(f"jobs/{job.slug}/retry/").json()
    assert (body["slug"], body["status"], body["attempt"]) == (job.slug, "queued", 0)
    assert (body["params"], body["error"], body["finished_on"]) == ({"a": 1}, None, None)
    assert claim_of(job).params == {"a": 1}


def test_retry_needs_the_file_the_job_was_given(alice: Client) -> None:
    job = job_of(alice)
    lifecycle.fail(claim_of(job), code="broken", message="It broke.")
    JobFile.objects.create(
        job=job,
        role=FileRole.INPUT,
        name="bookmarks.html",
        storage_key=f"jobs/{job.slug}/input/upload",
        content_type="text/html",
        size=1,
        sha256="",
        expires_on=timezone.now(),
        deleted_on=timezone.now(),
    )
    before = row(job)
    response = alice.post(f"jobs/{job.slug}/retry/")
    assert_error(response, 409, "conflict")
    assert "expired" in response.json()["error"]["message"]
    assert row(job) == before


def test_history_oldest_first_in_pages(alice: Client, carol: Client) -> None:
    job = job_of(alice)
    lifecycle.record_queued(job)
    lifecycle.fail(claim_of(job), code="broken", message="It broke.")
    body = carol.get(f"jobs/{job.slug}/events/").json()
    assert all(line.pop("created_on") for line in body["results"])
    assert body == {
        "next": None,
        "previous": None,
        "results": [
            {"type": "queued", "attempt": 0, "detail": {"kind": "test.work"}},
            {"type": "claimed", "attempt": 1, "detail": {"fence": 1}},
            {
                "type": "failed",
                "attempt": 1,
                "detail": {"code": "broken", "message": "It broke."},
            },
        ],
    }
    page = carol.get(f"jobs/{job.slug}/events/?limit=2").json()
    assert [line["type"] for line in page["results"]] == ["queued", "claimed"]
    page = carol.get(page["next"]).json()
    assert [line["type"] for line in page["results"]] == ["failed"]
