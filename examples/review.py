"""Define a report of the demo's account, and run it as PDF, XLSX and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from examples.site import Api, Check, Json, heading

FORMATS = ["pdf", "xlsx", "json"]
_BEGINNINGS = {"pdf": b"%PDF-", "xlsx": b"PK", "json": b"{"}
Follow = Callable[[Api, dict[str, Json]], list[Json]]


def review(api: Api, follow: Follow) -> Json:
    """Define a summary of the month and run it; the job."""
    heading("Report")
    wish = {
        "title": "Month in review",
        "kind": "summary",
        "range": {"preset": "this_month"},
        "formats": FORMATS,
    }
    report = api.call("reports/", "POST", json=wish)
    run = api.call(f"reports/{report['slug']}/runs/", "POST", json={"fresh": True})
    (job,) = follow(api, {"summary": run})
    return job


def review_checks(files: dict[str, bytes], humans: int) -> Iterator[Check]:
    """Check each format, and that the report counts the ledger's clicks."""
    for name, start in _BEGINNINGS.items():
        right = files[name].startswith(start)
        yield right, f"report: {len(files[name]):,} bytes of {name.upper()}"
    facts = {fact["name"]: fact["value"] for fact in json.loads(files["json"])["facts"]}
    clicks = facts["clicks"]
    yield clicks == humans, f"report: {clicks} clicks of humans; the ledger: {humans}"
