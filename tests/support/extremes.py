"""Archives whose every value is at the edge of what is accepted, whatever it means."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from gridlink.lib.json_values import is_deep
from reports.exports.archive.fields import Field
from reports.exports.archive.registry import TABLES
from reports.exports.archive.table import Table
from reports.exports.archive.values import BadValue
from tests.support.reports.archives import noted, unzipped, zipped

Choose = Callable[[Sequence[Any]], Any]

# What identifies rows or ties them to others, and where tiles lie: other values make other archives.
_TIED = frozenset({
    "slug", "grid", "link", "digest", "agent", "text", "x", "y", "width", "height", "columns",
    "is_deleted", "deleted_on", "hour", "day", "clicked_on", "viewed_on", "accepted",
    "views_accepted", "dimension",
})  # fmt: skip


def _nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


_INTEGERS = [
    sign * (edge + shift)
    for edge in (0, 24, 50, 100, 10**6, 10**10, 10**12, 1 << 15, 1 << 30, 1 << 31, 1 << 63)
    for shift in (-1, 0, 1)
    for sign in (1, -1)
]
_TEXTS = [
    "", " ", "\n", "\x01", "\u2028", "=1+1", "%", "\\", "'", '"', "{}", "a", "<b>", "_", "-1,0,0,0",
    "1,2,3,4", "99999999999,1,1,1", "XX", "en", "UTC", "Europe/Athens", "0123456789abcdef" * 2,
    "https://example.org/", "http://[::1]/", "mailto:a@example.org", "#000000", "csv",
    "* * * * *", "0 9 * * *", "FREQ=DAILY", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "report", "export",
    *("a" * length for length in (2, 5, 16, 30, 32, 64, 100, 200, 255, 300, 500, 2048, 10_000)),
    *("😀" * length for length in (2, 5, 16, 30, 64, 100, 200, 255, 300, 500, 10_000)),
    *("é\n" * (length // 2) for length in (10_000, 500, 64)),
    "https://example.org/" + "a" * 4076, "https://example.org/" + "%F0%9F%92%A9" * 339,
]  # fmt: skip
_MOMENTS = [
    f"{day}{time}"
    for day in ("0001-01-01", "0099-12-31", "1969-12-31", "1970-01-01", "1999-12-31", "2026-03-29",
                "2038-01-19", "2199-12-31", "2200-01-01", "9999-12-31")
    for time in ("", "T00:00:00+00:00", "T23:59:59.999999+00:00")
]  # fmt: skip
_SLUGS = [f"{kind}_{number:032x}" for kind in ("gr", "li") for number in range(300)]
_OBJECTS: list[Any] = [
    {}, _nested(28), _nested(400), {"a": 10**400}, {"a": 1e308}, {"a": float("inf")},
    {"a" * 9000: "😀" * 900}, {"radius": 64, "icon": "😀" * 64}, {"border_width": 16.0},
    {"step": "hour"}, {"limit": 100_000}, {"top": 50}, {"limit": True},
    {"grids": [], "links": [], "tags": []},
    {"grids": _SLUGS[:300], "links": _SLUGS[300:], "tags": ["😀" * 64] * 1},
    {"preset": "last_year"}, {"from": "2000-01-01", "to": "2009-12-31"}, {"from": "2199-12-31"},
    {"from": "0001-01-01"}, {"from": "9999-12-31T23:59:59-14:00"}, {"to": "2000-01-01"},
    {"report": f"rp_{1:032x}"}, {"kind": "account"}, {"kind": "clicks", "range": {"preset": "today"}},
    {"kind": "clicks", "filters": {"from": "2000-01-01", "to": "2199-12-30"}, "time_zone": "Etc/GMT+12"},
    [], [{"channel": "email", "attach": True}], [{"channel": "email"}], [{"channel": _nested(5)}],
    ["a"], ["json", "csv", "xlsx", "html", "pdf"], ["pdf"], ["job.failed"], ["😀" * 64] * 50, ["\\", '"'],
]  # fmt: skip
CANDIDATES: list[Any] = [
    None, False, True, *sorted(set(_INTEGERS)), *_TEXTS, *_MOMENTS, *_OBJECTS,
    "public", "unlisted", "private", "auto", "dark", "skip", "catch_up", "rrule", "cron", "monday",
    "sunday", "a4", "letter", "traffic", "summary", "top", "tiles", "none", "failed", "all", "de_AT",
    "ar", "Pacific/Apia", "Africa/Monrovia", "America/Havana",
]  # fmt: skip


@cache
def accepted(field: Field) -> list[Any]:
    """What a field takes of the candidates."""
    return [value for value in CANDIDATES if _takes(field, value)]


def _takes(field: Field, value: Any) -> bool:
    try:
        field.value.cell(value)
    except BadValue:
        return False
    return True


def extreme(data: bytes, choose: Choose) -> bytes:
    """The archive with other values, chosen from what each field takes, in every row that may have them."""
    files = unzipped(data)
    for table in TABLES:
        rows = [json.loads(line) for line in files[table.file_name].splitlines()]
        # What only one row may have, only the first one gets.
        once = frozenset({"alias", *table.key})
        changed = [
            _changed(table, row, choose, tied=_TIED if number == 0 else _TIED | once)
            for number, row in enumerate(rows)
        ]
        lines = [json.dumps(row).encode() + b"\n" for row in changed]
        files[table.file_name] = b"".join(lines)
    return zipped(noted(files))


def _changed(
    table: Table, row: dict[str, Any], choose: Choose, *, tied: frozenset[str]
) -> dict[str, Any]:
    for field in table.fields:
        if field.name in tied:
            continue
        changed = {**row, field.name: choose([row[field.name], *accepted(field)])}
        if not is_deep(changed) and _is_possible(table, changed):
            row = changed
    return row


def _is_possible(table: Table, row: dict[str, Any]) -> bool:
    try:
        table.check(row)
    except BadValue:
        return False
    return True
