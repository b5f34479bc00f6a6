"""Draw a chart of a result as SVG, for HTML and PDF.

Only shapes, lines and text with attributes are used, which every SVG renderer supports: no style sheet,
script or font. Grid and text have the color of the surrounding text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle

from reports.reporting.renderers.charts import shapes
from reports.reporting.renderers.charts.axes import VALUE_MAX, Values
from reports.reporting.renderers.charts.elements import (
    FONT_SIZE,
    Element,
    TextElement,
    length,
    path,
    rectangle,
    tag,
    text_width,
    truncate,
)
from reports.reporting.renderers.text.control_characters import plain_text
from reports.reporting.renderers.text.localization import Localizer
from reports.reporting.results.cells import Cell, CellType
from reports.reporting.results.result import Chart, ChartShape, Table

# Distinct with any color vision, on white and on black, after Okabe and Ito.
_PALETTE = ("#0072b2", "#e08e00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c8c", "#a08c00")
_DASHES = ("", "5 4", "1 4", "8 3 1 3")
_LEGEND_WIDTH_MAX = 170.0
_SHAPES: dict[ChartShape, Callable[[shapes.ChartData, float], tuple[list[Element], float]]] = {
    ChartShape.LINE: shapes.lines,
    ChartShape.BAR: shapes.bars,
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """Represent a drawn chart, in units of about a pixel."""

    title: str
    description: str
    width: float
    height: float
    elements: Sequence[Element]

    @property
    def texts(self) -> list[TextElement]:
        """Return the text elements."""
        return [each for each in self.elements if isinstance(each, TextElement)]

    def svg(self) -> str:
        """Return the drawing as an `svg` element."""
        return self._root([each if isinstance(each, str) else each.svg() for each in self.elements])

    def shapes(self) -> str:
        """Return the drawing without `texts`."""
        return self._root([each for each in self.elements if isinstance(each, str)])

    def _root(self, inside: list[str]) -> str:
        attributes = {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {length(self.width)} {length(self.height)}",
            "width": length(self.width),
            "height": length(self.height),
            "role": "img",
            # Coordinates and anchors are left to right, whatever the page around.
            "direction": "ltr",
            "color": "#1b1f24",
            "font-family": "sans-serif",
            "font-size": length(FONT_SIZE),
        }
        about = [tag("title", {}, text=self.title), tag("desc", {}, text=self.description)]
        return tag("svg", attributes, about + inside)


def draw_chart(
    chart: Chart, table: Table, localizer: Localizer, frame: shapes.Frame = shapes.SCREEN
) -> Drawing:
    """Draw a chart of the table; raises ValueError for a column that the table lacks."""
    data = _data(chart, table, localizer, frame)
    elements: list[Element]
    if data.is_empty:
        text = localizer.labels.no_data
        elements, height = [TextElement(frame.width / 2, 44, text, "middle")], 76.0
    else:
        legend, top = _legend(data.series, frame.width)
        plot, height = _SHAPES[chart.shape](data, top)
        elements = legend + plot
    return Drawing(plain_text(chart.title), _description(data), frame.width, height, elements)


def _data(
    chart: Chart, table: Table, localizer: Localizer, frame: shapes.Frame
) -> shapes.ChartData:
    rows = table.rows[: chart.rows]
    place = table.position(chart.labels)
    kind, cells = table.columns[place].type, [row[place] for row in rows]
    places = map(table.position, chart.series)
    series = tuple(
        shapes.Series(
            plain_text(table.columns[place].title),
            table.columns[place].type,
            _values([row[place] for row in rows]),
            color,
            _DASHES[i // len(_PALETTE) % len(_DASHES)],
        )
        for i, (place, color) in enumerate(zip(places, cycle(_PALETTE), strict=False))
    )
    labels = tuple(localizer.cell(kind, cell) for cell in cells)
    return shapes.ChartData(labels, tuple(localizer.axis(kind, cells)), series, localizer, frame)


def _values(cells: list[Cell]) -> Values:
    return [
        max(-VALUE_MAX, min(VALUE_MAX, float(cell))) if isinstance(cell, int | float) else None
        for cell in cells
    ]


def _legend(series: tuple[shapes.Series, ...], width: float) -> tuple[list[Element], float]:
    """Return the legend and where the plot begins; one series needs no legend."""
    if len(series) == 1:
        return [], 14.0
    elements: list[Element] = []
    x, y = 0.0, 12.0
    for one in series:
        title = truncate(one.title, _LEGEND_WIDTH_MAX)
        step = 38 + text_width(title)
        if x and x + step > width:
            x, y = 0.0, y + 20
        elements += [_sample(one, x, y), TextElement(x + 18, y, title)]
        x += step
    return elements, y + 20


def _sample(one: shapes.Series, x: float, y: float) -> str:
    if one.dash:
        return path([(x, y - 4), (x + 14, y - 4)], color=one.color, dash=one.dash)
    return rectangle(x, y - 9, 12, 10, color=one.color)


def _description(data: shapes.ChartData) -> str:
    """Describe the drawing for screen readers; the table below it has the numbers."""
    labels, rows = data.localizer.labels, data.localizer.cell(CellType.INTEGER, len(data.labels))
    titles = ", ".join(one.title for one in data.series)
    if not data.labels:
        return labels.drawn.format(titles=titles, rows=rows)
    first, last = data.labels[0], data.labels[-1]
    return labels.drawn_between.format(titles=titles, rows=rows, first=first, last=last)
