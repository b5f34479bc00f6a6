"""Test `imports/`: accepted and refused uploads; a refusal leaves nothing behind."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from grids.formats.registry import JOB_FORMATS
from grids.models import Grid, Link
from tasks.jobs import sweeper
from tasks.jobs.services import file_mark_deleted
from tasks.models import FileRole, IdempotencyKey, Job, JobFile
from tasks.storage import StorageError, object_store
from tests.support.client import Client
from tests.support.files import make_old
from tests.support.grids.imports import document, upload
from tests.support.platform import event_types, execute_slug
from tests.support.tasks.jobs import stored

pytestmark = pytest.mark.django_db

GOOD = document('<DT><A HREF="https://example.org/">Example</A>')


def assert_refused(response: Any, storage: Path, status: int, code: str, *fields: str) -> None:
    assert response.status_code == status, response.content
    error = response.json()["error"]
    assert error["code"] == code
    assert sorted(error.get("fields", {})) == sorted(fields)
    assert not Job.objects.exists()
    assert stored(storage) == []


def post_raw(client: Client, body: Any, content_type: str) -> Any:
    return client.http.generic("POST", "/api/v1/imports/", body, content_type=content_type)


def test_upload_becomes_a_job_with_its_file(alice: Client, storage: Path) -> None:
    response = alice.upload("imports/", upload(GOOD))
    assert response.status_code == 202
    body = response.json()
    assert response["Location"] == f"http://testserver/api/v1/jobs/{body['slug']}/"
    assert (body["kind"], body["status"], body["files"]) == ("grids.import", "queued", [])
    assert body["params"] == {"source": "auto", "mode": "apply", "name": "bookmarks.html"}
    job = Job.objects.get()
    assert (job.slug, job.user, job.queue) == (body["slug"], alice.user, "imports")
    assert event_types(job) == ["queued"]
    file = JobFile.objects.get()
    assert (file.job, file.role, file.name) == (job, FileRole.INPUT, "bookmarks.html")
    assert (file.size, file.sha256) == (len(GOOD), hashlib.sha256(GOOD).hexdigest())
    assert stored(storage) == [file.storage_key] == [f"jobs/{job.slug}/input/upload"]
    assert object_store().open(file.storage_key).read() == GOOD
    assert not Grid.objects.exists()
    assert not Link.objects.exists()


def test_source_and_mode_are_kept(alice: Client) -> None:
    response = alice.upload("imports/", upload(GOOD), source="netscape", mode="dry_run")
    assert response.status_code == 202
    assert Job.objects.get().params == {
        "source": "netscape", "mode": "dry_run", "name": "bookmarks.html",
    }  # fmt: skip


def test_no_file(alice: Client, storage: Path) -> None:
    response = alice.http.post("/api/v1/imports/", {"mode": "apply"}, format="multipart")
    assert_refused(response, storage, 400, "invalid", "file")


def test_text_where_the_file_belongs(alice: Client, storage: Path) -> None:
    response = alice.http.post("/api/v1/imports/", {"file": "text"}, format="multipart")
    assert_refused(response, storage, 400, "invalid", "file")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"source": "opml2"}, "source"),
        ({"source": "x" * 31}, "source"),
        ({"mode": "maybe"}, "mode"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_form(alice: Client, storage: Path, form: dict[str, str], field: str) -> None:
    response = alice.upload("imports/", upload(GOOD), **form)
    assert_refused(response, storage, 400, "invalid", field)


def test_json_is_no_form(alice: Client, storage: Path) -> None:
    response = alice.post("imports/", {"file": "x"})
    assert_refused(response, storage, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "body", [b"", b"--x\r\n", b"nonsense", b"--other\r\n\r\n--other--", b"\x00" * 100]
)
def test_broken_form(alice: Client, storage: Path, body: bytes) -> None:
    response = post_raw(alice, body, "multipart/form-data; boundary=x")
    assert_refused(response, storage, 400, "invalid", "file")


def test_visibility(alice: Client) -> None:
    answer = alice.upload("imports/", upload(GOOD), visibility="unlisted")
    assert answer.status_code == 202
    job = Job.objects.get(slug=answer.json()["slug"])
    assert job.params["visibility"] == "unlisted"
    assert (
        "visibility"
        not in Job.objects.get(
            slug=alice.upload("imports/", upload(GOOD), visibility="private").json()["slug"]
        ).params
    )


def test_unknown_visibility(alice: Client, storage: Path) -> None:
    response = alice.upload("imports/", upload(GOOD), visibility="secret")
    assert_refused(response, storage, 400, "invalid", "visibility")


def test_visibility_of_an_archive_is_its_own(alice: Client, storage: Path) -> None:
    (source,) = JOB_FORMATS
    response = alice.upload("imports/", upload(b"x"), source=source, visibility="public")
    assert_refused(response, storage, 400, "invalid", "visibility")


def test_form_without_boundary(alice: Client, storage: Path) -> None:
    response = post_raw(alice, b"x", "multipart/form-data")
    assert_refused(response, storage, 400, "invalid")


def test_bad_idempotency_key(alice: Client, storage: Path) -> None:
    response = alice.http.post(
        "/api/v1/imports/",
        {"file": upload(GOOD)},
        format="multipart",
        headers={"Idempotency-Key": "with space"},
    )
    assert_refused(response, storage, 400, "invalid")


def test_too_large(alice: Client, storage: Path, settings: Any) -> None:
    settings.IMPORT_BYTES = 1024
    response = alice.upload("imports/", upload(b"x" * (1024 + 64 * 1024)))
    assert_refused(response, storage, 413, "too_large")


def test_largest(alice: Client, settings: Any) -> None:
    settings.IMPORT_BYTES = 10_000
    assert alice.upload("imports/", upload(b"x" * 10_000)).status_code == 202


def test_who_may(carol: Client, anonymous: Client, storage: Path) -> None:
    assert_refused(carol.upload("imports/", upload(GOOD)), storage, 403, "forbidden")
    assert_refused(anonymous.upload("imports/", upload(GOOD)), storage, 401, "unauthenticated")


def test_full_disk_is_503_and_no_job(
    alice: Client, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any) -> None:
        raise StorageError("/secret/path: no space left")

    monkeypatch.setattr("tasks.storage.local.LocalSink._put", refuse)
    response = alice.upload("imports/", upload(GOOD))
    assert_refused(response, storage, 503, "unavailable")
    assert b"secret" not in response.content


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\folder\\\\a\tb.html", "ab.html"),
        ("éבגד😀.html", "éבגד😀.html"),
        ("x" * 300, "x" * 200),
        ("=cmd.html", "=cmd.html"),
    ],
)
def test_names_people_give(alice: Client, sent: str, kept: str) -> None:
    part = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{sent}"\r\n\r\n'
    body = part.encode() + GOOD + b"\r\n--x--\r\n"
    response = post_raw(alice, body, "multipart/form-data; boundary=x")
    assert response.status_code == 202, response.content
    assert response.json()["params"]["name"] == JobFile.objects.get().name == kept


def upload_with_key(client: Client, data: bytes, key: str) -> Any:
    return client.http.post(
        "/api/v1/imports/",
        {"file": upload(data)},
        format="multipart",
        headers={"Idempotency-Key": key},
    )


def test_same_file_under_the_same_key_is_the_same_job(alice: Client, storage: Path) -> None:
    first, again = upload_with_key(alice, GOOD, "one"), upload_with_key(alice, GOOD, "one")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["slug"] == again.json()["slug"]
    assert again["Idempotent-Replayed"] == "true"
    other = upload_with_key(alice, GOOD + b" ", "one")
    assert other.status_code == 422
    assert Job.objects.count() == IdempotencyKey.objects.count() == JobFile.objects.count() == 1


def test_replayed_and_refused_uploads_are_not_kept(alice: Client, storage: Path) -> None:
    upload_with_key(alice, GOOD, "one")
    kept = [JobFile.objects.get().storage_key]
    assert upload_with_key(alice, GOOD, "one").status_code == 202
    assert stored(storage) == kept
    assert upload_with_key(alice, GOOD + b" ", "one").status_code == 422
    assert stored(storage) == kept


def test_uploads_that_became_no_job_are_swept_a_day_later(
    alice: Client, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any) -> None:
        raise StorageError("away")

    upload_with_key(alice, GOOD, "one")
    with monkeypatch.context() as patched:
        patched.setattr("tasks.storage.local.LocalStore.delete", refuse)
        assert upload_with_key(alice, GOOD, "one").status_code == 202
        assert upload_with_key(alice, GOOD + b" ", "one").status_code == 422
    assert len(stored(storage)) == 3
    make_old(storage)
    sweeper.sweep_files()
    assert stored(storage) == [JobFile.objects.get().storage_key]


def test_columns_are_kept(alice: Client) -> None:
    columns = {"url": "Destination URL", "title": "Name"}
    answer = alice.upload("imports/", upload(GOOD), source="csv", columns=json.dumps(columns))
    assert answer.status_code == 202, answer.content
    assert Job.objects.get().params == {
        "source": "csv", "mode": "apply", "name": "bookmarks.html", "columns": columns,
    }  # fmt: skip


@pytest.mark.parametrize(
    "columns",
    [
        "nonsense", "[]", "3", '"url"', '{"url": 3}', '{"url": ""}', '{"url": "a\\u0000"}',
        '{"colour": "Farbe"}', json.dumps({"url": "x" * 201}),
        json.dumps({f"f{number}": "x" for number in range(51)}),
    ],
)  # fmt: skip
def test_bad_columns(alice: Client, storage: Path, columns: str) -> None:
    response = alice.upload("imports/", upload(GOOD), columns=columns)
    assert_refused(response, storage, 400, "invalid", "columns")


def test_columns_of_what_has_none(alice: Client, storage: Path) -> None:
    response = alice.upload("imports/", upload(GOOD), source="netscape", columns='{"url": "x"}')
    assert_refused(response, storage, 400, "invalid", "columns")


def test_sources_are_listed(carol: Client, anonymous: Client) -> None:
    answer = carol.get("imports/sources/")
    assert answer.status_code == 200
    body = answer.json()
    assert body["sources"] == [
        "auto", "csv", "gridlink", "linkstack", "linkwarden", "netscape", "omnivore", "pocket", "wallabag",
    ]  # fmt: skip
    assert {"url", "title", "note", "tags", "alias", "clicks"} <= set(body["columns"])
    assert anonymous.get("imports/sources/").status_code == 401


@pytest.mark.django_db(transaction=True)
def test_trial_import_and_undo(alice: Client, published: list[tuple[str, str]]) -> None:
    tried = alice.upload("imports/", upload(GOOD), mode="dry_run").json()
    waiting = alice.post(f"imports/{tried['slug']}/apply/")
    assert_conflict(waiting, "The dry run is queued; only one that has succeeded can be applied.")
    execute_slug(tried["slug"])
    assert not Link.objects.exists()
    answer = alice.post(f"imports/{tried['slug']}/apply/")
    assert answer.status_code == 202, answer.content
    applied = answer.json()
    assert answer["Location"] == f"http://testserver/api/v1/jobs/{applied['slug']}/"
    assert applied["params"] == {
        "source": "auto", "mode": "apply", "name": "bookmarks.html", "upload_of": tried["slug"],
    }  # fmt: skip
    # Asked for twice, it is one.
    assert alice.post(f"imports/{tried['slug']}/apply/").json()["slug"] == applied["slug"]
    assert execute_slug(applied["slug"]).result["links"] == 1
    assert Link.objects.count() == 1
    undone = alice.post(f"imports/{applied['slug']}/undo/")
    assert (undone.status_code, undone.json()["kind"]) == (202, "grids.undo")
    assert undone.json()["params"] == {"import": applied["slug"]}
    assert execute_slug(undone.json()["slug"]).result["removed"] == 1
    assert (Link.objects.count(), Grid.objects.count()) == (0, 0)


def assert_conflict(response: Any, message: str) -> None:
    assert (response.status_code, response.json()["error"]["message"]) == (409, message)


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_applied_or_undone(alice: Client, published: list[tuple[str, str]]) -> None:
    applied = alice.upload("imports/", upload(GOOD)).json()["slug"]
    nothing = "There is nothing to undo: only an import that was applied can be undone."
    assert_conflict(alice.post(f"imports/{applied}/undo/"), nothing)
    execute_slug(applied)
    message = "The import is no dry run: it was applied itself."
    assert_conflict(alice.post(f"imports/{applied}/apply/"), message)
    tried = alice.upload("imports/", upload(GOOD), mode="dry_run").json()["slug"]
    execute_slug(tried)
    assert_conflict(alice.post(f"imports/{tried}/undo/"), nothing)
    file = JobFile.objects.get(job__slug=tried, role=FileRole.INPUT)
    file_mark_deleted(file=file)
    message = "The upload has expired; send the file again."
    assert_conflict(alice.post(f"imports/{tried}/apply/"), message)
    assert Job.objects.count() == 2
    assert Link.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_upload_that_is_gone_when_its_turn_comes(
    alice: Client, published: list[tuple[str, str]]
) -> None:
    tried = alice.upload("imports/", upload(GOOD), mode="dry_run").json()["slug"]
    execute_slug(tried)
    applied = alice.post(f"imports/{tried}/apply/").json()["slug"]
    object_store().delete(JobFile.objects.get(job__slug=tried, role=FileRole.INPUT).storage_key)
    job = execute_slug(applied)
    assert (job.status, job.error_code) == ("failed", "expired")
    assert job.error_message == "The upload has expired; send the file again."
    assert not Link.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("action", ["apply", "undo"])
def test_who_may_apply_and_undo(
    alice: Client, bob: Client, carol: Client, published: list[tuple[str, str]], action: str
) -> None:
    mode = {"apply": "dry_run", "undo": "apply"}[action]
    slug = alice.upload("imports/", upload(GOOD), mode=mode).json()["slug"]
    execute_slug(slug)
    links = Link.objects.count()
    assert bob.post(f"imports/{slug}/{action}/").status_code == 404
    assert carol.post(f"imports/{slug}/{action}/").status_code == 403
    assert Client().post(f"imports/{slug}/{action}/").status_code == 401
    export = alice.post("exports/", {"kind": "links", "format": "csv"}).json()["slug"]
    assert alice.post(f"imports/{export}/{action}/").status_code == 404
    assert (Job.objects.count(), Link.objects.count()) == (2, links)
