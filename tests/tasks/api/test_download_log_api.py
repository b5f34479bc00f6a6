"""Test that downloads are counted and logged, and that signed URLs can be revoked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from gridlink.accounts.models import Token
from tasks.jobs import sweeper
from tasks.models import Download, JobFile
from tasks.storage import ObjectStore, StorageError, object_store
from tests.support.client import Client, content
from tests.support.files import BODY, add_file, job_with_file, make_old
from tests.support.platform import event_types, history, in_threads, make_job, row, user_of
from tests.support.race import race
from tests.support.tasks.jobs import stored

pytestmark = pytest.mark.django_db
SIZE = len(BODY)


@pytest.fixture
def path(alice: Client) -> str:
    """Of Alice's file."""
    return path_of(job_with_file(alice).slug)


def path_of(slug: str, name: str = "links.csv") -> str:
    return f"jobs/{slug}/files/{name}/"


def file_json(client: Client, path: str) -> dict[str, Any]:
    file: dict[str, Any]
    (file,) = client.get(f"{path.partition('files/')[0]}").json()["files"]
    return file


def url_of(client: Client, path: str) -> str:
    url: str = file_json(client, path)["url"]
    return url


def log(client: Client, path: str) -> list[dict[str, Any]]:
    answer = client.get(f"{path}downloads/")
    assert answer.status_code == 200, answer.content
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def assert_error(response: Any, status: int, code: str) -> None:
    assert response.status_code == status
    assert response.json()["error"]["code"] == code


# --- Counting --------------------------------------------------------------------------------------


def test_fetch_is_counted_and_noted(alice: Client, anonymous: Client, path: str) -> None:
    shown = file_json(alice, path)
    assert (shown["downloads"], shown["last_downloaded_on"], log(alice, path)) == (0, None, [])
    content(alice.get(path))
    content(anonymous.get(url_of(alice, path)))
    newest, oldest = log(alice, path)
    shown = file_json(alice, path)
    assert shown["downloads"] == 2
    assert oldest["created_on"] < shown["last_downloaded_on"] <= newest["created_on"]
    assert all(line.pop("created_on") and line.pop("request_id") for line in (newest, oldest))
    whole = {"first_byte": 0, "bytes_sent": SIZE, "is_complete": True}
    assert newest == {"token": "", **whole}
    assert oldest == {"token": Token.objects.get(user=alice.user).slug, **whole}


def test_resumed_download_counts_once(alice: Client, path: str) -> None:
    content(alice.get(path, Range="bytes=0-99"))
    content(alice.get(path, Range="bytes=100-599"))
    content(alice.get(path, Range="bytes=600-"))
    lines = [(x["first_byte"], x["bytes_sent"], x["is_complete"]) for x in log(alice, path)]
    assert lines == [(600, SIZE - 600, True), (100, 500, False), (0, 100, False)]
    assert file_json(alice, path)["downloads"] == 1


@pytest.mark.django_db(transaction=True)
def test_client_that_goes_leaves_what_it_took(alice: Client, path: str) -> None:
    file = JobFile.objects.get()
    with object_store().sink(file.storage_key) as sink:
        for _ in range(8):
            sink.write(b"x" * 65536)
    JobFile.objects.update(size=8 * 65536)
    response = alice.get(path)
    assert log(alice, path)[0]["bytes_sent"] is None
    assert log(alice, path)[0]["is_complete"] is None
    pieces = response.streaming_content
    next(pieces)
    next(pieces)
    response.close()
    (line,) = log(alice, path)
    assert (line["bytes_sent"], line["is_complete"]) == (256 * 1024, False)
    assert file_json(alice, path)["downloads"] == 1


def test_what_sends_nothing_is_no_download(
    alice: Client, bob: Client, anonymous: Client, path: str
) -> None:
    assert alice.http.head(f"/api/v1/{path}").status_code == 200
    assert alice.get(path, Range=f"bytes={SIZE}-").status_code == 416
    assert bob.get(path).status_code == 404
    assert anonymous.get(f"{path}?expires=1&signature=x").status_code == 403
    object_store().delete(JobFile.objects.get().storage_key)
    assert alice.get(path).status_code == 410
    assert not Download.objects.exists()
    assert file_json(alice, path)["downloads"] == 0


def test_store_that_sends_itself_is_counted_before(
    alice: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = type(object_store())
    address = "https://bucket.example.org/object?signature=x"
    monkeypatch.setattr(store, "signed_url", lambda self, key, **given: address)
    assert alice.get(path)["Location"] == address
    assert alice.get(path, Range="bytes=5-")["Location"] == address
    lines = [(x["first_byte"], x["bytes_sent"], x["is_complete"]) for x in log(alice, path)]
    assert lines == [(5, None, None), (0, None, None)]
    assert file_json(alice, path)["downloads"] == 1


@pytest.mark.django_db(transaction=True)
def test_none_of_many_at_once_is_lost(path: str, alice: Client) -> None:
    url = url_of(alice, path)
    bodies = in_threads(8, lambda: content(Client().get(url)))
    assert bodies == [BODY] * 8
    assert file_json(alice, path)["downloads"] == 8
    assert Download.objects.filter(bytes_sent=SIZE).count() == 8


def test_log_in_pages_outlives_the_file(alice: Client, path: str) -> None:
    for start in range(3):
        content(alice.get(path, Range=f"bytes={start}-"))
    JobFile.objects.update(deleted_on=timezone.now())
    page = alice.get(f"{path}downloads/?limit=2").json()
    assert [line["first_byte"] for line in page["results"]] == [2, 1]
    assert [line["first_byte"] for line in alice.get(page["next"]).json()["results"]] == [0]


def test_log_is_the_owners(alice: Client, bob: Client, carol: Client, anonymous: Client) -> None:
    job = job_with_file(alice)
    add_file(job, "a b.csv")
    assert_error(bob.get(f"{path_of(job.slug)}downloads/"), 404, "not_found")
    assert_error(alice.get(f"{path_of(job.slug, 'none')}downloads/"), 404, "not_found")
    url = alice.get(f"jobs/{job.slug}/").json()["files"][0]["url"]
    assert_error(anonymous.get(url.replace("/?", "/downloads/?")), 401, "unauthenticated")
    assert log(carol, path_of(job.slug)) == []
    assert log(carol, path_of(job.slug, "a%20b.csv")) == []


# --- Revoking --------------------------------------------------------------------------------------


def test_revoked_address_is_dead_at_once(alice: Client, anonymous: Client, path: str) -> None:
    url = url_of(alice, path)
    answer = alice.post(f"{path}revoke/")
    assert answer.status_code == 200
    assert_error(anonymous.get(url), 403, "forbidden")
    (file,) = answer.json()["files"]
    assert content(anonymous.get(file["url"])) == BODY
    assert content(alice.get(path)) == BODY
    job = JobFile.objects.get().job
    assert history(job) == [("revoked", 0, {"file": "links.csv"})]


def test_only_that_files_addresses_are_revoked(alice: Client, anonymous: Client) -> None:
    job = job_with_file(alice)
    add_file(job, "other.csv")
    first, other = alice.get(f"jobs/{job.slug}/").json()["files"]
    assert alice.post(f"{path_of(job.slug, 'other.csv')}revoke/").status_code == 200
    assert anonymous.get(other["url"]).status_code == 403
    assert anonymous.get(first["url"]).status_code == 200


def test_an_address_from_between_two_revocations_is_dead(
    alice: Client, anonymous: Client, path: str
) -> None:
    alice.post(f"{path}revoke/")
    url = url_of(alice, path)
    alice.post(f"{path}revoke/")
    assert_error(anonymous.get(url), 403, "forbidden")


@pytest.mark.django_db(transaction=True)
def test_two_revocations_at_once_both_count(alice: Client, path: str) -> None:
    answers = race(
        JobFile.objects.all(),
        lambda: Client(alice.user).post(f"{path}revoke/").status_code,
        lambda: Client(alice.user).post(f"{path}revoke/").status_code,
    )
    assert answers == [200, 200]
    assert JobFile.objects.get().generation == 2


# --- Deleting --------------------------------------------------------------------------------------


def test_deleted_file_is_gone(alice: Client, anonymous: Client, path: str, storage: Path) -> None:
    url = url_of(alice, path)
    assert alice.delete(path).status_code == 204
    assert stored(storage) == []
    assert_error(anonymous.get(url), 410, "gone")
    assert_error(alice.get(path), 410, "gone")
    assert_error(alice.delete(path), 410, "gone")
    job = JobFile.objects.get().job
    assert (job.status, event_types(job)) == ("expired", ["expired", "file_deleted"])


def test_job_expires_with_its_last_file(alice: Client) -> None:
    job = job_with_file(alice)
    add_file(job, "other.csv")
    assert alice.delete(path_of(job.slug)).status_code == 204
    assert row(job)["status"] == "succeeded"
    assert content(alice.get(path_of(job.slug, "other.csv"))) == BODY
    assert alice.delete(path_of(job.slug, "other.csv")).status_code == 204
    assert row(job)["status"] == "expired"


def test_file_of_a_job_under_way_stays(alice: Client, storage: Path) -> None:
    job = make_job(user_of(alice))
    file = add_file(job, "links.csv")
    assert_error(alice.delete(path_of(job.slug)), 409, "conflict")
    file.refresh_from_db()
    assert (file.deleted_on, stored(storage)) == (None, [file.storage_key])
    assert event_types(job) == []


def test_what_the_store_will_not_delete_now_the_sweeper_will(
    alice: Client, path: str, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: ObjectStore, key: str) -> None:
        raise StorageError("away")

    with monkeypatch.context() as broken:
        broken.setattr(type(object_store()), "delete", refuse)
        assert alice.delete(path).status_code == 204
    assert_error(alice.get(path), 410, "gone")
    assert len(stored(storage)) == 1
    make_old(storage)
    sweeper.sweep_files()
    assert stored(storage) == []


# --- Who may ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["revoke", "delete"])
def test_only_the_owner_with_a_writing_token_may(
    alice: Client, bob: Client, carol: Client, anonymous: Client, path: str, action: str
) -> None:
    url = url_of(alice, path)
    before = JobFile.objects.values().get()

    def act(client: Client, query: str = "") -> Any:
        if action == "revoke":
            return client.post(f"{path}revoke/{query}")
        return client.delete(f"{path}{query}")

    assert_error(bob.get(path), 404, "not_found")
    assert_error(act(bob), 404, "not_found")
    assert_error(act(carol), 403, "forbidden")
    assert_error(act(anonymous), 401, "unauthenticated")
    # A good signature is for reading.
    assert_error(act(anonymous, f"?{url.partition('?')[2]}"), 401, "unauthenticated")
    assert_error(act(carol, f"?{url.partition('?')[2]}"), 403, "forbidden")
    assert JobFile.objects.values().get() == before
    assert content(anonymous.get(url)) == BODY
