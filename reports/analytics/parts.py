"""SQL that counts, from roll-ups where they can tell and from raw rows where a boundary cuts them.

Each function gives one SELECT of a key and the columns of Numbers; `summed_parts` puts several together. The
parameters are those of Subject, Period and Cuts, and the lower bounds of the buckets as `bounds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from reports.analytics.cuts import Cuts
from reports.analytics.numbers import Numbers
from reports.analytics.periods import Period
from reports.analytics.subjects import Subject
from reports.models import Verdict

_IN_RANGE = "hour >= %(start)s AND hour < %(end)s"
_UNCUT = "hour <> ALL(%(cut)s::timestamptz[])"
_CUT = "hour = ANY(%(cut)s::timestamptz[])"
_PIECES = "unnest(%(since)s::timestamptz[], %(until)s::timestamptz[]) AS piece(since, until)"
# As many as Numbers has fields.
SUMS = ", ".join(f"sum({name})::bigint AS {name}" for name in Numbers._fields)
_BOUNDS = "%(bounds)s::timestamptz[]"
_HOURS_BUCKET = f"width_bucket(hour, {_BOUNDS})"
CLICK_BUCKET = f"width_bucket(clicked_on, {_BOUNDS})"
_VIEW_BUCKET = f"width_bucket(viewed_on, {_BOUNDS})"


def _tally(condition: str) -> str:
    return f"count(*) FILTER (WHERE {condition})"


def _select(key: str, source: str, **columns: str) -> str:
    numbers = ", ".join(f"{columns.get(name, '0')} AS {name}" for name in Numbers._fields)
    return f"SELECT {key} AS key, {numbers} FROM {source}"


def hours(subject: Subject, cuts: Cuts) -> list[str]:
    """Clicks and views by bucket, from the hours; a table that has both is read once."""
    if subject.views != subject.hours:
        return [*_hours(_HOURS_BUCKET, subject.hours, subject, cuts), *views(subject, cuts)]
    both = _hours(_HOURS_BUCKET, subject.hours, subject, cuts, views="views")
    return [*both, *_raw_views(subject, cuts, _VIEW_BUCKET)]


def grids(subject: Subject, cuts: Cuts) -> list[str]:
    """Clicks by grid, from the hours."""
    return _hours("grid_id", subject.grid_hours, subject, cuts)


def _hours(key: str, hours: str, subject: Subject, cuts: Cuts, *, views: str = "0") -> list[str]:
    """What was refused left no raw row: it counts where its hour begins."""
    mine = f"{hours} AND {_IN_RANGE}"
    whole = _select(key, f"{mine}{_uncut(cuts)}", **_counts(subject.visitors), views=views)
    return [whole, *_if_cut(cuts, _select(key, f"{mine} AND {_CUT}", refused="refused"))]


def _if_cut(cuts: Cuts, select: str) -> list[str]:
    """What reads nothing but hours that are cut: where there are none, it would look at all the others."""
    return [select] if cuts.hours else []


def _uncut(cuts: Cuts) -> str:
    return f" AND {_UNCUT}" if cuts.hours else ""


def links(subject: Subject, cuts: Cuts) -> list[str]:
    """Clicks by link, from the days and, at the ends, the hours."""
    counts = _counts(subject.visitors)
    days = (
        f"reports_link_day WHERE {subject.mine} AND day >= (%(first_day)s AT TIME ZONE 'UTC')::date"
        " AND day < (%(last_day)s AT TIME ZONE 'UTC')::date"
    )
    ends = (
        f"reports_link_hour WHERE {subject.mine} AND {_IN_RANGE}"
        " AND (hour < %(first_day)s OR hour >= %(last_day)s)"
    )
    return [
        _select("link_id", days, **counts),
        _select("link_id", f"{ends}{_uncut(cuts)}", **counts),
        *_if_cut(cuts, _select("link_id", f"{ends} AND {_CUT} AND refused > 0", refused="refused")),
    ]


def values(subject: Subject) -> list[str]:
    """Clicks by value of the dimension that is the parameter `dimension`, from the days; of links none."""
    return _values("value", subject.values) if subject.values else []


def grid_values(subject: Subject, key: str) -> list[str]:
    """The same by a key made of `grid_id` and `value`."""
    source = f"reports_grid_day_value WHERE grid_id = ANY({subject.grids})"
    return _values(key, source) if subject.values else []


def _values(key: str, source: str) -> list[str]:
    source = (
        f"{source} AND dimension = %(dimension)s"
        " AND day >= (%(first_day)s AT TIME ZONE 'UTC')::date"
        " AND day < (%(last_day)s AT TIME ZONE 'UTC')::date"
    )
    counts = {name: column for name, column in _counts("visitors").items() if name != "refused"}
    return [_select(key, source, **counts)]


def undetailed(subject: Subject) -> list[str]:
    """Clicks of which no value is known: the refused and, until `lost_until`, those without raw rows."""
    mine = f"{subject.hours} AND {_IN_RANGE}"
    counts = _counts(subject.visitors) | {"refused": "0"}
    lost = _select("1", f"{mine} AND hour < %(lost_until)s", **counts)
    return [_select("1", mine, refused="refused"), lost]


def views(subject: Subject, cuts: Cuts) -> list[str]:
    """Views by bucket."""
    whole = _select(_HOURS_BUCKET, f"{subject.views} AND {_IN_RANGE}{_uncut(cuts)}", views="views")
    return [whole, *_raw_views(subject, cuts, _VIEW_BUCKET)]


def grid_views(subject: Subject, cuts: Cuts) -> list[str]:
    """Views by grid."""
    source = f"reports_grid_hour WHERE grid_id = ANY({subject.grids}) AND {_IN_RANGE}{_uncut(cuts)}"
    return [_select("grid_id", source, views="views"), *_raw_views(subject, cuts, "grid_id")]


def _raw_views(subject: Subject, cuts: Cuts, key: str) -> list[str]:
    if not cuts.pieces:
        return []
    source = (
        f"{_PIECES} JOIN reports_view ON grid_id = ANY({subject.grids})"
        " AND viewed_on >= piece.since AND viewed_on < piece.until GROUP BY 1"
    )
    return [_select(key, source, views=_tally(f"verdict = {Verdict.HUMAN}"))]


def clicks(subject: Subject, cuts: Cuts, key: str, source: str = "reports_click") -> list[str]:
    """Clicks by any key, from the raw rows within the pieces: an index range for each piece and target."""
    if not cuts.pieces:
        return []
    counted = _select(
        key,
        f"{source} WHERE {subject.clicks}"
        " AND clicked_on >= piece.since AND clicked_on < piece.until GROUP BY 1",
        humans=_tally(f"verdict = {Verdict.HUMAN}"),
        duplicates=_tally(f"verdict = {Verdict.DUPLICATE}"),
        bots=_tally(f"verdict = {Verdict.BOT}"),
        visitors=_tally(subject.is_first),
    )
    return [
        f"SELECT raw.* FROM {_PIECES} CROSS JOIN LATERAL ({subject.targets}) AS target"
        f" CROSS JOIN LATERAL ({counted}) AS raw"
    ]


def summed_parts(parts: list[str]) -> str:
    """The sums by key over all the parts."""
    union = " UNION ALL ".join(f"({part})" for part in parts)
    return f"SELECT key, {SUMS} FROM ({union}) AS part GROUP BY key"


def read(
    sql: str,
    *,
    subject: Subject,
    period: Period,
    cuts: Cuts,
    bounds: Sequence[datetime] = (),
    **params: Any,
) -> list[tuple[Any, Numbers]]:
    """Run what gives keys and Numbers: one query."""
    ours: dict[str, Any] = {"start": period.start, "end": period.end}
    ours["bounds"] = _array(bounds or [period.start])
    with connection.cursor() as cursor:
        cursor.execute(sql, {**ours, **subject.params, **cuts.params, **params})
        return [(key, Numbers(*numbers)) for key, *numbers in cursor.fetchall()]


def _counts(visitors: str) -> dict[str, str]:
    same = ("humans", "duplicates", "bots", "refused")
    return {**{name: name for name in same}, "visitors": visitors}


def _array(moments: Sequence[datetime]) -> str:
    """As one literal: the driver makes an expression of a list, of which each element takes its time."""
    return f"{{{','.join(moment.isoformat() for moment in moments)}}}"
