"""From a request to a verified file, with a real worker behind a real Redis."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path
from typing import Any

import pytest

from tests.support.client import Client, content, make_user
from tests.support.processes import worker
from tests.support.waiting import wait_for

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "bookmarks.html"


def finished(client: Client, slug: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        job: dict[str, Any] = client.get(f"jobs/{slug}/").json()
        return job if job["status"] not in ("queued", "running") else None

    return wait_for(look, seconds=60, what=f"job {slug}")


@pytest.mark.django_db(transaction=True)
def test_bookmarks_become_grids_and_come_back(tmp_path: Path) -> None:
    alice = Client(make_user("alice"))
    with worker(tmp_path) as running:
        with EXAMPLE.open("rb") as file:
            started = alice.upload("imports/", file)
        assert started.status_code == 202, started.content
        job = finished(alice, started.json()["slug"])
        assert job["status"] == "succeeded", (job, running.text[-4000:])
        links = job["result"]["links"]
        assert links > 200
        grids = alice.get("grids/?limit=200").json()["results"]
        assert sum(grid["links_total"] for grid in grids) == links
        for form in ("csv", "jsonl", "netscape"):
            started = alice.post("exports/", {"kind": "links", "format": form})
            assert started.status_code == 202, started.content
            job = finished(alice, started.json()["slug"])
            assert job["status"] == "succeeded", (job, running.text[-4000:])
            file_, _ = job["files"]
            assert file_["rows"] == links
            body = content(Client().get(file_["url"]))
            assert hashlib.sha256(body).hexdigest() == file_["sha256"]
            assert len(body) == file_["size"]
            if form == "csv":
                rows = list(csv.DictReader(io.StringIO(body.decode())))
                assert len(rows) == links
