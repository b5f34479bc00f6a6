"""Draws the charts of a result as SVG, for a page and for paper.

Only what every renderer of SVG understands is used: shapes, lines and text with attributes of their own, no
style sheet, no script and no font of its own. The grid and the letters have the colour of the text around.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle

from reports.reporting.renderers.charts.axes import MOST, Values
from reports.reporting.renderers.charts.elements import (
    SIZE,
    Label,
    Mark,
    number,
    path,
    rectangle,
    short,
    tag,
    width_of,
)
from reports.reporting.renderers.charts.shapes import (
    SCREEN,
    Data,
    Frame,
    Series,
    bars,
    columns,
    lines,
)
from reports.reporting.renderers.text.control_characters import plain
from reports.reporting.renderers.text.localization import Words
from reports.reporting.results.cells import Cell, CellType
from reports.reporting.results.result import Chart, ChartShape, Table

# Eight colours that people with any colour vision tell apart, after Okabe and Ito, on white and on black.
_PALETTE = ("#0072b2", "#e08e00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c8c", "#a08c00")
_DASHES = ("", "5 4", "1 4", "8 3 1 3")
_LEGEND = 170.0
_SHAPES: dict[ChartShape, Callable[[Data, float], tuple[list[Mark], float]]] = {
    ChartShape.LINE: lines,
    ChartShape.COLUMN: columns,
    ChartShape.BAR: bars,
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart, in units of about a pixel; `title` and `description` are plain text."""

    title: str
    description: str
    width: float
    height: float
    marks: Sequence[Mark]

    @property
    def labels(self) -> list[Label]:
        """All words in it."""
        return [mark for mark in self.marks if isinstance(mark, Label)]

    def svg(self) -> str:
        """One element `svg`, with the words in it; all text is escaped."""
        return self._element([each if isinstance(each, str) else each.svg() for each in self.marks])

    def shapes(self) -> str:
        """The same without `labels`."""
        return self._element([mark for mark in self.marks if isinstance(mark, str)])

    def _element(self, inside: list[str]) -> str:
        about = [
            tag("title", {}, words=self.title),
            tag("desc", {}, words=self.description),
        ]
        return tag("svg", _root(self.width, self.height), about + inside)


def drawn(chart: Chart, table: Table, words: Words, frame: Frame = SCREEN) -> Drawing:
    """The chart of this table. Rows without any number, or none, give a drawing that says so. Raises
    ValueError for a column that the table has not."""
    data = _data(chart, table, words, frame)
    marks: list[Mark]
    if data.is_empty:
        marks, height = [Label(frame.width / 2, 44, words.phrases.no_data, "middle")], 76.0
    else:
        legend, top = _legend(data.series, frame.width)
        plotted, height = _SHAPES[chart.shape](data, top)
        marks = legend + plotted
    return Drawing(plain(chart.title), _described(data), frame.width, height, marks)


def _root(width: float, height: float) -> dict[str, str]:
    return {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {number(width)} {number(height)}",
        "width": number(width),
        "height": number(height),
        "role": "img",
        # Coordinates and anchors are those of left to right, whatever the page around.
        "direction": "ltr",
        "color": "#1b1f24",
        "font-family": "sans-serif",
        "font-size": number(SIZE),
    }


def _data(chart: Chart, table: Table, words: Words, frame: Frame) -> Data:
    rows = table.rows[: chart.rows]
    name = table.columns[table.position(chart.labels)]
    place = table.position(chart.labels)
    cells = [row[place] for row in rows]
    labels = tuple(words.cell(name.type, cell) for cell in cells)
    columns = [(table.columns[at], at) for at in map(table.position, chart.series)]
    styles = zip(columns, cycle(_PALETTE), strict=False)
    series = tuple(
        Series(
            plain(column.title),
            column.type,
            _values([row[at] for row in rows]),
            colour,
            _DASHES[i // len(_PALETTE) % len(_DASHES)],
        )
        for i, ((column, at), colour) in enumerate(styles)
    )
    return Data(labels, tuple(words.axis(name.type, cells)), series, words, frame)


def _values(cells: list[Cell]) -> Values:
    numbers = [float(cell) if isinstance(cell, int | float) else None for cell in cells]
    return [None if one is None else max(-MOST, min(MOST, one)) for one in numbers]


def _legend(series: tuple[Series, ...], width: float) -> tuple[list[Mark], float]:
    """What colour is what, and where the room below begins; one series needs none."""
    if len(series) == 1:
        return [], 14.0
    marks: list[Mark] = []
    x, y = 0.0, 12.0
    for one in series:
        title = short(one.title, _LEGEND)
        step = 38 + width_of(title)
        if x and x + step > width:
            x, y = 0.0, y + 20
        marks.append(_sample(one, x, y))
        marks.append(Label(x + 18, y, title))
        x += step
    return marks, y + 20


def _sample(one: Series, x: float, y: float) -> str:
    if one.dash:
        return path([(x, y - 4), (x + 14, y - 4)], colour=one.colour, dash=one.dash)
    return rectangle(x, y - 9, 12, 10, colour=one.colour)


def _described(data: Data) -> str:
    """What somebody who cannot see the drawing is told; the table below it has the numbers."""
    titles = ", ".join(one.title for one in data.series)
    phrases, rows = data.words.phrases, data.words.cell(CellType.INTEGER, len(data.labels))
    if not data.labels:
        return phrases.drawn.format(titles=titles, rows=rows)
    first, last = data.labels[0], data.labels[-1]
    return phrases.drawn_between.format(titles=titles, rows=rows, first=first, last=last)
