"""Draw the shapes of charts: each returns its elements, below `top`, and the height."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

from reports.reporting.renderers.charts.axes import Values, outline, ticks
from reports.reporting.renderers.charts.elements import (
    Element,
    TextElement,
    dot,
    path,
    rectangle,
    rule,
    text_width,
    truncate,
)
from reports.reporting.renderers.text.localization import Localizer
from reports.reporting.results.cells import CellType

_AXIS_HEIGHT = 26.0
_LABEL_GAP = 14.0
_DOTS_MAX = 62
_BAR_THICKNESS = 15.0
_BAR_GAP = 7.0
_BARS_HEIGHT_MAX = 760.0
# The least is as wide as a day with its year in most languages.
_LABEL_WIDTH_MIN, _LABEL_WIDTH_MAX = 130.0, 230.0


class Frame(NamedTuple):
    """Hold the width of a drawing and the height of its plot, about in pixels."""

    width: float = 720.0
    plot_height: float = 220.0


SCREEN = Frame()


@dataclass(frozen=True, slots=True)
class Series:
    """Represent one column of numbers and its style."""

    title: str
    kind: CellType
    values: Values
    color: str
    dash: str


@dataclass(frozen=True, slots=True)
class ChartData:
    """Hold the labels of rows, shorter ones for an axis, and the series."""

    labels: tuple[str, ...]
    axis: tuple[str, ...]
    series: tuple[Series, ...]
    localizer: Localizer
    frame: Frame

    @property
    def is_empty(self) -> bool:
        """Check whether no series holds a number."""
        return all(value is None for one in self.series for value in one.values)

    def format(self, value: float, kind: CellType) -> str:
        """Format a number beside a mark."""
        return self.localizer.cell(kind, int(value) if kind is CellType.INTEGER else value)

    def ticks(self) -> list[float]:
        """Return the numbers along the axis of values."""
        values = [value for one in self.series for value in one.values if value is not None]
        whole = all(one.kind is CellType.INTEGER for one in self.series)
        return ticks(min(values, default=0.0), max(values, default=0.0), whole=whole)

    def first(self, rows: int) -> ChartData:
        """Return the data of the first rows."""
        series = tuple(replace(one, values=one.values[:rows]) for one in self.series)
        return replace(self, labels=self.labels[:rows], axis=self.axis[:rows], series=series)

    def tooltip(self, one: Series, row: int, value: float) -> str:
        """Return the text shown when a pointer is on a mark."""
        return f"{self.labels[row]}, {one.title}: {self.format(value, one.kind)}"


@dataclass(frozen=True, slots=True)
class _Axis:
    """Map values to coordinates: the first tick is at `start`, the last at `end`."""

    ticks: list[float]
    start: float
    end: float

    def at(self, value: float) -> float:
        # Halves, so that the difference of two that are both far from zero is finite.
        low, high = self.ticks[0] / 2, self.ticks[-1] / 2
        return self.start + (self.end - self.start) * ((value / 2 - low) / (high - low))

    def span(self, value: float) -> tuple[float, float]:
        """Return where a bar from zero to the value starts, and its size."""
        start, end = sorted((self.at(0), self.at(value)))
        return start, end - start


def lines(data: ChartData, top: float) -> tuple[list[Element], float]:
    """Draw each series as a line with gaps at None; isolated points are dots."""
    axis, left, elements = _value_axis(data, top)
    slot = (data.frame.width - left) / max(len(data.labels), 1)
    for one in data.series:
        for run in _runs(outline(one.values, int(data.frame.width - left))):
            points = [(left + slot * (i + 0.5), axis.at(value)) for i, value in run]
            if len(points) > 1:
                elements.append(path(points, color=one.color, dash=one.dash))
            if len(points) == 1 or len(data.labels) <= _DOTS_MAX:
                elements += [
                    dot(x, y, color=one.color, tooltip=data.tooltip(one, i, value))
                    for (x, y), (i, value) in zip(points, run, strict=True)
                ]
    return [*elements, *_label_axis(data, left, axis.start)], axis.start + _AXIS_HEIGHT


def bars(data: ChartData, top: float) -> tuple[list[Element], float]:
    """Draw horizontal bars with their numbers; rows beyond a page are counted in a note."""
    each = _BAR_THICKNESS * len(data.series) + _BAR_GAP
    shown = data.first(max(1, int(_BARS_HEIGHT_MAX / each)))
    width = data.frame.width
    left = min(width * 0.4, max(50.0, *map(text_width, shown.labels))) + 10
    numbers = [
        text_width(shown.format(value, one.kind))
        for one in shown.series
        for value in one.values
        if value is not None
    ]
    axis = _Axis(shown.ticks(), left, width - max(numbers, default=0.0) - 8)
    bottom = top + len(shown.labels) * each
    elements: list[Element] = [rule(axis.at(0), top - 4, axis.at(0), bottom, strong=True)]
    for i, label in enumerate(shown.labels):
        y = top + i * each
        middle = y + (each - _BAR_GAP) / 2 + 4
        text = truncate(label, left - 10)
        elements.append(TextElement(left - 8, middle, text, "end", strong=True))
        elements += _row_bars(shown, i, y, axis)
    more = len(data.labels) - len(shown.labels)
    if not more:
        return elements, bottom + 6
    rows = data.localizer.cell(CellType.INTEGER, more)
    note = data.localizer.labels.more_rows.format(rows=rows)
    return [*elements, TextElement(left, bottom + 14, note)], bottom + 26


def _row_bars(data: ChartData, row: int, top: float, axis: _Axis) -> Iterator[Element]:
    for place, one in enumerate(data.series):
        value = one.values[row]
        if value is not None:
            (x, width), y = axis.span(value), top + place * _BAR_THICKNESS
            tooltip = data.tooltip(one, row, value)
            yield rectangle(x, y, width, _BAR_THICKNESS - 1, color=one.color, tooltip=tooltip)
            yield TextElement(x + width + 5, y + 11, data.format(value, one.kind))


def _value_axis(data: ChartData, top: float) -> tuple[_Axis, float, list[Element]]:
    """Return the vertical axis, where the plot begins beside it, and the grid."""
    ticks = data.ticks()
    # Even numbers of two hundred digits must leave room for the plot.
    names = [
        truncate(name, _LABEL_WIDTH_MAX)
        for name in data.localizer.ticks(data.series[0].kind, ticks)
    ]
    left = max(map(text_width, names)) + 8
    axis, width = _Axis(ticks, top + data.frame.plot_height, top), data.frame.width
    elements: list[Element] = []
    for tick, name in zip(ticks, names, strict=True):
        elements.append(rule(left, axis.at(tick), width, axis.at(tick), strong=not tick))
        elements.append(TextElement(left - 6, axis.at(tick) + 4, name, "end"))
    return axis, left, elements


def _label_axis(data: ChartData, left: float, y: float) -> Iterator[Element]:
    """Yield as many labels as there is room for, each centered below its row."""
    labels, width = data.axis, data.frame.width
    slot = (width - left) / len(labels)
    most = max(min(slot - _LABEL_GAP, _LABEL_WIDTH_MAX), _LABEL_WIDTH_MIN)
    # Of ten thousand labels a sample tells how wide they are.
    sample = labels[:: max(1, len(labels) // 100)]
    widest = max(text_width(truncate(label, most)) for label in sample)
    step = max(1, round((widest + _LABEL_GAP) / slot + 0.499))
    end = -_LABEL_GAP
    for i in range(0, len(labels), step):
        label = truncate(labels[i], most)
        half = text_width(label) / 2
        x = min(max(left + slot * (i + 0.5), half), width - half)
        # The last is moved to the left, where it may overlap.
        if x - half >= end:
            yield TextElement(x, y + 18, label, "middle")
            end = x + half


def _runs(points: list[tuple[int, float | None]]) -> Iterator[list[tuple[int, float]]]:
    """Yield the runs of points without a None between them."""
    for has_value, run in groupby(points, key=lambda point: point[1] is not None):
        if has_value:
            yield [(i, value) for i, value in run if value is not None]
