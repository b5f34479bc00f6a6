"""Measure writing XLSX against XlsxWriter: `make bench-xlsx`.

A table of generated clicks becomes a workbook by Gridlink's way, in which PostgreSQL writes the rows,
and by XlsxWriter in its constant-memory mode, from a server-side cursor. Both are done in turns, each
time in a process of its own, from the query to the finished file.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import openpyxl
import psycopg2
import xlsxwriter
from django.db import connection

from bench.command import options
from bench.report import conclude, say, show
from bench.servers import database, stop_gently
from reports.xlsx.cells import BOOLEAN, INTEGER, TEXT, TIMESTAMP, VERBATIM, SheetColumn, row_xml
from reports.xlsx.frames import RowPacker, frames
from reports.xlsx.workbook import Workbook

TARGET = 8
_KINDS = {
    "id": INTEGER, "clicked_on": TIMESTAMP, "link": TEXT, "url": TEXT, "country": TEXT, "referrer": TEXT,
    "language": TEXT, "source": TEXT, "is_bot": BOOLEAN, "visitor": INTEGER,
}  # fmt: skip
_TABLE = """
CREATE TABLE bench_row AS
SELECT n AS id, timestamp '2026-01-01' + n * interval '3.7 s' AS clicked_on, 'li_' || md5(n::text) AS link,
    'https://example.org/articles/' || n % 5000 || '?a=1&b=2' AS url,
    chr(65 + n % 26) || chr(65 + n % 7) AS country, 'site-' || n % 400 || '.example' AS referrer,
    (ARRAY['en', 'de', 'fr', 'es', 'ja'])[1 + n % 5] AS language,
    CASE WHEN n % 5 < 3 THEN '' ELSE 'newsletter' END AS source, n % 20 = 7 AS is_bot,
    CASE WHEN n % 10 > 0 THEN n::bigint * 7919 % 1000003 END AS visitor
FROM generate_series(1, %s) AS n
"""
_SELECT = f"SELECT {', '.join(_KINDS)} FROM bench_row ORDER BY id"
_COMPARED = 2_000
_FETCHED = 2_000


class Run(NamedTuple):
    """Hold the seconds of a run and its process's peak memory in MB."""

    seconds: float
    peak: int


def main() -> int:
    """Measure and report; return the exit code."""
    asked = options(__doc__, rows=200_000, turns=3)
    stop_gently()
    with tempfile.TemporaryDirectory() as name, database("xlsx"):
        _make(asked.rows)
        turns = [_turn(turn, Path(name)) for turn in range(asked.turns)]
    return _report(asked.rows, turns)


def _make(rows: int) -> None:
    say(f"Making {rows:,} rows")
    with connection.cursor() as cursor:
        cursor.execute(_TABLE.replace("%", "%%").replace("%%s", "%s"), [rows])
        cursor.execute("ALTER TABLE bench_row ADD PRIMARY KEY (id)")
        cursor.execute("VACUUM ANALYZE bench_row")


def _turn(turn: int, folder: Path) -> tuple[Run, Run]:
    say(f"Turn {turn + 1}")
    ours, theirs = folder / "ours.xlsx", folder / "theirs.xlsx"
    runs = _apart(partial(_ours, ours)), _apart(partial(_theirs, theirs))
    if turn == 0 and _first_rows(ours) != _first_rows(theirs):
        raise RuntimeError("The two files do not say the same")
    return runs


def _apart(work: Callable[[str], None]) -> Run:
    """Run `work` in a new process, whose memory is that of the work alone."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured, work, _dsn()).result()


def _measured(work: Callable[[str], None], dsn: str) -> Run:
    before = perf_counter()
    work(dsn)
    seconds = perf_counter() - before
    return Run(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)


def _dsn() -> str:
    connection.ensure_connection()
    return str(connection.connection.dsn)


def _ours(path: Path, dsn: str) -> None:
    columns = [SheetColumn(name, kind) for name, kind in _KINDS.items()]
    statement = (
        f"COPY (SELECT {row_xml(columns)} FROM ({_SELECT}) AS rows) TO STDOUT WITH ({VERBATIM})"
    )
    with tempfile.TemporaryFile(dir=path.parent) as part, path.open("wb") as out:
        with psycopg2.connect(dsn).cursor() as cursor, RowPacker(part) as packer:
            cursor.copy_expert(statement, packer)
        part.seek(0)
        book = Workbook(out, columns)
        book.add(frames(part))
        book.close()


def _theirs(path: Path, dsn: str) -> None:
    options = {
        "constant_memory": True, "strings_to_urls": False, "strings_to_formulas": False,
        "strings_to_numbers": False, "default_date_format": "yyyy-mm-dd hh:mm:ss",
    }  # fmt: skip
    with (
        xlsxwriter.Workbook(path, options) as book,
        psycopg2.connect(dsn).cursor("rows") as cursor,
    ):
        sheet = book.add_worksheet("Gridlink")
        sheet.write_row(0, 0, _KINDS)
        cursor.itersize = _FETCHED
        cursor.execute(_SELECT)
        for number, row in enumerate(cursor, 1):
            sheet.write_row(number, 0, row)


def _first_rows(path: Path) -> list[tuple[Any, ...]]:
    sheet = openpyxl.load_workbook(path, read_only=True)["Gridlink"]
    # An empty text is one to us, and an empty cell to XlsxWriter.
    return [
        tuple(None if value == "" else value for value in row)
        for row in islice(sheet.iter_rows(values_only=True), _COMPARED)
    ]


def _report(rows: int, turns: list[tuple[Run, Run]]) -> int:
    sides = dict(zip(("Gridlink", "XlsxWriter"), zip(*turns, strict=True), strict=True))
    headings = [f"turn {turn + 1}, s" for turn in range(len(turns))]
    lines = [
        [
            name,
            *(f"{run.seconds:.2f}" for run in runs),
            f"{rows / median(run.seconds for run in runs):,.0f}",
            str(max(run.peak for run in runs)),
        ]
        for name, runs in sides.items()
    ]
    show(
        f"{rows:,} rows of {len(_KINDS)} columns",
        ["", *headings, "rows/s at the median", "peak, MB"],
        lines,
    )
    # Of each turn, since a machine is faster now and slower then.
    ratio = median(theirs.seconds / ours.seconds for ours, theirs in turns)
    peak = max(ours.peak for ours, _ in turns)
    return conclude(
        "xlsx", ratio=round(ratio, 1), target=TARGET, peak_mb=peak, holds=ratio >= TARGET
    )


if __name__ == "__main__":
    sys.exit(main())
