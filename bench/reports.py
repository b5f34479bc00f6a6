"""Reports against the same questions in SQL over raw clicks, and files of large ones. `make bench-report`.

One account's clicks of twelve months, 10 M on twenty grids, are made by SQL and rolled up. A web process and
a worker, started as the Procfile does, are asked again and again for the traffic of those months by day and
for their breakdown by all that clicks are broken down by, as JSON, counted anew each time: from the request
to the finished file, whose end the client waits for in one request. The same is asked of the raw rows in one
statement a table, and all numbers must be equal. The ratio is that of the question that gains least. Then the
account's summary of a month is wanted as PDF, and a table of 100,000 links as XLSX. The memory is the
worker's, without the child that sets a PDF.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from statistics import median
from typing import Any, NamedTuple

from django.db import connection

from bench.command import options
from bench.load import Size, load, token_of
from bench.report import conclude, in_ms, percentile, say, show
from bench.servers import Site, database, stop_gently, web, worker, worker_memory
from bench.year import load_clicks, roll_up
from reports.clicks.rollups import watermark
from reports.clicks.storage.partitions import today
from tasks.models import JobFile
from tasks.storage import object_store

_ROWS, _DAYS, _GRIDS, _LINKS = 10_000_000, 365, 20, 100_000
_ROUNDS, _RAW_ROUNDS, _WARM_UP = 30, 3, 3
_P95, _RATIO, _PDF, _XLSX, _MEMORY = 1.0, 100, 2.0, 10.0, 200
_WAIT, _GIVE_UP = 20, 300

_PARTS = (
    "country", "device", "browser", "os", "referrer", "language",
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
)  # fmt: skip
_RAW = """
SELECT {key} AS key, count(*) FILTER (WHERE verdict = 0), count(*) FILTER (WHERE is_first_on_grid)
FROM reports_click JOIN reports_user_agent AS agent ON agent.id = user_agent_id
WHERE user_id = 1 AND clicked_on >= %(first)s AND clicked_on < %(after)s
GROUP BY 1
"""
_CHECKS = """
INSERT INTO grids_link_check (link_id, url_key, verdict, status, final_url, moved_to, milliseconds, detail,
    checked_on)
SELECT id, url_key, (ARRAY['ok', 'ok', 'ok', 'slow', 'dead'])[1 + id % 5], 200, url, '', id % 900, '', now()
FROM grids_link
"""
# A report's table: its key, clicks and visitors.
Rows = dict[Any, tuple[int, int]]


class Question(NamedTuple):
    """A kind of report with its parameters, and of its tables the SQL of the key and the name of its
    column."""

    kind: str
    params: dict[str, Any]
    tables: dict[str, tuple[str, str]]


_QUESTIONS = (
    Question(
        "traffic",
        {"step": "day", "compare": "none"},
        {"traffic": ("(clicked_on AT TIME ZONE 'UTC')::date::text", "time")},
    ),
    Question(
        "breakdown",
        {"dimensions": list(_PARTS), "limit": 1000},
        {part: (part, "value") for part in _PARTS},
    ),
)


class Timing(NamedTuple):
    """Of one question: the seconds of each run, and those of each round of raw SQL."""

    ours: list[float]
    raw: list[float]


def main() -> int:
    """Load, measure, report; returns the exit code."""
    rows = options(__doc__, rows=_ROWS).rows
    stop_gently()
    with database("report") as name:
        last = today() - timedelta(days=1)
        first = last - timedelta(days=_DAYS - 1)
        _load(first, last, rows)
        with web(name) as site, worker(name):
            timings = [_ask(site, question, first, last) for question in _QUESTIONS]
            pdf = median(_run(site, _summary(last))[0] for _ in range(5))
            xlsx, job = _run(site, _links(first, last))
            memory = max(worker_memory())
        links = job["result"]["rows"]
    return _conclude(rows, timings, pdf, xlsx, links, memory)


def _load(first: date, last: date, rows: int) -> None:
    say(f"Making {rows:,} clicks")
    load(Size(users=1, grids=_GRIDS, links=_LINKS // _GRIDS))
    load_clicks(first, last, rows, _GRIDS)
    say("Rolling them up")
    roll_up(first, last)
    with connection.cursor() as cursor:
        cursor.execute(_CHECKS)
        watermark.advance(cursor)
        cursor.execute("ANALYZE")


def _ask(site: Site, question: Question, first: date, last: date) -> Timing:
    say(f"Asking for {question.kind}")
    report = _define(site, _report(question.kind, first, last, question.params, ["json"]))
    runs = [_timed(site, report) for _ in range(_WARM_UP + _ROUNDS)][_WARM_UP:]
    found = _tables(question, runs[-1][1])
    times = []
    for _ in range(_RAW_ROUNDS):
        before = time.perf_counter()
        raw = {table: _raw(key, first, last) for table, (key, _) in question.tables.items()}
        times.append(time.perf_counter() - before)
        if raw != found:
            raise RuntimeError(f"The numbers of {question.kind} differ from those of raw clicks.")
    return Timing([seconds for seconds, _ in runs], times)


def _raw(key: str, first: date, last: date) -> Rows:
    with connection.cursor() as cursor:
        after = last + timedelta(days=1)
        cursor.execute(_RAW.format(key=key), {"first": f"{first}Z", "after": f"{after}Z"})
        return {name: (clicks, visitors) for name, clicks, visitors in cursor.fetchall()}


def _tables(question: Question, job: dict[str, Any]) -> dict[str, Rows]:
    file = JobFile.objects.get(job__slug=job["slug"])
    with object_store().open(file.storage_key) as stored:
        result = json.load(stored)
    tables = {table["name"]: table for table in result["tables"]}
    return {
        name: dict(_keyed(tables[name], column)) for name, (_, column) in question.tables.items()
    }


def _keyed(table: dict[str, Any], column: str) -> Iterator[tuple[Any, tuple[int, int]]]:
    names = [each["name"] for each in table["columns"]]
    places = [names.index(name) for name in (column, "clicks", "visitors")]
    for row in table["rows"]:
        key, clicks, visitors = (row[place] for place in places)
        # Rows that stand for several values, of which there are none here, have no key.
        if clicks or visitors or key:
            yield key, (clicks, visitors)


def _report(
    kind: str, first: date, last: date, params: dict[str, Any], formats: Iterable[str]
) -> dict[str, Any]:
    return {
        "title": kind.title(),
        "kind": kind,
        "params": params,
        "range": {"from": str(first), "to": str(last)},
        "formats": list(formats),
    }


def _summary(last: date) -> dict[str, Any]:
    return _report("summary", last - timedelta(days=30), last, {}, ["pdf"])


def _links(first: date, last: date) -> dict[str, Any]:
    return _report("link_health", first, last, {"limit": _LINKS}, ["xlsx"])


def _define(site: Site, body: dict[str, Any]) -> str:
    slug: str = site.ask("/api/v1/reports/", token=token_of(1), body=body)[1]["slug"]
    return slug


def _run(site: Site, body: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    say(f"Asking for {body['kind']} as {body['formats'][0]}")
    return _timed(site, _define(site, body))


def _timed(site: Site, report: str) -> tuple[float, dict[str, Any]]:
    """The seconds from the request until the client sees that the file is there, and the job."""
    before = time.perf_counter()
    path, token = f"/api/v1/reports/{report}/runs/", token_of(1)
    _, job = site.ask(path, token=token, body={"fresh": True})
    while job["finished_on"] is None:
        if time.perf_counter() - before > _GIVE_UP:
            raise RuntimeError(f"The report did not end: {job}")
        _, job = site.ask(f"/api/v1/jobs/{job['slug']}/?wait={_WAIT}", token=token)
    taken = time.perf_counter() - before
    if job["status"] != "succeeded":
        raise RuntimeError(f"The report did not succeed: {job}")
    return taken, job


def _conclude(
    rows: int, timings: list[Timing], pdf: float, xlsx: float, links: int, memory: float
) -> int:
    table, ratios, holds = [], [], True
    for question, timing in zip(_QUESTIONS, timings, strict=True):
        p95, ours, raw = percentile(timing.ours, 0.95), median(timing.ours), median(timing.raw)
        ratios.append(raw / ours)
        holds = holds and p95 < _P95 and raw / ours >= _RATIO
        figures = [in_ms(ours), in_ms(p95), in_ms(raw), f"{raw / ours:.0f}"]
        table.append([question.kind, *figures])
    columns = ["ms", "request → file, median", "p95", "raw SQL", "times as fast"]
    show(f"Twelve months over {rows:,} clicks", columns, table)
    files = [
        ["summary as PDF", f"{pdf:.2f}", f"{_PDF}"],
        [f"{links:,} rows as XLSX", f"{xlsx:.2f}", f"{_XLSX}"],
    ]
    show("Files", ["s", "request → file", "target"], files)
    return conclude(
        "report",
        rows=rows,
        p95_ms=round(max(percentile(timing.ours, 0.95) for timing in timings) * 1000, 1),
        ratio=round(min(ratios)),
        pdf_s=round(pdf, 2),
        xlsx_s=round(xlsx, 2),
        xlsx_rows=links,
        memory_mb=round(memory),
        target={
            "p95_ms": _P95 * 1000,
            "ratio": _RATIO,
            "pdf_s": _PDF,
            "xlsx_s": _XLSX,
            "mb": _MEMORY,
        },
        holds=holds and pdf <= _PDF and xlsx <= _XLSX and links >= _LINKS and memory <= _MEMORY,
    )


if __name__ == "__main__":
    sys.exit(main())
