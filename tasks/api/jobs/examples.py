"""Provide example bodies of jobs for the API's documentation."""

from __future__ import annotations

FILE = {
    "name": "links.csv",
    "size": 48213,
    "rows": 312,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "content_type": "text/csv; charset=utf-8",
    "expires_on": "2026-11-08T09:00:03Z",
    "downloads": 1,
    "last_downloaded_on": "2026-11-01T09:05:00Z",
    "url": "https://example.org/api/v1/jobs/jb_5d1f0a9b8c7e6d5f4a3b2c1d0e9f8a7b/files/links.csv/"
    "?expires=1793523603&signature=abc",
}
JOB = {
    "slug": "jb_5d1f0a9b8c7e6d5f4a3b2c1d0e9f8a7b",
    "kind": "reports.export",
    "status": "succeeded",
    "attempt": 1,
    "params": {"kind": "links", "format": "csv", "filters": {}},
    "progress": {"done": 312, "total": 312, "unit": "rows", "percent": 100.0},
    "eta_seconds": None,
    "queue_position": None,
    "cancel_requested_on": None,
    "created_on": "2026-11-01T09:00:00Z",
    "started_on": "2026-11-01T09:00:00.1Z",
    "finished_on": "2026-11-01T09:00:03Z",
    "result": {"rows": 312},
    "error": None,
    "files": [FILE],
}
QUEUED = {
    **JOB,
    "status": "queued",
    "attempt": 0,
    "progress": {"done": 0, "total": None, "unit": "", "percent": None},
    "queue_position": 1,
    "started_on": None,
    "finished_on": None,
    "result": {},
    "files": [],
}
DOWNLOAD = {
    "created_on": "2026-11-01T09:05:00Z",
    "token": "",
    "first_byte": 0,
    "bytes_sent": 48213,
    "is_complete": True,
    "request_id": "5f0c1d7e-4c43-4a0e-9a52-3f6f0f2d9c11",
}
EVENT = {
    "type": "claimed",
    "attempt": 1,
    "detail": {"fence": 1},
    "created_on": "2026-11-01T09:00:00.1Z",
}
