"""Define reports through the API, and run them in the test's process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from reports.reporting.results.result import Result
from tasks.models import Job, JobFile
from tests.support.client import Client
from tests.support.platform import execute_slug

MARCH = {"from": "2026-03-01", "to": "2026-03-31"}


def define(client: Client, **fields: Any) -> dict[str, Any]:
    """A saved report of the client's."""
    body = {"title": "Traffic", "kind": "traffic", "range": MARCH, "time_zone": "UTC", **fields}
    response = client.post("reports/", body)
    assert response.status_code == 201, response.content
    report: dict[str, Any] = response.json()
    return report


def ask(client: Client, report: dict[str, Any], **wish: Any) -> Any:
    """The answer to the wish for a run."""
    return client.post(f"reports/{report['slug']}/runs/", wish)


def run(client: Client, report: dict[str, Any], **wish: Any) -> Job:
    """A run that has succeeded."""
    response = ask(client, report, **wish)
    assert response.status_code == 202, response.content
    job = execute_slug(response.json()["slug"])
    assert job.status == "succeeded", job.error_message
    return job


def files_of(job: Job, storage: Path) -> dict[str, bytes]:
    """The job's files by their formats' names, which are their extensions."""
    return {
        file.name.rpartition(".")[2]: stored_file(file, storage)
        for file in JobFile.objects.filter(job=job)
    }


def stored_file(file: JobFile, storage: Path) -> bytes:
    """What is in the file."""
    assert unquote(urlparse(storage.as_uri()).path) == str(storage)
    return (storage / file.storage_key).read_bytes()


def result_of(job: Job, storage: Path) -> Result:
    """What the run's JSON file says."""
    stored = json.loads(files_of(job, storage)["json"])
    return Result.from_json({name: stored[name] for name in Result.__dataclass_fields__})
