"""Compare two runs of a report: which facts and rows changed, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gridlink.lib.errors import Conflict
from reports.models import ReportRun
from reports.reporting.results.differences import differences
from reports.reporting.runs.compression import decompress, json_size

# Of two results together, which are compared in some 50 MB of memory. Rows take more than their JSON, and
# long texts exist several times for a moment.
ROWS_MAX = 40_000
BYTES_MAX = 8 * 1024 * 1024
# A scope may name thousands of links.
_VALUE_LENGTH_MAX = 300
_SPEC_TITLES = {
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


def compare_runs(before: ReportRun, after: ReportRun) -> dict[str, Any]:
    """Return as JSON the `reasons` and the differences of two runs that have results.

    Raises Conflict for results that are too large.
    """
    assert before.result is not None
    assert after.result is not None
    _check_size(before, after)
    return {
        "reasons": list(_reasons(before, after)),
        **differences(decompress(bytes(before.result)), decompress(bytes(after.result))),
    }


def _check_size(*runs: ReportRun) -> None:
    rows = sum(run.job.result.get("rows", 0) for run in runs)
    size = sum(json_size(run.result) for run in runs if run.result)
    for found, most, unit in ((rows, ROWS_MAX, "rows"), (size, BYTES_MAX, "bytes")):
        if found > most:
            message = (
                f"Together the results have {found:,} {unit}; up to {most:,} can be compared here."
                " Compare the files of the runs."
            )
            raise Conflict(message, code="too_large")


def _reasons(before: ReportRun, after: ReportRun) -> Iterator[str]:
    for name, title in _SPEC_TITLES.items():
        # Another version may not have stored the field.
        one, other = before.job.params.get(name), after.job.params.get(name)
        if one != other:
            yield f"The {title} changed from {_format(one)} to {_format(other)}."
    one, other = before.basis or {}, after.basis or {}
    if one["bot_rules"] != other["bot_rules"]:
        yield f"The bot rules changed from version {one['bot_rules']} to {other['bot_rules']}."
    if one["judged_again"] != other["judged_again"]:
        yield "Clicks were classified again by the bot rules."
    for source, describe in _DESCRIPTIONS.items():
        if one["state"].get(source) != other["state"].get(source):
            yield describe(one["state"].get(source), other["state"].get(source))


def _clicks(before: dict[str, int] | None, after: dict[str, int] | None) -> str:
    if not before or not after:
        return "Only one of the runs counted clicks."
    more = after["accepted"] - before["accepted"]
    if more > 0:
        return f"{more:,} more clicks from before the end of the range were stored."
    return (
        "Clicks or views from before the end of the range were stored, classified again or removed."
    )


_DESCRIPTIONS: dict[str, Callable[[Any, Any], str]] = {
    "clicks": _clicks,
    "links": lambda before, after: "Grids or links were added, changed or removed.",
    "checks": lambda before, after: "Links were checked in between.",
}


def _format(value: Any) -> str:
    text = str(value) if value not in ("", {}, []) else "nothing"
    return text if len(text) <= _VALUE_LENGTH_MAX else f"{text[:_VALUE_LENGTH_MAX]}…"
