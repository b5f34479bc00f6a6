"""Imports from upload to verdicts, inside the test's own process."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from grids.import_services import import_submit
from grids.models import Grid
from tasks.models import FileRole, Job, JobFile
from tasks.storage import object_store
from tests.support.client import Client
from tests.support.platform import execute

HEAD = "<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<TITLE>Bookmarks</TITLE>\n<H1>Bookmarks</H1>\n"


def document(body: str) -> bytes:
    """A bookmarks file with `body` as its list."""
    return f"{HEAD}<DL><p>\n{body}\n</DL><p>\n".encode()


def upload(data: bytes, name: str = "bookmarks.html") -> SimpleUploadedFile:
    """A file for a form."""
    return SimpleUploadedFile(name, data, content_type="text/html")


def submit(
    client: Client, chunks: Iterable[bytes], mode: str = "apply", source: str = "auto"
) -> Job:
    """The import, queued, of a file in pieces."""
    assert client.user
    return import_submit(
        user=client.user, source=source, mode=mode, name="bookmarks.html", chunks=chunks
    ).job


def import_file(client: Client, *chunks: bytes, mode: str = "apply") -> Job:
    """The import, done."""
    return execute(submit(client, chunks, mode))


def verdicts(job: Job) -> list[dict[str, str]]:
    """The lines of a job's verdicts.csv."""
    file = JobFile.objects.get(job=job, role=FileRole.OUTPUT)
    assert file.name == "verdicts.csv"
    with object_store().open(file.storage_key) as stream:
        text = stream.read().decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert file.rows == len(rows)
    return rows


def contents() -> dict[str, list[tuple[Any, ...]]]:
    """Every grid's title with the url, title, note and tags of its links, in reading order."""
    return {
        grid.title: [
            (link.url, link.title, link.note, link.tags)
            for link in grid.links.order_by("y", "x", "id")
        ]
        for grid in Grid.objects.order_by("id")
    }
