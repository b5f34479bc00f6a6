"""Provide example bodies of schedules for the API's documentation."""

from __future__ import annotations

from tasks.api.jobs.examples import JOB

RULE = {"rule": "FREQ=WEEKLY;BYDAY=MO;BYHOUR=9", "form": "rrule", "time_zone": "Europe/Athens"}
SCHEDULE_WRITE = {
    **RULE,
    "name": "All links, every Monday",
    "action": "export",
    "params": {"kind": "links", "format": "csv"},
    "missed": "skip",
    "deliveries": [{"channel": "email", "attach": True}],
}
RUN = {
    "slot": "2026-10-26T07:00:00Z",
    "status": "submitted",
    "job": JOB["slug"],
    "note": "",
    "created_on": "2026-10-26T07:00:08Z",
}
PREVIEW = {
    "next": [
        "2026-10-19T09:00:00+03:00",
        "2026-10-26T09:00:00+02:00",
        "2026-11-02T09:00:00+02:00",
        "2026-11-09T09:00:00+02:00",
        "2026-11-16T09:00:00+02:00",
    ]
}
LISTED = {
    "slug": "sc_0a9b8c7e6d5f4a3b2c1d0e9f8a7b5d1f",
    **SCHEDULE_WRITE,
    "starts_on": "2026-10-01",
    "ends_on": None,
    "is_enabled": True,
    "failures": 0,
    "note": "",
    "next_on": "2026-11-02T07:00:00Z",
    "last_slot": "2026-10-26T07:00:00Z",
    "version": 1,
    "created_on": "2026-10-01T08:00:00Z",
    "modified_on": "2026-10-01T08:00:00Z",
}
SCHEDULE = {**LISTED, "next": PREVIEW["next"][2:], "runs": [RUN]}
