"""Test who may download a job's file, by which URL, and until when."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.utils import timezone

from gridlink.accounts.models import User
from tasks.api.jobs import files
from tasks.models import Download, FileRole, Job, JobFile
from tasks.storage import ObjectStore, StorageError, object_store
from tests.support.client import Client, content
from tests.support.files import BODY, DIGEST, add_file, job_with_file

pytestmark = pytest.mark.django_db


def url_of(client: Client, job: Job) -> str:
    """The signed address that the owner is shown."""
    url: str = client.get(f"jobs/{job.slug}/").json()["files"][0]["url"]
    return url


def changed(url: str, **query: str) -> str:
    """The address with parts of its query replaced."""
    parts = urlsplit(url)
    pairs = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return parts._replace(query=urlencode({**pairs, **query})).geturl()


def assert_error(response: Any, status: int, code: str) -> None:
    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert BODY[:64] not in response.content


def test_signed_address_needs_no_token(alice: Client, anonymous: Client) -> None:
    job = job_with_file(alice)
    url = url_of(alice, job)
    assert url.startswith(f"http://testserver/api/v1/jobs/{job.slug}/files/links.csv/?expires=")
    response = anonymous.get(url)
    assert response.status_code == 200
    assert content(response) == BODY
    assert response["Content-Type"] == "text/csv"
    assert response["Content-Length"] == "1024"
    assert response["Content-Disposition"] == 'attachment; filename="links.csv"'
    assert response["ETag"] == f'"{DIGEST}"'
    assert response["Accept-Ranges"] == "bytes"
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Content-Type-Options"] == "nosniff"


def test_forged_signature(alice: Client, anonymous: Client) -> None:
    url = url_of(alice, job_with_file(alice))
    for forged in (
        changed(url, signature="forged"),
        changed(url, signature=""),
        changed(url, signature="\u00e9\u0000"),
        changed(url, expires="99999999999"),
        changed(url, expires=""),
        changed(url, expires="soon"),
    ):
        assert_error(anonymous.get(forged), 403, "forbidden")


def test_signature_is_for_one_file_of_one_job(alice: Client, anonymous: Client) -> None:
    job = job_with_file(alice)
    add_file(job, "other.csv")
    other = job_with_file(alice)
    url = url_of(alice, job)
    assert_error(anonymous.get(url.replace("links.csv", "other.csv")), 403, "forbidden")
    assert_error(anonymous.get(url.replace(job.slug, other.slug)), 403, "forbidden")


def test_address_expires(alice: Client, anonymous: Client, settings: Any) -> None:
    settings.DOWNLOAD_URL_SECONDS = -1
    job = job_with_file(alice)
    assert_error(anonymous.get(url_of(alice, job)), 410, "gone")
    settings.DOWNLOAD_URL_SECONDS = 60
    assert anonymous.get(url_of(alice, job)).status_code == 200


def test_own_token_does_it_too(alice: Client, carol: Client) -> None:
    job = job_with_file(alice)
    for client in (alice, carol):
        assert content(client.get(f"jobs/{job.slug}/files/links.csv/")) == BODY


def test_nobody_elses_token_does(alice: Client, bob: Client, anonymous: Client) -> None:
    job = job_with_file(alice)
    assert_error(bob.get(f"jobs/{job.slug}/files/links.csv/"), 404, "not_found")
    assert_error(anonymous.get(f"jobs/{job.slug}/files/links.csv/"), 401, "unauthenticated")


@pytest.mark.parametrize("name", ["none.csv", "%00", "links.csv%00", "%ED%A0%80", "..%5Clinks.csv"])
def test_no_such_file(alice: Client, name: str) -> None:
    job = job_with_file(alice)
    assert_error(alice.get(f"jobs/{job.slug}/files/{name}/"), 404, "not_found")


def test_inputs_are_not_for_download(alice: Client) -> None:
    job = job_with_file(alice)
    add_file(job, "upload.html", FileRole.INPUT)
    assert_error(alice.get(f"jobs/{job.slug}/files/upload.html/"), 404, "not_found")
    assert [file["name"] for file in alice.get(f"jobs/{job.slug}/").json()["files"]] == [
        "links.csv"
    ]


def test_deleted_file_is_gone_whoever_asks(alice: Client, bob: Client, anonymous: Client) -> None:
    job = job_with_file(alice)
    url = url_of(alice, job)
    JobFile.objects.update(deleted_on=timezone.now())
    assert_error(anonymous.get(url), 410, "gone")
    assert_error(alice.get(f"jobs/{job.slug}/files/links.csv/"), 410, "gone")
    assert_error(bob.get(f"jobs/{job.slug}/files/links.csv/"), 404, "not_found")
    (file,) = alice.get(f"jobs/{job.slug}/").json()["files"]
    assert (file["url"], file["sha256"]) == (None, DIGEST)


def test_object_that_vanished_is_gone(alice: Client) -> None:
    job = job_with_file(alice)
    object_store().delete(JobFile.objects.get().storage_key)
    assert_error(alice.get(f"jobs/{job.slug}/files/links.csv/"), 410, "gone")


def test_store_out_of_reach_is_503(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise StorageError("connection to secret-host refused")

    job = job_with_file(alice)
    monkeypatch.setattr(type(object_store()), "open", refuse)
    response = alice.get(f"jobs/{job.slug}/files/links.csv/")
    assert_error(response, 503, "unavailable")
    assert b"secret-host" not in response.content


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ('a"b\\c.csv', 'attachment; filename="a\\"b\\\\c.csv"'),
        ("list é.csv", "attachment; filename*=utf-8''list%20%C3%A9.csv"),
        ("a\r\nX-Evil: 1.csv", "attachment; filename*=utf-8''a%0D%0AX-Evil%3A%201.csv"),
        ("links; filename=evil.exe", 'attachment; filename="links; filename=evil.exe"'),
        ("\u202egpj.exe", "attachment; filename*=utf-8''%E2%80%AEgpj.exe"),
        ("<script>.csv", 'attachment; filename="<script>.csv"'),
        ("=cmd|' C calc'!A0.csv", "attachment; filename=\"=cmd|' C calc'!A0.csv\""),
    ],
)
def test_file_name_cannot_add_headers(alice: Client, name: str, header: str) -> None:
    response = alice.get(url_of(alice, job_with_file(alice, name)))
    assert response.status_code == 200
    assert response["Content-Disposition"] == header
    assert "X-Evil" not in response


class ElsewhereStore:
    """A store that hands out addresses of its own, as S3 does."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.asked: list[tuple[str, str, str, int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def signed_url(self, key: str, *, filename: str, content_type: str, expires_in: int) -> str:
        self.asked.append((key, filename, content_type, expires_in))
        return "https://bucket.example.org/object?signature=x"


def test_store_with_addresses_is_redirected_to(
    alice: Client, bob: Client, anonymous: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_with_file(alice)
    store = ElsewhereStore(object_store())
    monkeypatch.setattr(files, "object_store", lambda: store)
    response = anonymous.get(url_of(alice, job))
    assert response.status_code == 302
    assert response["Location"] == "https://bucket.example.org/object?signature=x"
    key = JobFile.objects.get().storage_key
    assert store.asked == [(key, "links.csv", "text/csv", 300)]
    assert_error(bob.get(f"jobs/{job.slug}/files/links.csv/"), 404, "not_found")
    # That address would refuse a HEAD.
    head = alice.http.head(f"/api/v1/jobs/{job.slug}/files/links.csv/")
    assert (head.status_code, head["Content-Length"]) == (200, "1024")


def test_addresses_of_an_inactive_owners_files_are_refused(
    alice: Client, anonymous: Client
) -> None:
    job = job_with_file(alice)
    url = url_of(alice, job)
    User.objects.update(is_active=False)
    assert anonymous.http.head(url).status_code == 403
    refused = anonymous.get(url)
    assert_error(refused, 403, "forbidden")
    message = refused.json()["error"]["message"]
    assert message == "The signature of this address is not valid, or was revoked."
    assert not Download.objects.exists()
    User.objects.update(is_active=True)
    assert anonymous.get(url).status_code == 200


def test_an_address_outlives_a_change_of_the_key_while_the_old_one_still_verifies(
    alice: Client, anonymous: Client, settings: Any
) -> None:
    url = url_of(alice, job_with_file(alice))
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key"
    settings.SECRET_KEY_FALLBACKS = [old]
    assert anonymous.get(url).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert_error(anonymous.get(url), 403, "forbidden")
