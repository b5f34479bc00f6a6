"""The three shapes of charts: each gives its marks, below `top`, and how high the drawing is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

from reports.reporting.renderers.charts.axes import Values, outline, peaks, spans, ticks
from reports.reporting.renderers.charts.elements import (
    Label,
    Mark,
    dot,
    path,
    rectangle,
    rule,
    short,
    width_of,
)
from reports.reporting.renderers.text.localization import Words
from reports.reporting.results.cells import CellType

_FOOT = 26.0
_GAP = 14.0
_DOTS = 62
_THICK = 15.0
_BETWEEN = 7.0
_HIGH = 760.0
_NARROWEST = 2.0
_WIDEST = 44.0
_LABEL = 230.0
# As wide as a day with its year is in most languages.
_LEAST = 130.0


class Frame(NamedTuple):
    """How wide a drawing is, and how high that of a line or of columns without what is around; about one unit
    is a pixel."""

    width: float = 720.0
    tall: float = 220.0


SCREEN = Frame()
"""Of a page that is read on a screen."""


@dataclass(frozen=True, slots=True)
class Series:
    """One column of numbers, and how it is told from the others."""

    title: str
    kind: CellType
    values: Values
    colour: str
    dash: str


@dataclass(frozen=True, slots=True)
class Data:
    """What a chart shows: the words of its rows, and its series, each with a value for every row. `axis` has
    the same words, shorter."""

    labels: tuple[str, ...]
    axis: tuple[str, ...]
    series: tuple[Series, ...]
    words: Words
    frame: Frame

    @property
    def is_empty(self) -> bool:
        """Whether there is no number in it."""
        return all(value is None for one in self.series for value in one.values)

    def shown(self, value: float, kind: CellType) -> str:
        """A number beside a mark."""
        return self.words.cell(kind, int(value) if kind is CellType.INTEGER else value)

    def counted(self, phrase: str, rows: int) -> str:
        """A phrase that says of how many rows."""
        return phrase.format(rows=self.words.cell(CellType.INTEGER, rows))

    def ticks(self) -> list[float]:
        """The numbers along the axis."""
        values = [value for one in self.series for value in one.values if value is not None]
        whole = all(one.kind is CellType.INTEGER for one in self.series)
        return ticks(min(values, default=0.0), max(values, default=0.0), whole=whole)

    def first(self, rows: int) -> Data:
        """The same of the first rows."""
        series = tuple(replace(one, values=one.values[:rows]) for one in self.series)
        return replace(self, labels=self.labels[:rows], axis=self.axis[:rows], series=series)


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where values are: the first tick at `start`, the last at `end`."""

    ticks: list[float]
    start: float
    end: float

    def at(self, value: float) -> float:
        # Halves, so that the difference of two that are both far from zero is finite.
        low, high = self.ticks[0] / 2, self.ticks[-1] / 2
        return self.start + (self.end - self.start) * ((value / 2 - low) / (high - low))


def lines(data: Data, top: float) -> tuple[list[Mark], float]:
    """Every series is a line with a gap where a value is None, a point that stands alone is a dot."""
    axis, left, marks = _upright(data, top)
    slot = (data.frame.width - left) / max(len(data.labels), 1)
    for one in data.series:
        for run in _runs(outline(one.values, int(data.frame.width - left))):
            points = [(left + slot * (i + 0.5), axis.at(value)) for i, value in run]
            if len(points) > 1:
                marks.append(path(points, colour=one.colour, dash=one.dash))
            if len(points) == 1 or len(data.labels) <= _DOTS:
                says = [_says(data, one, i, value) for i, value in run]
                marks += [
                    dot(x, y, colour=one.colour, says=words)
                    for (x, y), words in zip(points, says, strict=True)
                ]
    return [*marks, *_below(data, left, axis.start)], axis.start + _FOOT


def columns(data: Data, top: float) -> tuple[list[Mark], float]:
    """Upright bars side by side. Of more than there is room for, the highest of each so many is drawn, which
    is said below."""
    axis, left, marks = _upright(data, top)
    rows, room = len(data.labels), data.frame.width - left
    runs = spans(rows, int(room / (len(data.series) * _NARROWEST * 1.25)) or 1)
    slot = room / len(runs)
    thick = min(slot * 0.8 / len(data.series), _WIDEST)
    for place, one in enumerate(data.series):
        shift = (slot - thick * len(data.series)) / 2 + thick * place
        for i, value in enumerate(peaks(one.values, len(runs))):
            if value is not None:
                ends = sorted((axis.at(0), axis.at(value)))
                says = _says(data, one, runs[i][0], value)
                x, height = left + slot * i + shift, ends[1] - ends[0]
                marks.append(
                    rectangle(x, ends[0], thick * 0.94, height, colour=one.colour, says=says)
                )
    marks += _below(data, left, axis.start)
    if len(runs) == rows:
        return marks, axis.start + _FOOT
    note = data.counted(data.words.phrases.peaks, round(rows / len(runs)))
    return [*marks, Label(left, axis.start + 40, note)], axis.start + _FOOT + 20


def bars(data: Data, top: float) -> tuple[list[Mark], float]:
    """Bars that lie, each with its number; of rows that would make it higher than a page, how many."""
    each = _THICK * len(data.series) + _BETWEEN
    shown = data.first(max(1, int(_HIGH / each)))
    width = data.frame.width
    left = min(width * 0.4, max(50.0, *map(width_of, shown.labels))) + 10
    numbers = [
        shown.shown(value, one.kind)
        for one in shown.series
        for value in one.values
        if value is not None
    ]
    right = width - max(map(width_of, numbers), default=0.0) - 8
    axis = _Axis(shown.ticks(), left, right)
    bottom = top + len(shown.labels) * each
    marks: list[Mark] = [rule(axis.at(0), top - 4, axis.at(0), bottom, strong=True)]
    for i, label in enumerate(shown.labels):
        y = top + i * each
        middle = y + (each - _BETWEEN) / 2 + 4
        marks.append(Label(left - 8, middle, short(label, left - 10), "end", strong=True))
        marks += _lying(shown, i, y, axis)
    more = len(data.labels) - len(shown.labels)
    if not more:
        return marks, bottom + 6
    note = data.counted(data.words.phrases.more_rows, more)
    return [*marks, Label(left, bottom + 14, note)], bottom + 26


def _lying(data: Data, row: int, top: float, axis: _Axis) -> Iterator[Mark]:
    """The bars of one row."""
    for place, one in enumerate(data.series):
        value = one.values[row]
        if value is not None:
            ends = sorted((axis.at(0), axis.at(value)))
            y = top + place * _THICK
            yield rectangle(
                ends[0],
                y,
                ends[1] - ends[0],
                _THICK - 1,
                colour=one.colour,
                says=_says(data, one, row, value),
            )
            yield Label(ends[1] + 5, y + 11, data.shown(value, one.kind))


def _upright(data: Data, top: float) -> tuple[_Axis, float, list[Mark]]:
    """The axis at the left, where the plot begins, and the grid."""
    ticks = data.ticks()
    # A share of two hundred digits leaves room for the plot.
    names = [short(name, _LABEL) for name in data.words.ticks(data.series[0].kind, ticks)]
    left = max(width_of(name) for name in names) + 8
    axis, width = _Axis(ticks, top + data.frame.tall, top), data.frame.width
    marks: list[Mark] = []
    for tick, name in zip(ticks, names, strict=True):
        marks.append(rule(left, axis.at(tick), width, axis.at(tick), strong=not tick))
        marks.append(Label(left - 6, axis.at(tick) + 4, name, "end"))
    return axis, left, marks


def _below(data: Data, left: float, y: float) -> Iterator[Mark]:
    """The labels that there is room for, under the middle of their rows."""
    labels, width = data.axis, data.frame.width
    slot = (width - left) / len(labels)
    most = max(min(slot - _GAP, _LABEL), _LEAST)
    # Of ten thousand labels a sample tells how wide they are.
    sample = labels[:: max(1, len(labels) // 100)]
    widest = max(width_of(short(label, most)) for label in sample)
    step = max(1, round((widest + _GAP) / slot + 0.499))
    end = -_GAP
    for i in range(0, len(labels), step):
        label = short(labels[i], most)
        half = width_of(label) / 2
        x = min(max(left + slot * (i + 0.5), half), width - half)
        # The last is moved to the left, where there may be no room.
        if x - half >= end:
            yield Label(x, y + 18, label, "middle")
            end = x + half


def _says(data: Data, one: Series, row: int, value: float) -> str:
    return f"{data.labels[row]}, {one.title}: {data.shown(value, one.kind)}"


def _runs(points: list[tuple[int, float | None]]) -> Iterator[list[tuple[int, float]]]:
    """The points that follow each other without a None between."""
    for there, run in groupby(points, key=lambda point: point[1] is not None):
        if there:
            yield [(i, value) for i, value in run if value is not None]
