"""Choose the ticks of an axis, and reduce many points to those worth drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from operator import itemgetter

Values = Sequence[float | None]
VALUE_MAX = 1e300
"""Values farther from zero are drawn as this, so that sums of a few stay finite."""
_SPAN_MIN = 1e-300


def ticks(low: float, high: float, *, whole: bool, count: int = 5) -> list[float]:
    """Return about `count` round numbers that span `low` to `high` and zero.

    They are 1, 2 or 5 times a power of ten apart; with `whole`, none has a fraction.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low < _SPAN_MIN:
        high = 1.0
    step = _round_up(high / count - low / count)
    if whole:
        step = max(step, 1.0)
    first, last = math.floor(low / step), math.ceil(high / step)
    places = max(0, -math.floor(math.log10(step)))
    return [round(each * step, places) + 0.0 for each in range(first, last + 1)]


def _round_up(least: float) -> float:
    """Round up to 1, 2, 5 or 10 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(least))
    # A little over 5 counts as 5: binary fractions have no exact tenths.
    return next(
        (each * power for each in (1.0, 2.0, 5.0) if each * power >= least * (1 - 1e-9)),
        10.0 * power,
    )


def outline(values: Values, columns: int) -> list[tuple[int, float | None]]:
    """Return the points that draw the same line over so many pixel columns.

    Of each column these are the lowest and the highest value in order, or None if it has none.
    """
    if len(values) <= 2 * columns:
        return list(enumerate(values))
    kept: list[tuple[int, float | None]] = []
    bounds = (len(values) * column // columns for column in range(columns + 1))
    for start, end in pairwise(bounds):
        points = [(value, i) for i in range(start, end) if (value := values[i]) is not None]
        extremes: list[tuple[int, float | None]] = [(start, None)]
        if points:
            extremes = [(i, value) for value, i in {min(points), max(points)}]
        kept += sorted(extremes, key=itemgetter(0))
    return kept
