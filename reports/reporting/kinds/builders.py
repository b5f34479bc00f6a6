"""Build the columns, facts, tables and charts that kinds of reports have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache
from itertools import count

from reports.analytics.metrics import Metrics, Row, click_through_rate
from reports.analytics.periods import Period
from reports.reporting.kinds.base import ReportQuery
from reports.reporting.results.cells import Cell, CellType
from reports.reporting.results.result import Chart, ChartShape, Column, Fact, Table

BAR_ROWS = 20
"""The most rows of a bar chart."""

CLICKS = Column("clicks", "Clicks", CellType.INTEGER)
CLICKS_BEFORE = Column("clicks_before", "Clicks before", CellType.INTEGER)
VISITORS = Column("visitors", "Visitors", CellType.INTEGER)
VIEWS = Column("views", "Views", CellType.INTEGER)
SHARE = Column("share", "Share of clicks", CellType.RATE)
CLICK_THROUGH = Column("click_through", "Click-through", CellType.RATE)
BOTS = Column("bots", "Bots", CellType.INTEGER)
LINK = Column("link", "Link", CellType.TEXT)
TITLE = Column("title", "Title", CellType.TEXT)
URL = Column("url", "Address", CellType.ADDRESS)
NUMBER = Column("number", "#", CellType.INTEGER)
GRID = Column("grid", "Grid", CellType.TEXT)
GRID_TITLE = Column("grid_title", "Grid", CellType.TEXT)
Columns = dict[Column, Sequence[Cell]]


def clicks_of(metrics: Metrics, query: ReportQuery) -> int:
    """Return the clicks of humans and, if the query includes them, bots."""
    return metrics.humans + metrics.bots * query.include_bots


def ratio(part: float, whole: float) -> float | None:
    """Return the ratio to four places, or None if the whole is zero."""
    return round(part / whole, 4) if whole else None


def shares(counts: Sequence[int]) -> list[float | None]:
    """Return the share of each count in the sum of all."""
    whole = sum(counts)
    return [ratio(each, whole) for each in counts]


def click_columns(query: ReportQuery, rows: Sequence[Row]) -> Columns:
    """Return columns of clicks, visitors and shares; the rows must add up to the total."""
    clicks = [clicks_of(row.metrics, query) for row in rows]
    visitors = [row.metrics.visitors for row in rows]
    return {CLICKS: clicks, VISITORS: visitors, SHARE: shares(clicks)}


def local(period: Period, moment: datetime | None) -> datetime | None:
    """Return the moment in the period's zone, with a fixed offset, as parsed from JSON."""
    if moment is None:
        return None
    shown = moment.astimezone(period.zone)
    return shown.replace(tzinfo=_fixed_offset(shown.utcoffset()))


@cache
def _fixed_offset(offset: timedelta | None) -> tzinfo:
    return timezone(offset or timedelta())


def total_facts(query: ReportQuery, now: Metrics, before: Metrics | None = None) -> list[Fact]:
    """Return clicks, visitors, views, click-through and, if the query includes them, bots.

    With an earlier period, each is followed by its value then and by its relative change.
    """
    facts: list[Fact] = []
    for column, value_of in _TOTALS.items():
        if column is BOTS and not query.include_bots:
            continue
        name, title, kind = column
        value = value_of(now, query)
        facts.append(Fact(name, title, kind, value))
        if before is not None:
            earlier = value_of(before, query)
            change = relative_change(value, earlier)
            facts += [
                Fact(f"{name}_before", f"{title} before", kind, earlier, before_of=name),
                Fact(f"{name}_change", f"{title}: change", CellType.RATE, change, change_of=name),
            ]
    return facts


_TOTALS: dict[Column, Callable[[Metrics, ReportQuery], float | None]] = {
    CLICKS: clicks_of,
    VISITORS: lambda metrics, query: metrics.visitors,
    VIEWS: lambda metrics, query: metrics.views,
    CLICK_THROUGH: lambda metrics, query: click_through_rate(metrics, metrics.views),
    BOTS: lambda metrics, query: metrics.bots,
}


def relative_change(now: float | None, before: float | None) -> float | None:
    """Return the relative change to four places, or None if `before` is zero."""
    return ratio(now - before, before) if now is not None and before else None


def table(
    name: str,
    title: str,
    columns: Mapping[Column, Iterable[Cell]],
    *,
    key: tuple[str, ...],
    note: str = "",
) -> Table:
    """Return a table of columns with their cells from top to bottom."""
    rows = list(zip(*columns.values(), strict=True))
    return Table(name, title, tuple(columns), rows, key, note)


def line_chart(charted: Table, labels: str, *series: str) -> Chart:
    """Return a line chart of all rows of a table, under its name."""
    rows = len(charted.rows)
    return Chart(charted.name, charted.title, ChartShape.LINE, charted.name, labels, series, rows)


def bar_chart(charted: Table, labels: Column, series: Column = CLICKS) -> Chart:
    """Return a bar chart of the first rows of a table, under its name."""
    shape, names = ChartShape.BAR, (series.name,)
    return Chart(charted.name, charted.title, shape, charted.name, labels.name, names, BAR_ROWS)


def numbered(full: Table, known: str, *columns: Column, note: str = "") -> Table:
    """Return a table with a row number, followed by some of the columns.

    Rows without a value in the column `known`, such as the sum of all others, have no number. The number and
    the first column are the key.
    """
    numbers = count(1)
    cells: Columns = {
        NUMBER: [None if cell is None else next(numbers) for cell in full.values(known)],
        **{column: full.values(column.name) for column in columns},
    }
    key = (NUMBER.name, columns[0].name)
    return table(full.name, full.title, cells, key=key, note=note)


def select_columns(full: Table, *names: str, key: tuple[str, ...]) -> Table:
    """Return a table with only the named columns; ignore names that it lacks."""
    found = {column.name: column for column in full.columns}
    columns = {found[name]: full.values(name) for name in names if name in found}
    return table(full.name, full.title, columns, key=key, note=full.note)


def limit_note(shown: int, total: int) -> str:
    """Return the note of a table that has only its first rows, or ''."""
    # Not localized: the result is stored once for readers in any locale.
    return f"The first {shown} of {total}." if shown < total else ""
