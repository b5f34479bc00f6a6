"""Exports of many clicks: asked for, and found again in a folder."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from grids.models import Grid
from tasks.models import Job, JobFile
from tests.support.client import Client, make_user
from tests.support.reports.exports import data_file
from tests.support.reports.many_clicks import make_clicks
from tests.support.tasks.jobs import stored

KEY = 1_000_000


def owner_of_clicks(rows: int) -> Client:
    """Somebody with so many clicks."""
    user = make_user("alice")
    # With a key and a slug of its own, so that each time the exports have the same bytes.
    grid = Grid.objects.create(pk=KEY, slug=f"gr_{KEY:032x}", user=user, title="Many")
    make_clicks(grid, rows)
    return Client(user)


def submit_clicks(owner: Client, form: str = "csv", **more: Any) -> Job:
    """Ask for an export of all clicks."""
    answer = owner.post("exports/", {"kind": "clicks", "format": form, **more})
    assert answer.status_code == 202, answer.content
    return Job.objects.get(slug=answer.json()["slug"])


def digest_of(job: Job, storage: Path) -> str:
    """The SHA-256 of the job's data as it lies in the folder; the job must know it, and the size."""
    file = data_file(job)
    with (storage / file.storage_key).open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    size = (storage / file.storage_key).stat().st_size
    assert (file.sha256, file.size) == (digest, size)
    return digest


def in_folder(storage: Path) -> list[str]:
    """All files there, unfinished ones too."""
    return sorted(str(p.relative_to(storage)) for p in storage.rglob("*") if p.is_file())


def known_objects() -> list[str]:
    """The keys of all files that belong to a job."""
    return sorted(JobFile.objects.values_list("storage_key", flat=True))


def assert_only_files_of(storage: Path, *jobs: Job) -> None:
    """Nothing is stored but the files of these jobs, two each."""
    keys = JobFile.objects.filter(job__in=jobs).values_list("storage_key", flat=True)
    assert stored(storage) == sorted(keys)
    assert len(keys) == 2 * len(jobs)
