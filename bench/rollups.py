"""What roll-ups save: a year's report from them, from the raw rows, and by DuckDB. `make bench-rollups`.

One account's clicks of twelve months, 10 M on a grid with 2,000 links, are made by SQL and rolled up as
`manage.py rebuild_rollups` does it. Reports are of one grid, and of the account; `--grids` spreads the same
clicks over several, and asks for the sum of all. DuckDB has the same rows in a Parquet file of the columns
that are asked for. Each question is put to the three in turns, and all must give the same numbers.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import duckdb
from django.db import connection

from bench.command import options
from bench.report import conclude, in_ms, say, show
from bench.servers import database, stop_gently
from bench.year import load_clicks, roll_up
from reports.clicks.storage.partitions import today
from reports.models import Dimension

RATIO = 100
_ROWS, _DAYS, _GRIDS = 10_000_000, 365, 1
# A raw query takes seconds: fewer of them. DuckDB's and ours are quick and vary.
_ROUNDS, _RAW_ROUNDS = 30, 3
_EXPORT = """
COPY (
    SELECT (clicked_on AT TIME ZONE 'UTC') AS clicked_on, user_id, grid_id, link_id, visitor,
        is_first_on_grid, verdict, country
    FROM reports_click
) TO STDOUT (FORMAT csv, HEADER)
"""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the roll-ups, and of raw rows in PostgreSQL and DuckDB alike."""

    name: str
    rollups: str
    raw: str


def _questions(first: date, last: date, number: int) -> list[Question]:
    raw_where = (
        f"WHERE user_id = 1 AND clicked_on >= '{first}' AND clicked_on < '{last + timedelta(1)}'"
    )
    humans = "count(*) FILTER (WHERE verdict = 0)"
    visitors = "count(*) FILTER (WHERE is_first_on_grid)"
    grids = f"grid_id IN ({', '.join(map(str, range(1, number + 1)))})"
    sources = {
        "grids": f"reports_grid_{{}} WHERE {grids}",
        "account": "reports_user_{} WHERE user_id = 1",
    }
    return [
        question
        for name, source in sources.items()
        for question in (
            Question(
                f"clicks and visitors per day, {name}",
                f"""SELECT (hour AT TIME ZONE 'UTC')::date AS day, sum(humans), sum(visitors)
                FROM {source.format("hour")}
                    AND hour >= '{first} 00:00+00' AND hour < '{last + timedelta(1)} 00:00+00'
                GROUP BY 1 ORDER BY 1""",
                f"SELECT {{day}} AS day, {humans}, {visitors} FROM {{clicks}} {raw_where}"
                " GROUP BY 1 ORDER BY 1",
            ),
            Question(
                f"clicks and visitors by country, {name}",
                f"""SELECT value, sum(humans), sum(visitors) FROM {source.format("day_value")}
                    AND dimension = {Dimension.COUNTRY.value} AND day BETWEEN '{first}' AND '{last}'
                GROUP BY 1 ORDER BY 2 DESC, 1""",
                f"SELECT country, {humans}, {visitors} FROM {{clicks}} {raw_where}"
                " GROUP BY 1 ORDER BY 2 DESC, 1",
            ),
        )
    ]


def main() -> int:
    """Load, measure, report; returns the exit code."""
    asked = options(__doc__, rows=_ROWS, grids=_GRIDS)
    rows, grids = max(_DAYS, asked.rows), asked.grids
    stop_gently()
    with database("rollups"), tempfile.TemporaryDirectory(prefix="gridlink-bench-") as folder:
        last = today() - timedelta(days=1)
        first = last - timedelta(days=_DAYS - 1)
        _timed(f"Making {rows:,} clicks", lambda: load_clicks(first, last, rows, grids))
        _timed("Rolling them up", lambda: roll_up(first, last))
        parquet = Path(folder) / "clicks.parquet"
        _timed("Writing them as Parquet", lambda: _export(Path(folder) / "clicks.csv", parquet))
        return _measure(_questions(first, last, grids), parquet, rows)


def _timed(what: str, work: Callable[[], None]) -> None:
    say(what)
    before = perf_counter()
    work()
    say(f"  took {perf_counter() - before:.0f} s")


def _export(csv: Path, parquet: Path) -> None:
    with connection.cursor() as cursor, csv.open("wb") as file:
        cursor.copy_expert(_EXPORT, file)
    duckdb.sql(f"COPY (SELECT * FROM read_csv('{csv}')) TO '{parquet}' (FORMAT parquet)")
    csv.unlink()


def _measure(questions: list[Question], parquet: Path, rows: int) -> int:
    table, ratios, holds = [], [], True
    for question in questions:
        ours, raw, duck = _answer_times(question, parquet)
        ratios.append(raw / ours)
        ok = raw / ours >= RATIO and ours <= duck
        holds = holds and ok
        figures = [in_ms(ours), in_ms(raw), in_ms(duck), f"{raw / ours:.0f}", f"{duck / ours:.1f}"]
        table.append([question.name, *figures, "yes" if ok else "NO"])
    columns = ["ms, median", "roll-ups", "raw SQL", "DuckDB", "raw ÷ roll-ups"]
    title = f"Twelve months over {rows:,} clicks"
    show(title, [*columns, "DuckDB ÷ roll-ups", f"≥ {RATIO} and ≥ 1"], table)
    return conclude("rollups", ratio=round(min(ratios)), target=RATIO, rows=rows, holds=holds)


def _answer_times(question: Question, parquet: Path) -> tuple[float, float, float]:
    """The median seconds from the roll-ups, from the raw rows and by DuckDB; all answers are the same."""
    day = "(clicked_on AT TIME ZONE 'UTC')::date"
    raw = question.raw.format(day=day, clicks="reports_click")
    other = question.raw.format(day="clicked_on::date", clicks=f"read_parquet('{parquet}')")
    asked: list[tuple[Callable[[], list[Any]], list[float]]] = [
        (lambda: _select(question.rollups), []),
        (lambda: _select(raw), []),
        (lambda: duckdb.execute(other).fetchall(), []),
    ]
    for number in range(_ROUNDS):
        answers = []
        for index, (ask, taken) in enumerate(asked):
            if index != 1 or number < _RAW_ROUNDS:
                before = perf_counter()
                answers.append(ask())
                taken.append(perf_counter() - before)
        assert all(answer == answers[0] for answer in answers), "the numbers differ"
    ours, of_raw, of_duck = (median(taken) for _, taken in asked)
    return ours, of_raw, of_duck


def _select(query: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


if __name__ == "__main__":
    sys.exit(main())
