"""Exports of clicks: which rows, as of when, in parts, and from where an attempt goes on."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pyarrow.parquet
import pytest
from django.db import OperationalError, connection

from grids.models import Grid, Link
from reports.clicks.rollups import watermark
from reports.clicks.storage import partitions
from reports.exports.parts import ExportParts
from reports.models import Click
from tasks.models import Job, JobCheckpoint
from tests.support.client import Client
from tests.support.platform import due, execute, execute_slug, user_of
from tests.support.reports.click_rows import make_click
from tests.support.reports.exports import data_file, file_bytes, unpacked
from tests.support.reports.many_clicks import FIRST, make_clicks
from tests.support.tasks.jobs import stored

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 3000


@pytest.fixture(autouse=True)
def small_pieces(settings: Any) -> None:
    settings.EXPORT_PIECE_ROWS = 500


@pytest.fixture(autouse=True)
def no_partition_is_left() -> Iterator[None]:
    """Tables outlive the rows that are removed after each test."""
    before = {table: set(partitions._existing(table)) for table in partitions.TABLES}
    yield
    for table, names in before.items():
        for name in set(partitions._existing(table)) - names:
            with connection.cursor() as cursor:
                cursor.execute(f"DROP TABLE {name}")


def submit(owner: Client, form: str = "csv", **more: Any) -> Job:
    answer = owner.post("exports/", {"kind": "clicks", "format": form, **more})
    assert answer.status_code == 202, answer.content
    return Job.objects.get(slug=answer.json()["slug"])


def run(owner: Client, form: str = "csv", **more: Any) -> Job:
    job = execute(submit(owner, form, **more))
    assert (job.status, job.error_message) == ("succeeded", "")
    return job


def rows_of(job: Job) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file_bytes(job).decode(), newline="")))


def manifest_of(client: Client, job: Job) -> dict[str, Any]:
    url = client.get(f"jobs/{job.slug}/").json()["files"][1]["url"]
    answer = Client().get(url)
    found: dict[str, Any] = json.loads(b"".join(answer.streaming_content))
    return found


def wanted(**narrowed: Any) -> list[tuple[str, str]]:
    """The moments and places of the clicks, by the ORM and in order."""
    rows = Click.objects.filter(**narrowed).order_by("clicked_on", "id")
    return [
        (f"{row.clicked_on:%Y-%m-%dT%H:%M:%S.%f}Z", str(row.utm_source)) for row in rows.iterator()
    ]


def found(rows: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(row["clicked_on"], row["utm_source"]) for row in rows]


def test_every_click_once_and_in_order(owner: Client, grid: Grid, storage: Any) -> None:
    one, two = make_clicks(grid, ROWS)
    job = run(owner)
    rows = rows_of(job)
    assert found(rows) == wanted()
    assert Counter(row["verdict"] for row in rows) == {"human": 2550, "bot": 300, "duplicate": 150}
    assert Counter(row["link"] for row in rows) == {one.slug: 1000, two.slug: 2000}
    assert {row["referrer"] for row in rows} == {"'=1+1", "news.example"}
    first = rows[0]
    assert (first["grid"], first["browser"], first["country"]) == (grid.slug, "Firefox", "DE")
    assert (first["visitor"], first["is_first_on_link"]) == (f"{0:016x}", "t")
    assert rows[1]["visitor"] == f"{7919:016x}"
    assert job.result == {"rows": ROWS}
    assert (job.progress_done, job.progress_total, job.progress_unit) == (ROWS, ROWS, "rows")
    # ExportParts and checkpoint are gone.
    assert len(stored(storage)) == 2
    assert not JobCheckpoint.objects.exists()


def test_manifest(owner: Client, grid: Grid) -> None:
    make_clicks(grid, ROWS)
    job = run(owner, compression="gzip", filters={"verdicts": ["human"]})
    about = manifest_of(owner, job)
    file = data_file(job)
    assert about["files"] == [
        {"name": "clicks.csv.gz", "rows": 2550, "size": file.size, "sha256": file.sha256}
    ]
    assert about["columns"][:3] == ["clicked_on", "grid", "link"]
    assert about["as_of"]["last_click"] == Click.objects.latest("id").pk
    assert (about["status"], about["remarks"], about["time_zone"]) == ("complete", [], "UTC")
    assert (about["kind"], about["format"], about["compression"]) == ("clicks", "csv", "gzip")
    assert about["filters"] == {"verdicts": ["human"]}


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_packed_parts_are_one_file(owner: Client, grid: Grid, form: str, compression: str) -> None:
    make_clicks(grid, ROWS)
    data = unpacked(file_bytes(run(owner, form, compression=compression)), compression)
    readers: dict[str, Any] = {
        "csv": lambda: csv.DictReader(io.StringIO(data.decode(), newline="")),
        "jsonl": lambda: map(json.loads, data.splitlines()),
    }
    rows = list(readers[form]())
    assert found(rows) == wanted()
    assert rows[1]["is_first_on_grid"] == {"csv": "f", "jsonl": False}[form]


def test_gzip_is_read_whole_by_the_standard_library(owner: Client, grid: Grid) -> None:
    make_clicks(grid, ROWS)
    with gzip.open(
        io.BytesIO(file_bytes(run(owner, compression="gzip"))), "rt", newline=""
    ) as file:
        assert len(list(csv.DictReader(file))) == ROWS


def test_parquet(owner: Client, grid: Grid) -> None:
    make_clicks(grid, ROWS)
    table = pyarrow.parquet.read_table(io.BytesIO(file_bytes(run(owner, "parquet"))))
    assert table.num_rows == ROWS
    moments = [f"{at:%Y-%m-%dT%H:%M:%S.%f}Z" for at in table["clicked_on"].to_pylist()]
    assert list(zip(moments, table["utm_source"].to_pylist(), strict=True)) == wanted()
    assert table["is_first_on_grid"].to_pylist()[:5] == [True, False, False, False, True]


def test_xlsx(owner: Client, grid: Grid) -> None:
    make_clicks(grid, ROWS)
    data = file_bytes(run(owner, "xlsx", time_zone="Asia/Kolkata"))
    sheet = openpyxl.load_workbook(io.BytesIO(data), read_only=True).worksheets[0]
    head, *rows = sheet.iter_rows(values_only=True)
    assert head[:3] == ("clicked_on", "grid", "link")
    assert [row[head.index("utm_source")] for row in rows] == [source for _, source in wanted()]
    begins = Click.objects.earliest("clicked_on").clicked_on
    assert rows[0][0] == begins.replace(tzinfo=None) + timedelta(hours=5, minutes=30)
    assert rows[0][head.index("referrer")] == "=1+1"


def test_filters(owner: Client, grid: Grid) -> None:
    one, _ = make_clicks(grid, ROWS)
    other = Grid.objects.create(user=user_of(owner), title="Other")
    narrowed: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"links": [one.slug]}, {"link_id": one.pk}),
        ({"verdicts": ["bot", "duplicate"]}, {"verdict__in": [1, 2]}),
        ({"grids": [grid.slug]}, {}),
        ({"grids": [other.slug]}, {"grid_id": other.pk}),
        (
            {"from": f"{FIRST + timedelta(1)}T10:20:30+00:00", "to": f"{FIRST + timedelta(2)}"},
            {
                "clicked_on__gte": f"{FIRST + timedelta(1)} 10:20:30+00",
                "clicked_on__lt": f"{FIRST + timedelta(3)} 00:00+00",
            },
        ),
        (
            {
                "from": f"{FIRST + timedelta(1)}T10:20:30Z",
                "to": f"{FIRST + timedelta(1)}T10:50:00Z",
            },
            {
                "clicked_on__gte": f"{FIRST + timedelta(1)} 10:20:30+00",
                "clicked_on__lt": f"{FIRST + timedelta(1)} 10:50+00",
            },
        ),
    ]
    for filters, by_orm in narrowed:
        job = run(owner, filters=filters)
        assert found(rows_of(job)) == wanted(**by_orm)
        assert manifest_of(owner, job)["remarks"] == []


def test_columns_zone_and_dialect(owner: Client, grid: Grid) -> None:
    make_clicks(grid, 20)
    choices: dict[str, Any] = {"columns": ["link", "clicked_on"], "time_zone": "Asia/Kolkata"}
    job = run(owner, **choices, delimiter="semicolon", bom=True)
    one = Click.objects.earliest("clicked_on").link_id
    head, first, *_ = file_bytes(job).split(b"\n")
    assert head == b"\xef\xbb\xbflink;clicked_on"
    slug = Link.objects.get(pk=one).slug
    assert first == f"{slug};{FIRST}T05:30:00.000000+05:30".encode()


def test_times_without_an_offset(owner: Client, grid: Grid) -> None:
    """As the clocks of the zone show them; the manifest says so."""
    make_clicks(grid, 20)
    choices: dict[str, Any] = {"columns": ["clicked_on"], "time_zone": "Asia/Kolkata"}
    job = run(owner, **choices, times="local")
    assert file_bytes(job).split(b"\n")[1] == f"{FIRST}T05:30:00.000000".encode()
    about = manifest_of(owner, job)
    assert (about["time_zone"], about["times"]) == ("Asia/Kolkata", "local")
    assert manifest_of(owner, run(owner, **choices))["times"] == "offset"


def test_somebody_elses_clicks_are_not_in_it(owner: Client, grid: Grid) -> None:
    make_clicks(grid, 100)
    make_click(Click.objects.earliest("clicked_on").clicked_on, user_id=grid.user_id + 1)
    assert len(rows_of(run(owner))) == 100


def test_without_clicks_there_is_a_header(owner: Client) -> None:
    job = run(owner)
    assert file_bytes(job).count(b"\n") == 1
    assert data_file(job).rows == 0


def test_clicks_that_come_later_are_not_in_it(owner: Client, grid: Grid) -> None:
    """Also of an earlier time, and also when another attempt goes on."""
    make_clicks(grid, ROWS)
    before = wanted()
    job = submit(owner)
    with failing_after(3):
        execute(job)
    at = Click.objects.earliest("clicked_on").clicked_on + timedelta(days=3)
    make_click(at, user_id=grid.user_id, grid_id=grid.pk)
    with connection.cursor() as cursor:
        watermark.advance(cursor)
    due(job)
    execute(job)
    assert (job.status, job.attempt) == ("succeeded", 2)
    assert found(rows_of(job)) == before


@contextmanager
def failing_after(parts: int) -> Iterator[None]:
    """The database is gone when so many parts are finished."""
    real = ExportParts._part

    def fail(self: ExportParts, readers: Any, number: int) -> Any:
        if number >= parts:
            raise OperationalError("server closed the connection")
        return real(self, readers, number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ExportParts, "_part", fail)
        yield


@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx"])
def test_another_attempt_writes_only_the_rest(
    owner: Client, grid: Grid, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_clicks(grid, ROWS)
    undisturbed = file_bytes(run(owner, form))
    job = submit(owner, form)
    with failing_after(3):
        execute(job)
    assert (job.status, job.attempt) == ("queued", 1)
    kept = JobCheckpoint.objects.get(job=job).data
    assert sorted(kept["parts"]) == ["0", "1", "2"]
    written: list[int] = []
    real = ExportParts._part

    def note(self: ExportParts, readers: Any, number: int) -> Any:
        if number not in self._finished:
            written.append(number)
        return real(self, readers, number)

    monkeypatch.setattr(ExportParts, "_part", note)
    due(job)
    execute(job)
    assert (job.status, job.attempt) == ("succeeded", 2)
    assert sorted(written) == list(range(3, len(kept["plan"]["pieces"])))
    assert file_bytes(job) == undisturbed
    assert job.progress_done == ROWS


def test_a_lost_part_is_written_again(owner: Client, grid: Grid, storage: Any) -> None:
    make_clicks(grid, ROWS)
    undisturbed = file_bytes(run(owner))
    job = submit(owner)
    with failing_after(3):
        execute(job)
    (storage / JobCheckpoint.objects.get(job=job).data["parts"]["1"][0]).unlink()
    due(job)
    assert execute(job).status == "succeeded"
    assert file_bytes(job) == undisturbed


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: data + b"x", lambda _: b""]
)
def test_a_damaged_part_is_written_again(
    owner: Client, grid: Grid, storage: Any, damage: Callable[[bytes], bytes]
) -> None:
    make_clicks(grid, ROWS)
    undisturbed = file_bytes(run(owner))
    job = submit(owner)
    with failing_after(3):
        execute(job)
    part = storage / JobCheckpoint.objects.get(job=job).data["parts"]["1"][0]
    part.write_bytes(damage(part.read_bytes()))
    due(job)
    assert execute(job).status == "succeeded"
    assert file_bytes(job) == undisturbed
    assert job.progress_done == ROWS


def test_parts_of_an_earlier_attempt_count_against_the_quota(
    owner: Client, grid: Grid, settings: Any
) -> None:
    make_clicks(grid, ROWS)
    job = submit(owner)
    with failing_after(3):
        execute(job)
    parts = JobCheckpoint.objects.get(job=job).data["parts"]
    assert sorted(parts) == ["0", "1", "2"]
    # Enough for the other three, were there not these three already.
    settings.JOB_QUOTA_BYTES = sum(size for _, _, size in parts.values())
    due(job)
    execute(job)
    assert (job.status, job.error_code, job.files.count()) == ("failed", "quota", 0)
    assert JobCheckpoint.objects.get(job=job).data["parts"] == parts


def test_judging_again_in_between_starts_anew(owner: Client, grid: Grid) -> None:
    make_clicks(grid, ROWS)
    job = submit(owner, filters={"verdicts": ["human"]})
    with failing_after(3):
        execute(job)
    assert len(JobCheckpoint.objects.get(job=job).data["parts"]) == 3
    Click.objects.filter(verdict=0).update(verdict=1)
    with connection.cursor() as cursor:
        watermark.mark_reclassified(cursor)
    due(job)
    execute(job)
    assert (job.status, job.attempt, len(rows_of(job))) == ("succeeded", 2, 0)
    # The sums were not made again here, which the manifest tells.
    (remark, *_) = manifest_of(owner, job)["remarks"]
    assert remark.startswith("The sums count ")


def test_judging_again_while_it_is_written_fails_it(
    owner: Client, grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of its rows would be by the old rules; tried again, all are by the new ones."""
    make_clicks(grid, ROWS)
    job = submit(owner)
    real = ExportParts._part

    def rejudge(self: ExportParts, readers: Any, number: int) -> Any:
        if number == 3:
            Click.objects.filter(verdict=0).update(verdict=1)
            with connection.cursor() as cursor:
                watermark.mark_reclassified(cursor)
        return real(self, readers, number)

    with monkeypatch.context() as patch:
        patch.setattr(ExportParts, "_part", rejudge)
        execute(job)
    assert (job.status, job.error_code) == ("failed", "changed")
    assert job.error_message.startswith("Clicks were reclassified")
    assert owner.get(f"jobs/{job.slug}/").json()["files"] == []
    assert owner.post(f"jobs/{job.slug}/retry/").status_code == 202
    rows = rows_of(execute_slug(job.slug))
    assert Counter(row["verdict"] for row in rows) == {"bot": 2850, "duplicate": 150}


def test_retry_of_a_failed_export_goes_on(owner: Client, grid: Grid, storage: Any) -> None:
    make_clicks(grid, ROWS)
    job = submit(owner)
    with failing_after(3):
        for _ in range(3):
            due(job)
            execute(job)
    assert (job.status, job.error_code) == ("failed", "unavailable")
    assert len(JobCheckpoint.objects.get(job=job).data["parts"]) == 3
    assert owner.post(f"jobs/{job.slug}/retry/").status_code == 202
    job = execute_slug(job.slug)
    assert job.status == "succeeded"
    assert found(rows_of(job)) == wanted()
    assert len(stored(storage)) == 2


def test_cancel_leaves_nothing(owner: Client, grid: Grid, storage: Any) -> None:
    make_clicks(grid, ROWS)
    job = submit(owner)
    with failing_after(3):
        execute(job)
    assert len(stored(storage)) == 3
    real = ExportParts._part

    def cancelled(self: ExportParts, readers: Any, number: int) -> Any:
        if number == 4:
            assert owner.post(f"jobs/{job.slug}/cancel/").status_code == 202
            self._context.stop(_cancelled())
        return real(self, readers, number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ExportParts, "_part", cancelled)
        due(job)
        execute(job)
    assert job.status == "cancelled"
    assert stored(storage) == []
    assert not JobCheckpoint.objects.exists()


def _cancelled() -> BaseException:
    from tasks.jobs.heartbeat import JobCancelled

    return JobCancelled()


@pytest.mark.parametrize("limit", [1, 500, 1234])
def test_a_limit_ends_in_truncated(owner: Client, grid: Grid, settings: Any, limit: int) -> None:
    make_clicks(grid, ROWS)
    settings.EXPORT_ROWS_MAX = limit
    job = execute(submit(owner))
    assert (job.status, job.error_code) == ("truncated", "truncated")
    assert job.error_message == f"This server exports at most {limit} rows, and there are more."
    assert found(rows_of(job)) == wanted()[:limit]
    assert manifest_of(owner, job)["status"] == "truncated"
    settings.EXPORT_ROWS_MAX = ROWS
    assert execute(submit(owner)).status == "succeeded"


@pytest.mark.parametrize("pieces", [500, 100_000])
def test_more_than_its_owner_may_store(
    owner: Client, grid: Grid, storage: Any, settings: Any, pieces: int
) -> None:
    settings.EXPORT_PIECE_ROWS = pieces
    make_clicks(grid, ROWS)
    settings.JOB_QUOTA_BYTES = 200_000
    job = execute(submit(owner))
    assert (job.status, job.error_code, job.files.count()) == ("failed", "quota", 0)
    settings.JOB_QUOTA_BYTES = 0
    assert owner.post(f"jobs/{job.slug}/retry/").status_code == 202
    job = execute_slug(job.slug)
    assert (job.status, found(rows_of(job))) == ("succeeded", wanted())
    assert len(stored(storage)) == 2


def test_clicks_that_are_kept_no_longer(owner: Client, grid: Grid, settings: Any) -> None:
    make_clicks(grid, 100)
    settings.CLICK_KEEP_MONTHS = 1
    this_month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    begins = (this_month - timedelta(days=1)).replace(day=1)
    make_clicks(
        Grid.objects.create(user=grid.user, title="Old"), 50, (begins - timedelta(20)).date()
    )
    job = run(owner)
    gone = Click.objects.filter(clicked_on__lt=begins).count()
    assert gone >= 50
    assert len(rows_of(job)) == 150 - gone
    assert manifest_of(owner, job)["remarks"] == [
        f"{gone} clicks from before {begins.isoformat()} are missing: they were deleted as too old."
    ]
