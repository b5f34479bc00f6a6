"""Exports of clicks against psql: from the request to the finished file. `make bench-export`.

One account's clicks of twelve months are made by SQL and rolled up. In turns, `psql` copies out what the
very query of the CSV gives, and a web process and a worker, started as the Procfile does, are asked for
exports of the same clicks, one after another. The worker's memory is that of the largest of its processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from django.db import connection
from psycopg2.extensions import make_dsn

from bench.command import options
from bench.load import Size, load, token_of
from bench.report import conclude, say, show
from bench.servers import (
    Site,
    database,
    server_url,
    stop_gently,
    web,
    worker,
    worker_memory,
)
from bench.year import load_clicks, roll_up
from gridlink.lib.postgres_files import PACKAGE, PROGRAMS
from gridlink.lib.server_process import EmbeddedError, package_folder
from reports.clicks.rollups import watermark
from reports.clicks.storage.partitions import today
from reports.exports.compression import Uncompressed
from reports.exports.formats import csv
from reports.exports.sources.base import Piece, Wish
from reports.exports.sources.clicks import ClicksSource

_ROWS, _TURNS, _DAYS = 5_000_000, 3, 365
_ONE = Size(users=1, grids=1, links=2_000)
_LOOK_EVERY, _GIVE_UP = 0.05, 1800
_MEMORY = 200


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked for, and how many times as fast as psql it should be."""

    format: str
    compression: str
    target: float


_CASES = (
    Case("csv", "none", 1.25),
    Case("csv", "gzip", 1.4),
    Case("csv", "zstd", 1.2),
    Case("parquet", "none", 1.0),
    Case("jsonl", "none", 0.5),
)


def main() -> int:
    """Load, measure, report; returns the exit code."""
    asked = options(__doc__, rows=_ROWS, turns=_TURNS)
    stop_gently()
    with database("export") as name, tempfile.TemporaryDirectory() as folder:
        _load(asked.rows)
        script = _script(Path(folder))
        with web(name) as site, worker(name):
            turns = [_turn(turn, site, name, script) for turn in range(asked.turns + 1)][1:]
            memory = max(worker_memory(), default=0)
    return _report(asked.rows, turns, memory)


def _load(rows: int) -> None:
    say(f"Making {rows:,} clicks")
    load(_ONE)
    last = today() - timedelta(days=1)
    first = last - timedelta(days=_DAYS - 1)
    load_clicks(first, last, rows, grids=1)
    say("Rolling them up")
    roll_up(first, last)
    with connection.cursor() as cursor:
        watermark.advance(cursor)
        cursor.execute("ANALYZE")


def _script(folder: Path) -> Path:
    r"""A script for psql that \copies what the CSV holds."""
    source = ClicksSource(Wish(1, "csv"))
    plan = source.plan()
    whole = Piece(plan.rows, plan.pieces[0].start, plan.pieces[-1].end)
    form = csv.CsvFormat(source.chosen, source.wish.style, Uncompressed())
    query = " ".join(source.query(plan, whole).select(form.written()).split())
    script = folder / "copy.sql"
    script.write_text(rf"\copy ({query}) TO '{folder / 'psql.csv'}' WITH (FORMAT csv)" + "\n")
    return script


def _turn(turn: int, site: Site, name: str, script: Path) -> tuple[float, list[float]]:
    """The seconds of psql, and of each case. The first turn is for the caches."""
    say(f"Turn {turn}" if turn else "Warming up")
    before = time.perf_counter()
    command = [_psql(), "-q", "-v", "ON_ERROR_STOP=1", make_dsn(server_url(), dbname=name)]
    subprocess.run([*command, "-f", script], check=True, env={**os.environ, "PGTZ": "UTC"})
    psql = time.perf_counter() - before
    return psql, [_export(site, case) for case in _CASES]


def _psql() -> str:
    """That of the embedded server where there is one, since it is of the same version."""
    with suppress(EmbeddedError):
        return str(package_folder(PACKAGE) / PROGRAMS / "psql")
    return "psql"


def _export(site: Site, case: Case) -> float:
    wish = {"kind": "clicks", "format": case.format, "compression": case.compression}
    before = time.perf_counter()
    _, job = site.ask("/api/v1/exports/", token=token_of(1), body=wish)
    while job["finished_on"] is None:
        if time.perf_counter() - before > _GIVE_UP:
            raise RuntimeError(f"The export did not end: {job}")
        time.sleep(_LOOK_EVERY)
        _, job = site.ask(f"/api/v1/jobs/{job['slug']}/", token=token_of(1))
    taken = time.perf_counter() - before
    if job["status"] != "succeeded":
        raise RuntimeError(f"The export did not succeed: {job}")
    return taken


def _report(rows: int, turns: list[tuple[float, list[float]]], memory: float) -> int:
    table: list[list[str]] = []
    ratios: dict[str, float] = {}
    holds = memory <= _MEMORY
    psql = median(seconds for seconds, _ in turns)
    table.append(["psql \\copy", f"{psql:.1f}", f"{rows / psql:,.0f}", "", ""])
    for index, case in enumerate(_CASES):
        name = f"{case.format} {case.compression}"
        seconds = median(cases[index] for _, cases in turns)
        # Of each turn, since a machine is faster now and slower then.
        ratio = median(by_psql / cases[index] for by_psql, cases in turns)
        ratios[name.removesuffix(" none")] = round(ratio, 2)
        holds = holds and ratio >= case.target
        figures = [f"{seconds:.1f}", f"{rows / seconds:,.0f}", f"{ratio:.2f}", f"≥ {case.target}"]
        table.append([name, *figures])
    show(f"{rows:,} clicks", ["", "s, median", "rows/s", "times psql", "target"], table)
    figures_of: dict[str, Any] = {"rows": rows, "ratios": ratios, "memory_mb": round(memory)}
    return conclude("export", **figures_of, memory_target_mb=_MEMORY, holds=holds)


if __name__ == "__main__":
    sys.exit(main())
