"""Test that an identical request gets the unfinished job, and that small jobs join `quick`."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from gridlink.accounts.models import User
from grids.imports.runner import ImportRunner
from reports.exports.runner import ExportRunner
from tasks.jobs import lifecycle
from tasks.jobs.services import job_submit
from tasks.models import Job
from tests.support.client import Client, make_user
from tests.support.platform import claim_of, event_types, in_threads, row
from tests.support.race import race
from tests.support.tasks.jobs import stored

pytestmark = pytest.mark.django_db

BODY = {"kind": "links", "format": "csv"}
PAGE = b"<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><p><DT><A HREF='https://example.org/'>A</A></DL>"


def export(client: Client, **changes: Any) -> Any:
    answer = client.post("exports/", {**BODY, **changes})
    assert answer.status_code == 202, answer.content
    return answer


def upload(client: Client, mode: str = "apply", page: bytes = PAGE) -> Any:
    file = io.BytesIO(page)
    file.name = "bookmarks.html"
    answer = client.upload("imports/", file, source="auto", mode=mode)
    assert answer.status_code == 202, answer.content
    return answer


def submit(user: User, **params: Any) -> Job:
    return job_submit(user=user, kind="reports.export", params={"kind": "links", **params}).job


# --- Identical requests ----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_identical_request_is_the_job_that_waits(alice: Client, published: list[Any]) -> None:
    first, again = export(alice), export(alice)
    assert again.json()["slug"] == first.json()["slug"]
    assert again["Location"] == first["Location"]
    assert ("Idempotent-Replayed" in first, again["Idempotent-Replayed"]) == (False, "true")
    job = Job.objects.get()
    assert (event_types(job), published) == (["queued"], [(job.slug, "quick")])


def test_identical_request_is_the_job_that_runs(alice: Client) -> None:
    slug = export(alice).json()["slug"]
    claim_of(Job.objects.get())
    again = export(alice).json()
    assert (again["slug"], again["status"]) == (slug, "running")


@pytest.mark.parametrize("status", ["succeeded", "truncated", "failed", "cancelled", "expired"])
def test_what_is_over_is_asked_for_anew(alice: Client, status: str) -> None:
    slug = export(alice).json()["slug"]
    Job.objects.update(status=status, finished_on=timezone.now())
    assert export(alice).json()["slug"] != slug


def test_what_is_being_cancelled_is_asked_for_anew(alice: Client) -> None:
    slug = export(alice).json()["slug"]
    claim_of(Job.objects.get())
    assert alice.post(f"jobs/{slug}/cancel/").json()["status"] == "running"
    assert export(alice).json()["slug"] != slug


def test_other_words_and_other_people_get_their_own(alice: Client, bob: Client) -> None:
    answers = [export(alice), export(alice, format="jsonl"), export(alice, compression="gzip")]
    answers.append(export(bob))
    assert len({answer.json()["slug"] for answer in answers}) == 4


def test_same_file_twice_is_one_import(alice: Client, storage: Path) -> None:
    first, again = upload(alice), upload(alice)
    assert again.json()["slug"] == first.json()["slug"]
    # The second copy is not kept.
    assert stored(storage) == [f"jobs/{first.json()['slug']}/input/upload"]
    others = [upload(alice, "dry_run"), upload(alice, page=PAGE + b" ")]
    assert len({answer.json()["slug"] for answer in (first, *others)}) == 3


@pytest.mark.django_db(transaction=True)
def test_identical_requests_at_once_are_one_job(published: list[tuple[str, str]]) -> None:
    user = make_user("alice")
    clients = [Client(user) for _ in range(6)]
    answers = in_threads(6, lambda: export(clients.pop()))
    assert {answer.json()["slug"] for answer in answers} == {Job.objects.get().slug}
    assert sorted("Idempotent-Replayed" in answer for answer in answers) == [False] + [True] * 5
    assert published == [(Job.objects.get().slug, "quick")]


@pytest.mark.django_db(transaction=True)
def test_requests_of_one_user_take_turns_and_those_of_others_do_not_wait() -> None:
    alice, bob = make_user("alice"), make_user("bob")
    users = User.objects.filter(pk=alice.pk)
    made = race(users, lambda: submit(alice, a=1), lambda: submit(alice, a=1))
    assert made[0] == made[1]
    assert submit(bob, a=1) != made[0]


@pytest.mark.django_db(transaction=True)
def test_job_that_ends_while_it_is_asked_for_again() -> None:
    """Either it is returned or another is made; never none."""
    user = make_user("alice")
    first = submit(user, a=1)
    held = claim_of(first)
    lifecycle.fail(held, code="broken", message="It broke.")
    assert submit(user, a=1) != first


# --- The lane of small jobs ------------------------------------------------------------------------


def small_below(monkeypatch: pytest.MonkeyPatch, runner: type[Any], asked: list[Any]) -> None:
    """Have the runner call CSV and files below 100 bytes small, and note what it was asked."""

    def is_small(*, user_id: int, params: dict[str, Any], upload_size: int) -> bool:
        asked.append((user_id, upload_size))
        return params.get("format") == "csv" or 0 < upload_size < 100

    monkeypatch.setattr(runner, "is_small", is_small)


@pytest.mark.django_db(transaction=True)
def test_small_job_joins_the_quick_queue(
    alice: Client, published: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    small_below(monkeypatch, ExportRunner, asked)
    slugs = [export(alice).json()["slug"], export(alice, format="jsonl").json()["slug"]]
    assert published == [(slugs[0], "quick"), (slugs[1], "exports")]
    assert list(Job.objects.order_by("id").values_list("queue", flat=True)) == ["quick", "exports"]
    assert alice.user
    assert asked == [(alice.user.pk, 0)] * 2


def test_runner_is_given_the_size_of_the_file(
    alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    small_below(monkeypatch, ImportRunner, asked)
    upload(alice)
    upload(alice, page=PAGE + b" " * 100)
    assert [size for _, size in asked] == [len(PAGE), len(PAGE) + 100]
    assert list(Job.objects.order_by("id").values_list("queue", flat=True)) == ["quick", "imports"]


def test_long_jobs_of_everybody_leave_the_quick_queue_free(alice: Client) -> None:
    assert alice.user
    for number in range(5):
        Job.objects.create(user=make_user(f"user{number}"), kind="test.work", queue="exports")
        assert lifecycle.claim(slug=Job.objects.latest("id").slug, worker="test")
    small = Job.objects.create(user=alice.user, kind="test.work", queue="quick")
    assert claim_of(small).queue == "quick"


def test_retry_stays_in_its_lane(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    small_below(monkeypatch, ExportRunner, [])
    slug = export(alice).json()["slug"]
    job = Job.objects.get()
    lifecycle.fail(claim_of(job), code="broken", message="It broke.")
    assert alice.post(f"jobs/{slug}/retry/").status_code == 202
    assert (row(job)["queue"], row(job)["status"]) == ("quick", "queued")
