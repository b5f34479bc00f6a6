"""Cells, columns and facts that several kinds of report have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache
from itertools import count as counter
from typing import TYPE_CHECKING

from reports.analytics.metrics import Metrics, click_through_rate
from reports.analytics.periods import Period
from reports.reporting.results.cells import Cell, CellType
from reports.reporting.results.result import Chart, ChartShape, Column, Fact, Table

if TYPE_CHECKING:
    from reports.reporting.kinds.base import Question

DRAWN = 20
"""So many rows of a bar chart are drawn."""

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


def clicks_of(numbers: Metrics, question: Question) -> int:
    """Those of humans and, if the question includes them, bots."""
    return numbers.humans + numbers.bots * question.include_bots


def ratio(part: float, whole: float) -> float | None:
    """To four places; None of nothing."""
    return round(part / whole, 4) if whole else None


def shares(counts: Sequence[int]) -> list[float | None]:
    """Of each in all of them."""
    whole = sum(counts)
    return [ratio(count, whole) for count in counts]


def local(period: Period, moment: datetime | None) -> datetime | None:
    """The moment as the zone's clocks show it, with its offset then: two that they show alike, as when they
    are put back, stay different, and equal what is read again from JSON."""
    if moment is None:
        return None
    shown = moment.astimezone(period.zone)
    return shown.replace(tzinfo=_fixed(shown.utcoffset()))


@cache
def _fixed(offset: timedelta | None) -> tzinfo:
    """One for all moments: there may be a hundred thousand of them."""
    return timezone(offset or timedelta())


def headline(question: Question, now: Metrics, before: Metrics | None = None) -> list[Fact]:
    """Clicks, visitors, views, click-through and, if the question includes them, bots; with what each was in
    an earlier period, if there is one, and by what part of that it has changed: None from nothing."""
    shown = [*_COUNTS, *([_BOTS_COUNT] if question.include_bots else [])]
    return [
        fact for column, count in shown for fact in _facts(column, count, question, now, before)
    ]


Count = Callable[[Metrics, "Question"], float | None]


def _facts(
    column: Column, count: Count, question: Question, now: Metrics, before: Metrics | None
) -> list[Fact]:
    name, title, kind = column
    value = count(now, question)
    if before is None:
        return [Fact(name, title, kind, value)]
    earlier = count(before, question)
    return [
        Fact(name, title, kind, value),
        Fact(f"{name}_before", f"{title} before", kind, earlier, before_of=name),
        Fact(
            f"{name}_change",
            f"{title}: change",
            CellType.RATE,
            change(value, earlier),
            change_of=name,
        ),
    ]


_COUNTS: list[tuple[Column, Count]] = [
    (CLICKS, clicks_of),
    (VISITORS, lambda numbers, _: numbers.visitors),
    (VIEWS, lambda numbers, _: numbers.views),
    (CLICK_THROUGH, lambda numbers, _: click_through_rate(numbers, numbers.views)),
]
_BOTS_COUNT: tuple[Column, Count] = (BOTS, lambda numbers, _: numbers.bots)


def change(now: float | None, before: float | None) -> float | None:
    """By what part of what it was, to four places; None from nothing."""
    return ratio(now - before, before) if now is not None and before else None


def table(
    name: str,
    title: str,
    columns: Mapping[Column, Iterable[Cell]],
    *,
    key: tuple[str, ...],
    note: str = "",
) -> Table:
    """A table of its columns, each with its cells from top to bottom."""
    rows = list(zip(*columns.values(), strict=True))
    return Table(name, title, tuple(columns), rows, key, note)


def bars(shown: Table, labels: Column, *series: Column) -> Chart:
    """A bar chart of the first rows of a table, under its name: of clicks, unless other columns are named."""
    names = tuple(column.name for column in (series or (CLICKS,)))
    return Chart(shown.name, shown.title, ChartShape.BAR, shown.name, labels.name, names, DRAWN)


def first_of(found: Table, known: str, *columns: Column, note: str = "") -> Table:
    """Some columns of a table, where there is little room: behind a number for each row that has `known`, and
    so is not what is left over. The number and the first column are its key."""
    numbers = counter(1)
    places = [found.position(column.name) for column in columns]
    rows = [
        (None if cell is None else next(numbers), *(row[place] for place in places))
        for row, cell in zip(found.rows, found.values(known), strict=True)
    ]
    key = (NUMBER.name, columns[0].name)
    return Table(found.name, found.title, (NUMBER, *columns), rows, key, note)


def only(found: Table, *names: str, key: tuple[str, ...]) -> Table:
    """Some columns of a table, those that it has, and what tells its rows apart all the same."""
    places = [
        place for name in names for place, each in enumerate(found.columns) if each.name == name
    ]
    columns = tuple(found.columns[place] for place in places)
    rows = [tuple(row[place] for place in places) for row in found.rows]
    return Table(found.name, found.title, columns, rows, key, found.note)


def left_out(shown: int, total: int) -> str:
    """The note of a table that has only the first of its rows; '' when it has all."""
    # Kept as it is said, for readers to some of whom 1,000 is one.
    return f"The first {shown} of {total}." if shown < total else ""
