"""Add charts that Excel draws from the cells of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, time
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

_VALUE_AXES = {CellType.RATE: {"num_format": "0%"}}
# Along a date axis, moments would be drawn as one point for each day.
_LABEL_AXES = {
    CellType.DAY: {"date_axis": True, "num_format": "yyyy-mm-dd"},
    CellType.MOMENT: {"text_axis": True, "num_format": "yyyy-mm-dd hh:mm"},
}


class _Text(str):
    """Represent text that XlsxWriter, which tries `float`, must not take for a number."""

    __slots__ = ()

    def __float__(self) -> float:
        raise ValueError("Text")


class TableSheet(NamedTuple):
    """Locate a table's cells: in a sheet, `rows` of them below the header."""

    table: Table
    sheet: RowsSheet
    rows: int
    zone: ZoneInfo

    def cells(self, place: int, rows: int) -> list[Any]:
        """Return the range of a column's first rows."""
        return [self.sheet.get_name(), 1, place, rows, place]

    def values(self, place: int, rows: int) -> list[Any]:
        """Return their values, for programs that do not calculate."""
        cells = [row[place] for row in self.table.rows[:rows]]
        convert = _CACHED_VALUES.get(self.table.columns[place].type)
        if convert is None:
            return cells
        return [None if cell is None else convert(cell, self.zone) for cell in cells]


def add_charts(book: Workbook, table_sheet: TableSheet, charts: Iterable[Chart]) -> None:
    """Add the charts one below the other, to the right of the table.

    A chart without rows or series is left out.
    """
    line = 1
    for chart in charts:
        rows = min(chart.rows, table_sheet.rows)
        if rows > 0 and chart.series:
            height = _SHAPES[chart.shape].height(rows)
            native = _native(book, table_sheet, chart, rows)
            native.set_size({"width": _WIDTH, "height": height})
            table_sheet.sheet.insert_chart(line, len(table_sheet.table.columns) + 1, native)
            line += height // _ROW + 2


def _native(book: Workbook, table_sheet: TableSheet, chart: Chart, rows: int) -> Any:
    shape, table = _SHAPES[chart.shape], table_sheet.table
    labels = table.position(chart.labels)
    series = [table.position(name) for name in chart.series]
    native = book.add_chart({"type": chart.shape.value})
    for place in series:
        native.add_series(
            {
                "name": [table_sheet.sheet.get_name(), 0, place],
                "name_data": [_Text(table.columns[place].title)],
                "categories": table_sheet.cells(labels, rows),
                "categories_data": table_sheet.values(labels, rows),
                "values": table_sheet.cells(place, rows),
                "values_data": table_sheet.values(place, rows),
            }
        )
    # Set as an option, a title such as "=A!B1" would be a formula.
    native.set_title({})
    native.title.name = chart.title
    set_labels, set_values = (getattr(native, setter) for setter in shape.axes)
    set_labels({**_LABEL_AXES.get(table.columns[labels].type, {}), **shape.labels})
    set_values(_value_axis(table.columns[place] for place in series))
    native.set_legend({"position": "bottom", "none": len(series) == 1})
    return native


def _value_axis(series: Iterable[Column]) -> dict[str, Any]:
    kinds = {column.type for column in series}
    return _VALUE_AXES.get(kinds.pop(), {}) if len(kinds) == 1 else {}


class _Shape(NamedTuple):
    """Hold the setters of label and value axes, options of the former, and the height."""

    axes: tuple[str, str] = ("set_x_axis", "set_y_axis")
    labels: dict[str, Any] = {}
    height: Callable[[int], int] = lambda rows: _HEIGHT


_SHAPES = {
    ChartShape.LINE: _Shape(),
    # Excel puts the first bar at the bottom. With the axis reversed, the values are below if they cross at
    # the maximum.
    ChartShape.BAR: _Shape(
        axes=("set_y_axis", "set_x_axis"),
        labels={"reverse": True, "crossing": "max"},
        height=lambda rows: min(max(_HEIGHT, 120 + _BAR * rows), _HEIGHT_MAX),
    ),
}


_CACHED_VALUES: dict[CellType, Callable[[Any, ZoneInfo], Any]] = {
    CellType.TEXT: lambda value, zone: _Text(value),
    CellType.ADDRESS: lambda value, zone: _Text(value),
    CellType.FLAG: lambda value, zone: _Text(str(value).upper()),
    CellType.DAY: lambda value, zone: serial(datetime.combine(value, time())),
    CellType.MOMENT: lambda value, zone: serial(local(value, zone)),
}
