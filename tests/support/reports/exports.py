"""Exports from request to bytes, inside the test's own process."""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, datetime
from typing import Any

import zstandard

from gridlink.lib.weburl import url_key
from grids.models import Grid, Link
from tasks.models import Job, JobFile
from tasks.storage import object_store
from tests.support.client import Client
from tests.support.platform import execute_slug

MOMENT = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)


def link_on(grid: Grid, number: int, **fields: Any) -> Link:
    """A link with a known slug, moments and place."""
    values: dict[str, Any] = {
        "slug": f"li_{number:032x}",
        "url": f"https://example.org/{number}",
        "title": f"Link {number}",
        "x": number % 6,
        "y": number // 6,
        "created_on": MOMENT,
        "modified_on": MOMENT,
        **fields,
    }
    return Link.objects.create(
        user_id=grid.user_id, grid=grid, url_key=url_key(values["url"]), **values
    )


def run_export(
    client: Client, form: str, compression: str = "none", filters: Any = None, **choices: Any
) -> Job:
    """The export, done; it must have succeeded."""
    body: dict[str, Any] = {"kind": "links", "format": form, "compression": compression, **choices}
    if filters:
        body["filters"] = filters
    answer = client.post("exports/", body)
    assert answer.status_code == 202, answer.content
    job = execute_slug(answer.json()["slug"])
    assert (job.status, job.error_message) == ("succeeded", "")
    return job


def data_file(job: Job) -> JobFile:
    """The job's one file beside the manifest."""
    return JobFile.objects.exclude(name="manifest.json").get(job=job, role="output")


def file_bytes(job: Job) -> bytes:
    """The job's one file as stored; size and checksum must be right."""
    file = data_file(job)
    with object_store().open(file.storage_key) as stream:
        data = stream.read()
    assert (file.size, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    return data


def exported(client: Client, form: str, **filters: list[str]) -> bytes:
    """The bytes of an export."""
    return file_bytes(run_export(client, form, filters=filters))


def unpacked(data: bytes, compression: str) -> bytes:
    """The bytes that an independent reader finds in the file."""
    match compression:
        case "gzip":
            return gzip.decompress(data)
        case "zstd":
            reader = zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True)
            return reader.read()
        case _:
            return data
