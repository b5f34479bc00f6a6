"""Run imports from upload to verdicts, inside the test's own process."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from grids.imports.services import import_submit, import_undo
from grids.models import Grid, Link, Visibility
from tasks.models import FileRole, Job, JobFile
from tasks.storage import object_store
from tests.support.client import Client
from tests.support.platform import execute, user_of

HEAD = "<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<TITLE>Bookmarks</TITLE>\n<H1>Bookmarks</H1>\n"


def document(body: str) -> bytes:
    """A bookmarks file with `body` as its list."""
    return f"{HEAD}<DL><p>\n{body}\n</DL><p>\n".encode()


def upload(data: bytes, name: str = "bookmarks.html") -> SimpleUploadedFile:
    """A file for a form."""
    return SimpleUploadedFile(name, data, content_type="text/html")


def submit(
    client: Client,
    chunks: Iterable[bytes],
    mode: str = "apply",
    source: str = "auto",
    columns: dict[str, str] | None = None,
    visibility: str = Visibility.PRIVATE,
) -> Job:
    """The import, queued, of a file in pieces."""
    return import_submit(
        user=user_of(client),
        source=source,
        mode=mode,
        name="bookmarks.html",
        chunks=chunks,
        columns=columns,
        visibility=visibility,
    ).job


def import_file(client: Client, *chunks: bytes, mode: str = "apply") -> Job:
    """The import, done."""
    return execute(submit(client, chunks, mode))


def undo(job: Job) -> Job:
    """The undo of an import, done."""
    return execute(import_undo(job=job).job)


def result(mode: str = "apply", source: str = "netscape", **counts: int) -> dict[str, Any]:
    """The result of an import; what is not named is 0."""
    names = ("grids", "links", "updated", "unchanged", "skipped", "refused", "problems")
    assert counts.keys() <= set(names)
    return {"mode": mode, "source": source, **dict.fromkeys(names, 0), **counts}


def table(*rows: str, header: str = "url,title,note,tags,folder") -> bytes:
    """A CSV file of links."""
    return "\n".join([header, *rows, ""]).encode()


def verdict_rows(job: Job) -> list[tuple[str, str, str]]:
    """Title, verdict and remarks of each line of a job's verdicts."""
    return [(row["title"], row["verdict"], row["remarks"]) for row in verdicts(job)]


# What only ever grows, or says when.
_MOVING = {"version", "layout_version", "modified_on"}


def dump(user: Any) -> dict[str, list[dict[str, Any]]]:
    """Every grid and link of a user with all their fields, but for those that any change moves on."""
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name not in _MOVING}
            for row in model.objects.filter(user=user).order_by("pk").values()
        ]
        for model in (Grid, Link)
    }


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
