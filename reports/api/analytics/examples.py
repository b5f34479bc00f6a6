"""Example bodies for the API's documentation."""

from __future__ import annotations

_COUNTS = {
    "clicks": 12,
    "humans": 12,
    "bots": 3,
    "duplicates": 1,
    "refused": 0,
    "visitors": 9,
}
_SHOWN = {**_COUNTS, "views": 48, "click_through_rate": 0.25}
_PERIOD = {
    "from": "2026-11-01T00:00:00+02:00",
    "to": "2026-11-02T00:00:00+02:00",
    "tz": "Europe/Athens",
}
ANALYTICS = {
    **_PERIOD,
    "group_by": "day",
    "include_bots": False,
    "approximate_before": None,
    "totals": _SHOWN,
    "results": [
        {
            "key": "2026-11-01",
            "label": "2026-11-01",
            **_SHOWN,
            "start": "2026-11-01T00:00:00+02:00",
            "end": "2026-11-02T00:00:00+02:00",
        }
    ],
}
_LEDGER_COUNTS = {"accepted": 16, "humans": 12, "duplicates": 1, "bots": 3, "refused": 0}
LEDGER = {
    **_PERIOD,
    "balanced": True,
    "totals": _LEDGER_COUNTS,
    "next": None,
    "previous": None,
    "results": [
        {
            "hour": "2026-11-01T09:00:00+02:00",
            "link": "li_1a2b3c4d5e6f708192a3b4c5d6e7f809",
            **_LEDGER_COUNTS,
        }
    ],
}
