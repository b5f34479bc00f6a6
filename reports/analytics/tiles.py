"""Clicks by tile and grid, with the views of each grid: how often a tile could have been clicked."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from reports.analytics import parts
from reports.analytics.cuts import Kept, all_raw, cut_days, cut_hours
from reports.analytics.numbers import Numbers, summed
from reports.analytics.periods import Period
from reports.analytics.subjects import Subject
from reports.models import Dimension


class TilesReading(NamedTuple):
    """By the key of a grid and "x,y,width,height" as a tile lay when it was clicked; the numbers without a
    tile, since their details are not kept; human views by grid; before what time it is approximate, if so."""

    tiles: dict[tuple[int, str], Numbers]
    not_kept: Numbers
    views: dict[int, int]
    approximate_before: datetime | None


def read_tiles(subject: Subject, period: Period, kept: Kept) -> TilesReading:
    """Three queries, whatever the number of clicks."""
    cuts = cut_days(period, kept=kept) if subject.values else all_raw(period, kept=kept)
    raw = parts.clicks(subject, cuts, "reports_click.grid_id || ' ' || tile")
    found = parts.read(
        parts.summed_parts([*parts.grid_values(subject, "grid_id || ' ' || value"), *raw]),
        subject=subject,
        period=period,
        cuts=cuts,
        dimension=Dimension.TILE,
    )
    hours = cut_hours(period, (period.start, period.end), kept=kept)
    lost_until = period.start if subject.values else kept.since
    rest = parts.read(
        parts.summed_parts(parts.undetailed(subject)),
        subject=subject,
        period=period,
        cuts=hours,
        lost_until=lost_until,
    )
    seen = parts.read(
        parts.summed_parts(parts.grid_views(subject, hours)),
        subject=subject,
        period=period,
        cuts=hours,
    )
    return TilesReading(
        tiles={_split(key): numbers for key, numbers in found},
        not_kept=summed(numbers for _, numbers in rest),
        views={grid: numbers.views for grid, numbers in seen},
        approximate_before=cuts.approximate_before or hours.approximate_before,
    )


def _split(key: str) -> tuple[int, str]:
    grid, _, tile = key.partition(" ")
    return int(grid), tile
