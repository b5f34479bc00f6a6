"""Provide results to render: one known to the last cell, and a strategy for any."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from reports.reporting.results.cells import CellType
from reports.reporting.results.json_stream import json_lines
from reports.reporting.results.result import Chart, ChartShape, Column, Fact, Result, Table

ZONE = "Europe/Berlin"
BERLIN = ZoneInfo(ZONE)

DAYS = Table(
    name="days",
    title="By day",
    columns=(
        Column("day", "Day", CellType.DAY),
        Column("humans", "Clicks of people", CellType.INTEGER),
        Column("change", "Change", CellType.RATE),
    ),
    rows=[
        (date(2026, 3, 28), 1200, None),
        (date(2026, 3, 29), 300, -0.75),
        (date(2026, 3, 30), 0, -1.0),
    ],
    key=("day",),
    note="Days without clicks are left out.",
)
LINKS = Table(
    name="links",
    title="Links: top/all [2026]",
    columns=(
        Column("title", "Title", CellType.TEXT),
        Column("url", "Address", CellType.ADDRESS),
        Column("mean", "Clicks per day", CellType.NUMBER),
        Column("is_gone", "Gone", CellType.FLAG),
        Column("last_on", "Last click", CellType.MOMENT),
    ),
    rows=[
        (
            "=1+1", "https://a.example/?b=1&c=<2>", 12.5, False,
            datetime(2026, 3, 29, 3, 0, 1, 500_000, BERLIN),
        ),
        ('Say "hi", _x0041_', "javascript:alert(1)", 0.1, True, None),
        ("", None, None, None, None),
    ],
    key=("title", "url"),
)  # fmt: skip
RESULT = Result(
    kind="sample",
    title="A <sample>",
    subtitle="All grids, 28 to 30 March 2026",
    zone=ZONE,
    facts=(
        Fact("humans", "Clicks of people", CellType.INTEGER, 1500),
        Fact("change", "Change", CellType.RATE, 0.25),
        Fact("best", "Best day", CellType.DAY, date(2026, 3, 28)),
        Fact("top", "Top link", CellType.TEXT, "@home"),
        Fact("none", "Not known", CellType.NUMBER, None),
    ),
    tables=(DAYS, LINKS),
    charts=(
        Chart("over_time", "=Day!A1", ChartShape.LINE, "days", "day", ("humans",), 400),
        Chart("changes", "Changes", ChartShape.BAR, "days", "day", ("humans", "change"), 2),
        Chart("top", "Top links", ChartShape.BAR, "links", "title", ("mean",), 2),
    ),
    remarks=("Clicks of bots are not counted.",),
)

# What one format or the other could stumble over.
PIECES = (
    "=1+1", "+1", "-1", "@x", "\t", "\r", "\n", "\0", "\x0b", "\x1b", "\x7f", "\x85", "\u2028", "\ufffe",
    "\uffff", "\ufdd0", "\U0001ffff", "\ud800", "_x0041_", "_x", "_", ",", ";", '"', "'", '""', "\\",
    "<b>", "</t>", "&amp;", "&", "]]>", "<!--", "#let x = 1", "$x$", "*b*", "#read(\"/etc/passwd\")", "[",
    "{{ x }}", " ", "\u00a0", "\u200b", "\u202e", "שלום", "مرحبا", "日本語", "😀", "👩‍👩‍👧", "e\u0301", "NaN",
    "true", "007", "1e5", "https://a.example/?b=1&c=2", "javascript:alert(1)", "'=1",
)  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=5).map("".join) | st.text(
    st.characters(exclude_categories=[]), max_size=20
)
_VALUES: dict[CellType, st.SearchStrategy[Any]] = {
    CellType.TEXT: texts,
    CellType.ADDRESS: texts,
    CellType.INTEGER: st.integers(-(2**63), 2**63 - 1),
    CellType.NUMBER: st.floats(allow_nan=False, allow_infinity=False),
    CellType.RATE: st.floats(-1e6, 1e6),
    CellType.FLAG: st.booleans(),
    CellType.DAY: st.dates(date(1800, 1, 1), date(2999, 12, 31)),
    CellType.MOMENT: st.integers(-2_500_000_000_000, 7_000_000_000_000).map(
        lambda ms: (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).astimezone(
            BERLIN
        )
    ),
}
_NUMBERS = {CellType.INTEGER, CellType.NUMBER, CellType.RATE}
_CELLS = {kind: st.none() | values for kind, values in _VALUES.items()}
_kinds = st.sampled_from(list(CellType))
_columns = st.lists(st.tuples(texts, _kinds), min_size=1, max_size=5).map(
    lambda drawn: tuple(Column(f"column_{n}", *each) for n, each in enumerate(drawn))
)
_facts = _kinds.flatmap(
    lambda kind: st.builds(Fact, st.just(kind.value), texts, st.just(kind), _CELLS[kind])
)


@st.composite
def _tables(draw: st.DrawFn) -> Table:
    columns = draw(_columns)
    row = st.tuples(*(_CELLS[column.type] for column in columns))
    rows = draw(st.lists(row, max_size=4))
    return Table("", draw(texts), columns, rows, (columns[0].name,), draw(texts))


@st.composite
def _charts(draw: st.DrawFn, table: Table) -> Chart:
    series = tuple(column.name for column in table.columns if column.type in _NUMBERS)
    labels = draw(st.sampled_from(table.columns)).name
    shape, rows = draw(st.sampled_from(list(ChartShape))), draw(st.integers(0, 6))
    return Chart("chart", draw(texts), shape, table.name, labels, series, rows)


@st.composite
def results(draw: st.DrawFn) -> Result:
    """Any result, of three tables at most, each with a chart of all its numbers."""
    drawn = draw(st.lists(_tables(), max_size=3))
    tables = tuple(replace(table, name=f"table_{n}") for n, table in enumerate(drawn))
    return Result(
        kind="any",
        title=draw(texts),
        subtitle=draw(texts),
        zone=ZONE,
        facts=tuple(draw(st.lists(_facts, max_size=3))),
        tables=tables,
        charts=tuple(draw(_charts(table)) for table in tables),
        remarks=tuple(draw(st.lists(texts, max_size=2))),
    )


def result_json(result: Result) -> dict[str, Any]:
    """Parse the JSON that is stored of a result."""
    parsed: dict[str, Any] = json.loads("".join(json_lines(result)))
    return parsed


def large(rows: int) -> Result:
    """A result of so many rows of eight columns, each of another type, with a chart of the first."""
    columns = tuple(Column(kind.value, kind.value.title(), kind) for kind in CellType)
    first = datetime(2026, 1, 1, tzinfo=BERLIN)
    made = [
        (
            f"Link & number {n}",
            f"https://example.org/some/path/{n}?a=1&b={n * 7}",
            n * 3,
            n / 7,
            n / rows,
            n % 2 == 0,
            first.date() + timedelta(n % 365),
            first + timedelta(seconds=n),
        )
        for n in range(rows)
    ]
    table = Table("links", "Links", columns, made, ("address",))
    chart = Chart("top", "Top links", ChartShape.BAR, "links", "text", ("integer",), 30)
    return Result("large", "Large", "All of it", ZONE, (), (table,), (chart,))
