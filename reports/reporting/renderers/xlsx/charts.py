"""Charts that Excel draws itself, from the cells of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from xlsxwriter import Workbook

from reports.reporting.renderers.xlsx.cells import local, serial
from reports.reporting.renderers.xlsx.sheets import RowsSheet
from reports.reporting.results.cells import CellType
from reports.reporting.results.result import Chart, ChartShape, Column, Table

# In pixels.
_ROW = 20
_WIDTH = 760
_HEIGHT = 380
_HEIGHT_MAX = 1400
_BAR = 22

_VALUES = {CellType.RATE: {"num_format": "0%"}}
# Along an axis of moments, whole days would be drawn as one point.
_LABELS = {
    CellType.DAY: {"date_axis": True, "num_format": "yyyy-mm-dd"},
    CellType.MOMENT: {"text_axis": True, "num_format": "yyyy-mm-dd hh:mm"},
}


class _Label(str):
    """Text that stays text to XlsxWriter, which asks `float` whether it is a number."""

    __slots__ = ()

    def __float__(self) -> float:
        raise ValueError("Text")


class Drawn(NamedTuple):
    """A table where its cells are: in a sheet, `rows` of them below the header."""

    table: Table
    sheet: RowsSheet
    rows: int
    zone: ZoneInfo

    def cells(self, place: int, rows: int) -> list[Any]:
        """The range of a column's first rows."""
        return [self.sheet.get_name(), 1, place, rows, place]

    def values(self, place: int, rows: int) -> list[Any]:
        """What is in them, which whoever does not calculate shows."""
        shown = _SHOWN.get(self.table.columns[place].type, _same)
        cells = [row[place] for row in self.table.rows[:rows]]
        return [None if cell is None else shown(cell, self.zone) for cell in cells]


def add_charts(book: Workbook, drawn: Drawn, charts: Iterable[Chart]) -> None:
    """The charts of the table, one below the other on its right. Of no rows, or no
    series, there is none."""
    line = 1
    for chart in charts:
        rows = min(chart.rows, drawn.rows)
        if rows > 0 and chart.series:
            height = _SHAPES[chart.shape].height(rows)
            native = _native(book, drawn, chart, rows)
            native.set_size({"width": _WIDTH, "height": height})
            drawn.sheet.insert_chart(line, len(drawn.table.columns) + 1, native)
            line += height // _ROW + 2


def _native(book: Workbook, drawn: Drawn, chart: Chart, rows: int) -> Any:
    shape, columns = _SHAPES[chart.shape], drawn.table.columns
    labels = drawn.table.position(chart.labels)
    series = [drawn.table.position(name) for name in chart.series]
    native = book.add_chart({"type": chart.shape.value})
    for place in series:
        native.add_series(_series(drawn, labels, place, rows))
    # Set as an option, a title such as "=A!B1" would be a formula.
    native.set_title({})
    native.title.name = chart.title
    set_labels, set_values = (getattr(native, setter) for setter in shape.axes)
    set_labels({**_LABELS.get(columns[labels].type, {}), **shape.labels})
    set_values(_values(columns[place] for place in series))
    native.set_legend({"position": "bottom", "none": len(series) == 1})
    return native


def _series(drawn: Drawn, labels: int, place: int, rows: int) -> dict[str, Any]:
    return {
        "name": [drawn.sheet.get_name(), 0, place],
        "name_data": [_Label(drawn.table.columns[place].title)],
        "categories": drawn.cells(labels, rows),
        "categories_data": drawn.values(labels, rows),
        "values": drawn.cells(place, rows),
        "values_data": drawn.values(place, rows),
    }


def _values(series: Iterable[Column]) -> dict[str, Any]:
    kinds = {column.type for column in series}
    return _VALUES.get(kinds.pop(), {}) if len(kinds) == 1 else {}


class _Shape(NamedTuple):
    """What sets the axes of the labels and of the values, further options of the former, and the height for
    so many rows."""

    axes: tuple[str, str] = ("set_x_axis", "set_y_axis")
    labels: dict[str, Any] = {}
    height: Callable[[int], int] = lambda rows: _HEIGHT


_SHAPES = {
    ChartShape.LINE: _Shape(),
    ChartShape.COLUMN: _Shape(),
    # Excel puts the first bar at the bottom. Turned round, the values are below if they cross at the end.
    ChartShape.BAR: _Shape(
        axes=("set_y_axis", "set_x_axis"),
        labels={"reverse": True, "crossing": "max"},
        height=lambda rows: min(max(_HEIGHT, 120 + _BAR * rows), _HEIGHT_MAX),
    ),
}


def _same(value: Any, zone: ZoneInfo) -> Any:
    return value


def _label(value: str, zone: ZoneInfo) -> str:
    return _Label(value)


def _flag(value: bool, zone: ZoneInfo) -> str:
    return _Label(str(value).upper())


def _day(value: date, zone: ZoneInfo) -> float:
    return serial(datetime.combine(value, time()))


def _moment(value: datetime, zone: ZoneInfo) -> float:
    return serial(local(value, zone))


_SHOWN: dict[CellType, Callable[[Any, ZoneInfo], Any]] = {
    CellType.TEXT: _label,
    CellType.ADDRESS: _label,
    CellType.FLAG: _flag,
    CellType.DAY: _day,
    CellType.MOMENT: _moment,
}
