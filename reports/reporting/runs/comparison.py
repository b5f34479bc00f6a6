"""What changed between two runs of a report, in numbers and in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gridlink.lib.errors import Conflict
from reports.models import ReportRun
from reports.reporting.results.differences import differences
from reports.reporting.runs.compression import stored_size, unpacked

# Of two results together, which are compared in memory: within some 50 MB of it. Rows take more than their
# JSON does, and long texts are there several times for a moment.
ROWS_MAX = 40_000
BYTES_MAX = 8 * 1024 * 1024
# A scope may name thousands.
_SAID_MAX = 300
_ASKED = {
    "title": "title",
    "kind": "kind",
    "params": "parameters",
    "scope": "scope",
    "start": "beginning of the range",
    "until": "end of the range",
    "time_zone": "time zone",
    "week_start": "first day of the week",
    "include_bots": "counting of bots",
}


def changes(before: ReportRun, after: ReportRun) -> dict[str, Any]:
    """As JSON: `reasons` in words, and the differences of facts and tables. Both runs have results. Raises
    Conflict when these are too large."""
    assert before.result is not None
    assert after.result is not None
    _check_size(before, after)
    return {
        "reasons": list(_reasons(before, after)),
        **differences(unpacked(bytes(before.result)), unpacked(bytes(after.result))),
    }


def _check_size(*runs: ReportRun) -> None:
    rows = sum(run.job.result.get("rows", 0) for run in runs)
    size = sum(stored_size(run.result) for run in runs if run.result)
    for found, most, unit in ((rows, ROWS_MAX, "rows"), (size, BYTES_MAX, "bytes")):
        if found > most:
            message = (
                f"The results have {found:,} {unit} together, and up to {most:,} are compared here."
                " Compare the files of the runs."
            )
            raise Conflict(message, code="too_large")


def _reasons(before: ReportRun, after: ReportRun) -> Iterator[str]:
    for name, title in _ASKED.items():
        # An earlier version may not have asked it.
        one, other = before.job.params.get(name), after.job.params.get(name)
        if one != other:
            yield f"The {title} changed from {_said(one)} to {_said(other)}."
    one, other = before.basis or {}, after.basis or {}
    if one["bot_rules"] != other["bot_rules"]:
        yield f"The rules for bots went from version {one['bot_rules']} to {other['bot_rules']}."
    if one["judged_again"] != other["judged_again"]:
        yield "Clicks were judged again by the rules for bots."
    for data, words in _WORDS.items():
        if one["state"].get(data) != other["state"].get(data):
            yield words(one["state"].get(data), other["state"].get(data))


def _clicks(before: dict[str, int] | None, after: dict[str, int] | None) -> str:
    if not before or not after:
        return "Clicks were counted in one of the runs alone."
    more = after["accepted"] - before["accepted"]
    if more > 0:
        return f"Of the time before the end of the range, {more:,} more clicks were stored."
    return "Clicks or views of the time before the end of the range were stored, judged again or removed."


def _links(before: Any, after: Any) -> str:
    return "Grids or links were added, changed or removed."


def _checks(before: Any, after: Any) -> str:
    return "Links were checked in between."


_WORDS: dict[str, Callable[[Any, Any], str]] = {
    "clicks": _clicks,
    "links": _links,
    "checks": _checks,
}


def _said(value: Any) -> str:
    said = f"{value}" if value not in ("", {}, []) else "nothing"
    return said if len(said) <= _SAID_MAX else f"{said[:_SAID_MAX]}…"
