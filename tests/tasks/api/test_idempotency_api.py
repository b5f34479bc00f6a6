"""Test the Idempotency-Key: a repeated request finds the job of the first one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tasks.jobs import sweeper
from tasks.models import IdempotencyKey, Job
from tests.support.client import Client, make_user
from tests.support.platform import event_types, in_threads

pytestmark = pytest.mark.django_db

BODY = {"kind": "links", "format": "csv"}
KEY = "Idempotency-Key"


def export(client: Client, key: str, **changes: Any) -> Any:
    return client.post("exports/", {**BODY, **changes}, **{KEY: key})


def test_same_key_same_body_is_the_same_job(alice: Client) -> None:
    first, again = export(alice, "one"), export(alice, "one")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["slug"] == again.json()["slug"]
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert first["Location"] == again["Location"]
    job = Job.objects.get()
    assert event_types(job) == ["queued"]


def test_the_answer_is_of_now_not_of_then(alice: Client) -> None:
    slug = export(alice, "one").json()["slug"]
    assert alice.post(f"jobs/{slug}/cancel/").status_code == 202
    assert export(alice, "one").json()["status"] == "cancelled"


def test_same_key_other_body_is_refused(alice: Client) -> None:
    export(alice, "one")
    before = Job.objects.get()
    for changes in ({"format": "jsonl"}, {"compression": "gzip"}, {"filters": {"tags": ["a"]}}):
        response = export(alice, "one", **changes)
        assert response.status_code == 422
        assert response.json() == {
            "error": {
                "code": "unprocessable",
                "message": "This Idempotency-Key was used for another request.",
            }
        }
    assert Job.objects.get() == before


def test_spelling_out_a_default_is_the_same_body(alice: Client) -> None:
    first = export(alice, "one")
    again = export(alice, "one", compression="none", filters={})
    assert again.json()["slug"] == first.json()["slug"]


def test_without_a_key_nothing_is_remembered(alice: Client) -> None:
    for _ in range(2):
        assert alice.post("exports/", BODY).status_code == 202
        Job.objects.update(status="succeeded", finished_on=timezone.now())
    assert Job.objects.count() == 2
    assert not IdempotencyKey.objects.exists()


def test_key_of_a_request_that_joined_an_unfinished_job_is_kept(alice: Client) -> None:
    first = alice.post("exports/", BODY).json()["slug"]
    assert export(alice, "one").json()["slug"] == first
    Job.objects.update(status="succeeded", finished_on=timezone.now())
    again = export(alice, "one")
    assert (again.json()["slug"], again["Idempotent-Replayed"]) == (first, "true")
    assert export(alice, "one", format="jsonl").status_code == 422
    assert Job.objects.count() == 1


def test_keys_of_two_users_have_nothing_to_do_with_each_other(alice: Client, bob: Client) -> None:
    mine, other = export(alice, "one"), export(bob, "one", format="jsonl")
    assert other.status_code == 202
    assert mine.json()["slug"] != other.json()["slug"]
    assert "Idempotent-Replayed" not in other


@pytest.mark.parametrize("key", ["x" * 201, "with space", "é", "tab\tinside", "\x7f"])
def test_bad_key(alice: Client, key: str) -> None:
    response = export(alice, key)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid"
    assert not Job.objects.exists()


def test_longest_key(alice: Client) -> None:
    assert export(alice, "x" * 200).status_code == 202


def test_refused_request_does_not_use_up_its_key(alice: Client) -> None:
    assert export(alice, "one", format="nonsense").status_code == 400
    assert export(alice, "one").status_code == 202


def test_key_is_free_again_after_its_life(alice: Client) -> None:
    first = export(alice, "one")
    IdempotencyKey.objects.update(created_on=timezone.now() - timedelta(hours=25))
    sweeper.sweep_records()
    again = export(alice, "one", format="jsonl")
    assert again.status_code == 202
    assert again.json()["slug"] != first.json()["slug"]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_one_job(published: list[tuple[str, str]]) -> None:
    user = make_user("alice")
    clients = [Client(user) for _ in range(6)]
    answers = in_threads(6, lambda: export(clients.pop(), "one"))
    assert [answer.status_code for answer in answers] == [202] * 6
    assert {answer.json()["slug"] for answer in answers} == {Job.objects.get().slug}
    assert sorted("Idempotent-Replayed" in answer for answer in answers) == [False] + [True] * 5
    assert published == [(Job.objects.get().slug, "quick")]
