"""Provide example bodies of reports for OpenAPI."""

from __future__ import annotations

REPORT_WRITE = {
    "title": "Month in review",
    "kind": "traffic",
    "range": {"preset": "last_month"},
    "time_zone": "Europe/Athens",
    "formats": ["pdf", "xlsx"],
}
REPORT = {
    "slug": "rp_3c4d5e6f708192a3b4c5d6e7f8091a2b",
    **REPORT_WRITE,
    "params": {"step": "auto", "compare": "previous"},
    "scope": {},
    "week_start": "monday",
    "include_bots": False,
    "paper": "a4",
    "version": 1,
    "created_on": "2026-11-01T09:00:00Z",
    "modified_on": "2026-11-01T09:00:00Z",
}
KINDS = {
    "results": [
        {
            "name": "traffic",
            "title": "Traffic",
            "description": "Clicks, visitors and views over time, beside those of an earlier period.",
            "parameters": [
                {
                    "name": "step",
                    "type": "choice",
                    "help": "The time that each row covers.",
                    "choices": ["auto", "hour", "day", "week", "month"],
                    "default": "auto",
                }
            ],
        }
    ]
}
RUN = {
    "job": "jb_4d5e6f708192a3b4c5d6e7f8091a2b3c",
    "status": "succeeded",
    "asked": {"kind": "traffic", "start": "2026-09-30T21:00:00+00:00"},
    "basis": {"watermark": 5120, "judged_again": 0, "bot_rules": 1, "state": {}},
    "result": {
        "kind": "traffic",
        "title": "Month in review",
        "subtitle": "The whole account, 1 to 31 October 2026",
        "zone": "Europe/Athens",
        "facts": [
            {
                "name": "clicks",
                "title": "Clicks",
                "type": "integer",
                "value": 1280,
                "before_of": "",
                "change_of": "",
            }
        ],
        "tables": [],
        "charts": [],
        "remarks": [],
    },
}
CHANGES = {
    "reasons": ["12 more clicks from before the end of the range were stored."],
    "facts": [{"name": "clicks", "before": 1280, "after": 1292}],
    "tables": {},
    "only_before": [],
    "only_after": [],
}
