"""What a manifest says of a file is what `sha256sum`, `wc` and other readers find in the download."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grids.models import Grid
from reports.models import Click
from tasks.models import Job
from tests.support.client import Client, content
from tests.support.platform import execute
from tests.support.reports.click_exports import submit_clicks
from tests.support.reports.exports import unpacked
from tests.support.reports.many_clicks import DAYS, FIRST, make_clicks

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 2000
FORMS = [
    *((form, packing) for form in ("csv", "jsonl") for packing in ("none", "gzip", "zstd")),
    ("parquet", "none"),
    ("xlsx", "none"),
]
BEGIN = datetime.combine(FIRST, time(), UTC)
MOMENTS = st.integers(0, DAYS * 24 * 60).map(lambda minutes: BEGIN + timedelta(minutes=minutes))
COUNTS: dict[str, Callable[[bytes], int]] = {
    "csv": lambda data: len(list(csv.DictReader(io.StringIO(data.decode(), newline="")))),
    "jsonl": lambda data: sum(bool(json.loads(line)) for line in data.splitlines()),
    "parquet": lambda data: pyarrow.parquet.read_table(io.BytesIO(data)).num_rows,
    "xlsx": lambda data: sum(1 for _ in sheet(data).iter_rows()) - 1,
}


def sheet(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data), read_only=True).worksheets[0]


@pytest.fixture
def clicks(owner: Client, grid: Grid, settings: Any) -> None:
    """Some, in parts that are small."""
    settings.EXPORT_PIECE_ROWS = ROWS // 10
    make_clicks(grid, ROWS)


def files_of(owner: Client, job: Job) -> dict[str, bytes]:
    """What the addresses of the job's files give, whoever asks."""
    listed = owner.get(f"jobs/{job.slug}/").json()["files"]
    return {file["name"]: content(Client().get(file["url"])) for file in listed}


def checked(folder: Path, about: dict[str, Any]) -> str:
    """What `sha256sum --check` says."""
    line = f"{about['sha256']}  {about['name']}\n"
    command = ["sha256sum", "--check", "--strict"]
    done = subprocess.run(
        command, cwd=folder, input=line, capture_output=True, text=True, check=False
    )
    return done.stdout


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(form=st.sampled_from(FORMS), ends=st.tuples(MOMENTS, MOMENTS).map(sorted))
def test_manifest_and_download_agree(
    owner: Client,
    clicks: None,
    tmp_path: Path,
    form: tuple[str, str],
    ends: list[datetime],
) -> None:
    start, end = ends
    end += timedelta(minutes=1)
    filters = {"from": start.isoformat(), "to": end.isoformat()}
    job = execute(submit_clicks(owner, form[0], compression=form[1], filters=filters))
    assert (job.status, job.error_message) == ("succeeded", "")
    files = files_of(owner, job)
    (about,) = json.loads(files.pop("manifest.json"))["files"]
    ((name, data),) = files.items()
    (tmp_path / name).write_bytes(data)
    rows = Click.objects.filter(clicked_on__gte=start, clicked_on__lt=end).count()
    assert (about["name"], about["size"], about["rows"]) == (name, len(data), rows)
    assert checked(tmp_path, about) == f"{name}: OK\n"
    assert COUNTS[form[0]](unpacked(data, form[1])) == rows


def test_a_single_changed_bit_is_found(owner: Client, clicks: None, tmp_path: Path) -> None:
    job = execute(submit_clicks(owner))
    files = files_of(owner, job)
    (about,) = json.loads(files["manifest.json"])["files"]
    damaged = bytearray(files["clicks.csv"])
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "clicks.csv").write_bytes(damaged)
    assert checked(tmp_path, about) == "clicks.csv: FAILED\n"


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cuts=st.lists(st.integers(1, 250_000), max_size=5))
def test_a_download_that_is_resumed_is_whole(
    owner: Client, clicks: None, tmp_path: Path, cuts: list[int]
) -> None:
    """Cut off anywhere, and gone on with from there."""
    job = Job.objects.order_by("id").first() or execute(submit_clicks(owner))
    listed = owner.get(f"jobs/{job.slug}/").json()["files"][0]
    size = listed["size"]
    assert size > 250_000
    ends = [*sorted({cut for cut in cuts if cut < size}), size]
    taken = b""
    for end in ends:
        answer = Client().get(listed["url"], Range=f"bytes={len(taken)}-{end - 1}")
        assert answer.status_code == 206
        taken += content(answer)
    (tmp_path / listed["name"]).write_bytes(taken)
    assert checked(tmp_path, listed) == "clicks.csv: OK\n"
