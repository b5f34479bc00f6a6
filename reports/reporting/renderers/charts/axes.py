"""The numbers along the side of a chart, and which of many points are worth drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

Values = Sequence[float | None]
MOST = 1e300
"""What is farther from zero is drawn as this, so that sums of a few stay finite."""
_LEAST = 1e-300


def ticks(low: float, high: float, *, whole: bool, about: int = 5) -> list[float]:
    """About so many round numbers, 1, 2 or 5 times a power of ten apart, from `low` or less to `high` or
    more, zero among them. `whole`: none of them has a fraction."""
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low < _LEAST:
        high = 1.0
    step = _step(high / about - low / about)
    if whole:
        step = max(step, 1.0)
    first, last = math.floor(low / step), math.ceil(high / step)
    places = max(0, -math.floor(math.log10(step)))
    return [round(each * step, places) + 0.0 for each in range(first, last + 1)]


def _step(least: float) -> float:
    """The first of 1, 2, 5, 10 and so on, times a power of ten, that is not less."""
    power = 10.0 ** math.floor(math.log10(least))
    # 5.000000001 of a power is 5: fractions of two have no exact tenths.
    return next(
        (each * power for each in (1.0, 2.0, 5.0) if each * power >= least * (1 - 1e-9)),
        10.0 * power,
    )


def outline(values: Values, columns: int) -> list[tuple[int, float | None]]:
    """The points that draw the same line over so many pixel columns: of each column its lowest and its
    highest, in their order, and one None where a column holds nothing else. Few points all stay."""
    if len(values) <= 2 * columns:
        return list(enumerate(values))
    kept: list[tuple[int, float | None]] = []
    for start, end in spans(len(values), columns):
        there = [(value, i) for i in range(start, end) if (value := values[i]) is not None]
        kept += _extremes(there) if there else [(start, None)]
    return kept


def _extremes(points: list[tuple[float, int]]) -> list[tuple[int, float | None]]:
    both = {min(points), max(points)}
    return [(i, value) for value, i in sorted(both, key=lambda point: point[1])]


def spans(length: int, parts: int) -> list[tuple[int, int]]:
    """`length` things in at most so many runs of about equal size, as (start, end)."""
    parts = min(length, parts)
    edges = [length * each // parts for each in range(parts + 1)]
    return list(pairwise(edges))


def peaks(values: Values, parts: int) -> list[float | None]:
    """Of each run the value that is farthest from zero."""
    runs = [
        [value for value in values[start:end] if value is not None]
        for start, end in spans(len(values), parts)
    ]
    return [max(run, key=abs) if run else None for run in runs]
