"""Following jobs through the API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.client import Client
from tests.support.waiting import wait_for


def start_export(client: Client, form: str = "csv") -> str:
    """Ask for an export of everything; the job's slug."""
    answer = client.post("exports/", {"kind": "links", "format": form})
    assert answer.status_code == 202, answer.content
    slug: str = answer.json()["slug"]
    return slug


def look(client: Client, slug: str) -> dict[str, Any]:
    """The job now."""
    job: dict[str, Any] = client.get(f"jobs/{slug}/").json()
    return job


def await_end(client: Client, slug: str, seconds: float = 60) -> dict[str, Any]:
    """The job once it is over."""

    def ended() -> dict[str, Any] | None:
        job = look(client, slug)
        return job if job["status"] not in ("queued", "running") else None

    return wait_for(ended, seconds=seconds, what=f"the end of {slug}")


def events(client: Client, slug: str) -> list[str]:
    """The types of the job's history, in order."""
    return [event["type"] for event in client.get(f"jobs/{slug}/events/").json()["results"]]


def stored(storage: Path) -> list[str]:
    """The names of all complete objects in the store."""
    files = [path for path in storage.rglob("*") if path.is_file()]
    return sorted(str(p.relative_to(storage)) for p in files if ".partial" not in p.parts)
