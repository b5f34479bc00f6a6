"""Which rows an export holds, of which instant, and what it tells on the way."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

import pytest
from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from grids.models import Grid, Link
from reports.exports import base
from reports.exports.base import ExportQuery, OnProgress
from reports.exports.formats.jsonl import JsonLinesFormat
from reports.exports.runner import ExportRunner
from tasks.jobs.context import JobContext
from tasks.models import Job
from tasks.storage import object_store
from tests.support.client import Client, make_user
from tests.support.platform import (
    claim_of,
    due,
    event_types,
    execute,
    in_threads,
    user_of,
)
from tests.support.reports.exports import data_file, exported, file_bytes, link_on, run_export
from tests.support.rows import load_links
from tests.support.tasks.jobs import stored

pytestmark = pytest.mark.django_db(transaction=True)


def titles(data: bytes) -> list[str]:
    return [json.loads(line)["title"] for line in data.splitlines()]


def second_grid(owner: Client, title: str = "Second") -> Grid:
    return Grid.objects.create(user=user_of(owner), title=title)


def test_only_ones_own_and_only_what_is_live(owner: Client, grid: Grid) -> None:
    link_on(grid, 1)
    link_on(grid, 2, is_deleted=True, deleted_on=timezone.now())
    trashed = second_grid(owner, "Trash")
    link_on(trashed, 3)
    Grid.objects.filter(pk=trashed.pk).update(is_deleted=True, deleted_on=timezone.now())
    link_on(Grid.objects.create(user=make_user("bob"), title="Bob's"), 4)
    for form in ("jsonl", "csv", "netscape"):
        job = run_export(owner, form)
        assert data_file(job).rows == 1
        data = file_bytes(job)
        assert b"Link 1" in data
        assert not any(f"Link {number}".encode() in data for number in (2, 3, 4))


def test_reading_order(owner: Client, grid: Grid) -> None:
    later = second_grid(owner)
    link_on(later, 1, x=0, y=0)
    for number, (x, y) in enumerate([(1, 1), (0, 1), (5, 0), (0, 0)], start=2):
        link_on(grid, number, x=x, y=y)
    assert titles(exported(owner, "jsonl")) == ["Link 5", "Link 4", "Link 3", "Link 2", "Link 1"]


def test_filters(owner: Client, grid: Grid) -> None:
    other = second_grid(owner)
    link_on(grid, 1, tags=["a", "b"])
    link_on(grid, 2, tags=["a"])
    link_on(other, 3, tags=["b", "a", "100%"])
    link_on(other, 4)

    def found(**filters: list[str]) -> list[str]:
        return [title[-1] for title in titles(exported(owner, "jsonl", **filters))]

    assert found() == ["1", "2", "3", "4"]
    assert found(grids=[other.slug]) == ["3", "4"]
    assert found(grids=[grid.slug, other.slug, grid.slug]) == ["1", "2", "3", "4"]
    assert found(tags=["a"]) == ["1", "2", "3"]
    assert found(tags=["a", "b"]) == ["1", "3"]
    assert found(grids=[grid.slug], tags=["b"]) == ["1"]
    assert found(tags=["100%"]) == ["3"]
    assert found(tags=["%s", "'; --"]) == []
    assert found(grids=[], tags=[]) == ["1", "2", "3", "4"]
    # The formats that do not go through COPY alone filter alike.
    assert exported(owner, "netscape", tags=["100%"]).count(b"<A HREF") == 1
    assert exported(owner, "csv", tags=["100%"]).count(b"\n") == 2


def test_grid_thrown_away_after_the_request_is_not_in_the_file(owner: Client, grid: Grid) -> None:
    link_on(grid, 1)
    slug = owner.post(
        "exports/", {"kind": "links", "format": "jsonl", "filters": {"grids": [grid.slug]}}
    ).json()["slug"]
    Grid.objects.update(is_deleted=True, deleted_on=timezone.now())
    job = execute(Job.objects.get(slug=slug))
    assert (job.status, file_bytes(job)) == ("succeeded", b"")


@pytest.mark.parametrize("form", ["jsonl", "netscape", "csv"])
def test_snapshot(owner: Client, grid: Grid, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """Rows that come, go or change while the export runs are all there or not at all."""
    load_links(grid.user, 2500)
    count = ExportQuery.count
    written: list[int] = []

    def count_and_change(self: ExportQuery) -> int:
        total = count(self)

        def write() -> None:
            Link.objects.filter(title__in=["Link 1", "Link 2"]).delete()
            Link.objects.filter(title="Link 3").update(title="Changed")
            link_on(grid, 7, title="Inserted")
            written.append(Link.objects.count())

        in_threads(1, write)
        return total

    monkeypatch.setattr(ExportQuery, "count", count_and_change)
    job = run_export(owner, form)
    assert written == [2499]
    data = file_bytes(job)
    assert data_file(job).rows == job.progress_total == 2500
    assert b"Changed" not in data
    assert b"Inserted" not in data
    names = (b"Link 1", b"Link 2", b"Link 3")
    quoted = {"jsonl": b'"%s"', "netscape": b">%s<", "csv": b",%s,"}[form]
    assert [data.count(quoted % name) for name in names] == [1, 1, 1]


def test_export_cannot_write(owner: Client, grid: Grid, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(self: Any, query: ExportQuery, out: BinaryIO, on_progress: OnProgress) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_read_only")
            assert cursor.fetchone() == ("on",)
            cursor.execute("SHOW transaction_isolation")
            assert cursor.fetchone() == ("repeatable read",)
        return 0

    monkeypatch.setattr(JsonLinesFormat, "write", write)
    run_export(owner, "jsonl")


@pytest.mark.parametrize("form", ["jsonl", "netscape", "csv"])
def test_progress(owner: Client, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    load_links(user_of(owner), 3500)
    seen: list[tuple[int, int | None, str]] = []
    report = JobContext.report

    def note(self: JobContext, done: int, total: int | None, unit: str) -> None:
        seen.append((done, total, unit))
        report(self, done, total, unit)

    monkeypatch.setattr(JobContext, "report", note)
    monkeypatch.setattr(base, "_BUFFER_BYTES", 50_000)
    job = run_export(owner, form)
    steps = [done for done, _, _ in seen]
    assert (steps[0], steps[-1], len(set(steps)) > 4) == (0, 3500, True)
    assert steps == sorted(steps)
    assert {(total, unit) for _, total, unit in seen} == {(3500, "rows")}
    assert (job.progress_done, job.progress_total, job.progress_unit) == (3500, 3500, "rows")


@pytest.mark.parametrize("form", ["jsonl", "netscape", "csv"])
@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_failure_midway_leaves_nothing_and_the_next_attempt_is_whole(
    owner: Client, storage: Any, monkeypatch: pytest.MonkeyPatch, form: str, compression: str
) -> None:
    load_links(user_of(owner), 2500)
    report = JobContext.report

    def fail_midway(self: JobContext, done: int, total: int | None, unit: str) -> None:
        if done >= 2000:
            raise OperationalError("server closed the connection")
        report(self, done, total, unit)

    monkeypatch.setattr(base, "_BUFFER_BYTES", 50_000)
    monkeypatch.setattr(JobContext, "report", fail_midway)
    body = {"kind": "links", "format": form, "compression": compression}
    job = Job.objects.get(slug=owner.post("exports/", body).json()["slug"])
    execute(job)
    assert (job.status, job.attempt) == ("queued", 1)
    assert stored(storage) == []
    assert not [path for path in storage.rglob("*") if path.is_file()]
    monkeypatch.setattr(JobContext, "report", report)
    due(job)
    execute(job)
    assert (job.status, job.attempt) == ("succeeded", 2)
    file = data_file(job)
    assert file.rows == 2500
    assert file.storage_key in stored(storage)
    assert len(stored(storage)) == 2
    assert "/2-2/" in file.storage_key
    file_bytes(job)
    assert event_types(job) == ["queued", "claimed", "released", "claimed", "succeeded"]


def test_two_runs_of_one_claim_are_the_same_bytes(owner: Client, grid: Grid) -> None:
    for number in range(20):
        link_on(grid, number)
    slug = owner.post("exports/", {"kind": "links", "format": "csv"}).json()["slug"]
    job = Job.objects.get(slug=slug)
    claim = claim_of(job)
    digests = set()
    for _ in range(2):
        context = JobContext(claim, object_store())
        outcome = ExportRunner().run(context)
        assert outcome.result == {"rows": 20}
        digests.add(context.files[0].sha256)
    assert len(digests) == 1


def test_rows_are_fetched_in_pieces(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python never holds more than one batch of rows."""
    load_links(user_of(owner), 4500)
    sizes = []
    fetchall = CursorWrapper.__getattr__

    def note(self: Any, name: str) -> Any:
        if name == "fetchall":
            sizes.append(self.cursor.rowcount)
        return fetchall(self, name)

    with monkeypatch.context() as patch:
        patch.setattr(CursorWrapper, "__getattr__", note)
        run_export(owner, "netscape")
    assert [size for size in sizes if size >= 500] == [2000, 2000, 500]
