"""Provide example bodies of notifications and webhooks for the API's documentation."""

from __future__ import annotations

from tasks.api.jobs import examples

NOTIFICATION = {
    "slug": "nt_8c7d6e5f4a3b2c1d0e9f8a7b5d1f0a9b",
    "type": "job.succeeded",
    "job": examples.JOB["slug"],
    "title": "Export succeeded",
    "data": {"slug": examples.JOB["slug"], "kind": "reports.export", "status": "succeeded"},
    "created_on": "2026-11-01T09:00:03Z",
    "read_on": None,
}
WEBHOOK_REQUEST = {"url": "https://example.org/hooks/gridlink", "events": ["job.succeeded"]}
WEBHOOK = {
    "slug": "wh_1d0e9f8a7b5d1f0a9b8c7d6e5f4a3b2c",
    **WEBHOOK_REQUEST,
    "is_enabled": True,
    "note": "",
    "failures": 0,
    "failing_since": None,
    "rests_until": None,
    "previous_until": None,
    "created_on": "2026-11-01T09:00:00Z",
    "modified_on": "2026-11-01T09:00:00Z",
}
ISSUED_WEBHOOK = {**WEBHOOK, "secret": "whsec_the-secret-is-shown-only-once"}
DELIVERY = {
    "slug": "dl_4a3b2c1d0e9f8a7b5d1f0a9b8c7d6e5f",
    "event": NOTIFICATION["slug"],
    "type": "job.succeeded",
    "job": examples.JOB["slug"],
    "status": "waiting",
    "attempts": 1,
    "created_on": "2026-11-01T09:00:03Z",
    "tried_on": "2026-11-01T09:00:03.1Z",
    "next_on": "2026-11-01T09:00:08.2Z",
    "response_code": 500,
    "response": "Internal Server Error",
    "error": "The endpoint answered 500.",
    "milliseconds": 42,
}
