"""What clicks can be grouped by, each with the reader that groups them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from grids.models import Grid, Link
from reports.analytics import parts
from reports.analytics.buckets import STEPS, buckets
from reports.analytics.cuts import Cuts, Kept, all_raw, cut_days, cut_hours
from reports.analytics.numbers import NOTHING, Numbers, Reading, Row, summed
from reports.analytics.periods import Period
from reports.analytics.ranking import by_slug, ranked
from reports.analytics.subjects import Subject
from reports.models import Dimension

OTHER = "other"
NOT_KEPT = "not kept"
_NONE = "none or unknown"
_GONE = "deleted"
_WITH_USER_AGENT = (
    "reports_click LEFT JOIN reports_user_agent ON reports_user_agent.id = user_agent_id"
)
_SOURCES = dict.fromkeys((Dimension.BROWSER, Dimension.OS, Dimension.DEVICE), _WITH_USER_AGENT)
_PLACE = ("x", "y", "width", "height")

# Of a value's key, its numbers and all views: further fields of its row.
Details = Callable[[str, Numbers, int], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Wish:
    """How the numbers are wanted. `limit` is for what is not grouped by time."""

    group_by: str
    include_bots: bool
    week_start: str
    limit: int


Reader = Callable[[Subject, Period, Wish, Kept], Reading]


def rate(numbers: Numbers, views: int) -> float | None:
    """Human clicks per human view, to four places; None without views."""
    return round(numbers.humans / views, 4) if views else None


def by_time(subject: Subject, period: Period, wish: Wish, kept: Kept) -> Reading:
    """One query. Every bucket is there, also where nothing happened."""
    steps = buckets(period, group_by=wish.group_by, week_start=wish.week_start)
    bounds = [step.start for step in steps]
    cuts = cut_hours(period, [*bounds, period.end], kept=kept)
    raw = parts.clicks(subject, cuts, parts.CLICK_BUCKET)
    sql = parts.summed_parts([*parts.hours(subject, cuts), *raw])
    found = dict(parts.read(sql, subject=subject, period=period, cuts=cuts, bounds=bounds))
    # Each ends where the next one begins.
    marks = pairwise(map(period.local, [*bounds, steps[-1].end]))
    rows = [
        _time_row(step.key, mark, found.get(number, NOTHING))
        for number, (step, mark) in enumerate(zip(steps, marks, strict=True), start=1)
    ]
    return Reading(rows, sum(row.numbers.views for row in rows), cuts.approximate_before)


def by_link(subject: Subject, period: Period, wish: Wish, kept: Kept) -> Reading:
    """Three queries: the numbers, the views, and what the links are called."""
    cuts = cut_hours(period, (period.start, period.end), kept=kept)
    raw = parts.clicks(subject, cuts, "reports_click.link_id")
    found = ranked(
        by_slug(parts.summed_parts([*parts.links(subject, cuts), *raw]), Link),
        subject=subject,
        period=period,
        cuts=cuts,
        include_bots=wish.include_bots,
        limit=wish.limit,
    )
    views = _read_all(parts.views(subject, cuts), subject, period, cuts).views
    named = Link.objects.only("slug", "title", "url").filter(slug__in=[key for key, _ in found])
    links = {link.slug: link for link in named}
    rows = [_link_row(key, numbers, views, links.get(key or "")) for key, numbers in found]
    return Reading(rows, views, cuts.approximate_before)


def by_grid(subject: Subject, period: Period, wish: Wish, kept: Kept) -> Reading:
    """Two queries: the numbers with the views, and what the grids are called. Of links, clicks count for the
    grid that they were made on, and views for that which a link is on now."""
    cuts = cut_hours(period, (period.start, period.end), kept=kept)
    raw = parts.clicks(subject, cuts, "reports_click.grid_id")
    selects = [*parts.grids(subject, cuts), *parts.grid_views(subject, cuts), *raw]
    found = ranked(
        by_slug(parts.summed_parts(selects), Grid),
        subject=subject,
        period=period,
        cuts=cuts,
        include_bots=wish.include_bots,
        limit=wish.limit,
    )
    grids = {grid.slug: grid for grid in Grid.objects.filter(slug__in=[key for key, _ in found])}
    rows = [_grid_row(key, numbers, grids.get(key or "")) for key, numbers in found]
    return Reading(rows, sum(row.numbers.views for row in rows), cuts.approximate_before)


class Rest(NamedTuple):
    """What has no value: refused clicks, lost rows, and views; and before what time it is approximate, if
    so."""

    numbers: Numbers
    approximate_before: datetime | None


def by_values(
    dimensions: Iterable[str], subject: Subject, period: Period, wish: Wish, kept: Kept
) -> dict[str, Reading]:
    """By each dimension's name: a query for each, and one for what has none."""
    rest = _rest(subject, period, kept)
    return {
        name: _by_value(*_VALUES[name], rest, subject, period, wish, kept) for name in dimensions
    }


def _by_value(
    dimension: Dimension,
    details: Details,
    rest: Rest,
    subject: Subject,
    period: Period,
    wish: Wish,
    kept: Kept,
) -> Reading:
    cuts = cut_days(period, kept=kept) if subject.values else all_raw(period, kept=kept)
    source = _SOURCES.get(dimension, "reports_click")
    key = f"coalesce({dimension.name.lower()}, '')"
    raw = parts.clicks(subject, cuts, key, source)
    found = ranked(
        parts.summed_parts([*parts.values(subject), *raw]),
        subject=subject,
        period=period,
        cuts=cuts,
        include_bots=wish.include_bots,
        limit=wish.limit,
        dimension=dimension,
    )
    views = rest.numbers.views
    rows = [_value_row(key, numbers, views, details) for key, numbers in found]
    if any(without_values := rest.numbers._replace(views=0)):
        rows.append(Row(None, NOT_KEPT, without_values, {}))
    return Reading(rows, views, cuts.approximate_before or rest.approximate_before)


def _rest(subject: Subject, period: Period, kept: Kept) -> Rest:
    hours = cut_hours(period, (period.start, period.end), kept=kept)
    lost_until = period.start if subject.values else kept.since
    left = [*parts.undetailed(subject), *parts.views(subject, hours)]
    numbers = _read_all(left, subject, period, hours, lost_until=lost_until)
    return Rest(numbers, hours.approximate_before)


def _read_all(
    selects: list[str], subject: Subject, period: Period, cuts: Cuts, **params: Any
) -> Numbers:
    sql = parts.summed_parts(selects)
    found = parts.read(sql, subject=subject, period=period, cuts=cuts, **params)
    return summed(numbers for _, numbers in found)


def _time_row(key: str, mark: tuple[str, str], numbers: Numbers) -> Row:
    start, end = mark
    return Row(key, key, numbers, {"start": start, "end": end, **_seen(numbers)})


def _seen(numbers: Numbers) -> dict[str, Any]:
    return {"views": numbers.views, "click_through_rate": rate(numbers, numbers.views)}


def _grid_row(key: str | None, numbers: Numbers, grid: Grid | None) -> Row:
    if key is None:
        return Row(None, OTHER, numbers, _seen(numbers))
    names = {name: getattr(grid, name, None) for name in ("slug", "title")}
    return Row(key, grid.title if grid else _GONE, numbers, names | _seen(numbers))


def _link_row(key: str | None, numbers: Numbers, views: int, link: Link | None) -> Row:
    if key is None:
        return Row(None, OTHER, numbers, {})
    details = {name: getattr(link, name, None) for name in ("slug", "title", "url")}
    details["click_through_rate"] = rate(numbers, views)
    return Row(key, link.title if link else _GONE, numbers, details)


def _value_row(key: str | None, numbers: Numbers, views: int, details: Details) -> Row:
    if key is None:
        return Row(None, OTHER, numbers, {})
    return Row(key, key or _NONE, numbers, details(key, numbers, views))


def _no_details(key: str, numbers: Numbers, views: int) -> dict[str, Any]:
    return {}


def _tile_details(key: str, numbers: Numbers, views: int) -> dict[str, Any]:
    # A producer of another version may say something else.
    cells = [int(cell) for cell in key.split(",") if cell.isdecimal()]
    place = dict(zip(_PLACE, cells, strict=True)) if len(cells) == len(_PLACE) else {}
    return {**place, "click_through_rate": rate(numbers, views)}


def _by_one(name: str, subject: Subject, period: Period, wish: Wish, kept: Kept) -> Reading:
    return by_values([name], subject, period, wish, kept)[name]


_VALUES: dict[str, tuple[Dimension, Details]] = {
    **{dimension.name.lower(): (dimension, _no_details) for dimension in Dimension},
    "tile": (Dimension.TILE, _tile_details),
}
READERS: dict[str, Reader] = {
    **dict.fromkeys(STEPS, by_time),
    "link": by_link,
    "grid": by_grid,
    **{name: partial(_by_one, name) for name in _VALUES},
}
