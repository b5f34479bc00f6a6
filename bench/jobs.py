"""Measure the overhead of the job platform with jobs that do nothing: `make bench-jobs`."""

from __future__ import annotations

import random
import sys
import time
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

from bench.load import Size, load, token_of
from bench.report import conclude, in_ms, percentile, say, show
from bench.servers import Site, database, stop_gently, web, worker

P95 = 0.300
_WARM_UP, _JOBS = 10, 200
_LOOK_EVERY = 0.005
_GIVE_UP = 60
_EXPORT = {"kind": "links", "format": "csv"}
_EMPTY = Size(users=1, grids=0, links=0)


@dataclass(frozen=True, slots=True)
class Timing:
    """Hold the seconds of one job; `start` may overlap `request`."""

    request: float
    start: float
    run: float
    look: float
    total: float


_MEANINGS = {
    "request": "request → 202",
    "start": "queued → claimed",
    "run": "claimed → finished",
    "look": "finished → seen by the client",
    "total": "request → seen by the client",
}


def main() -> int:
    """Measure and report; return the exit code."""
    stop_gently()
    with database("jobs") as name:
        load(_EMPTY)
        with web(name) as site, worker(name):
            say(f"Running {_JOBS} empty jobs, one after another")
            timings = [_job(site) for _ in range(_WARM_UP + _JOBS)][_WARM_UP:]
    columns = dict(zip(_MEANINGS, zip(*map(astuple, timings), strict=True), strict=True))
    rows = [
        [_MEANINGS[name], *(in_ms(percentile(values, share)) for share in (0.5, 0.95, 1))]
        for name, values in columns.items()
    ]
    show("An empty job", ["ms", "p50", "p95", "slowest"], rows)
    p95 = percentile(columns["total"], 0.95)
    return conclude("jobs", p95_ms=round(p95 * 1000, 1), target=P95 * 1000, holds=p95 < P95)


def _job(site: Site) -> Timing:
    # Not in step with anything that the worker or the machine does at intervals.
    time.sleep(random.uniform(0.02, 0.1))
    token = token_of(1)
    before = time.time()
    request, job = site.ask("/api/v1/exports/", token=token, body=_EXPORT)
    while job["finished_on"] is None:
        if time.time() - before > _GIVE_UP:
            raise RuntimeError(f"The job did not end: {job}")
        time.sleep(_LOOK_EVERY)
        job = site.ask(f"/api/v1/jobs/{job['slug']}/", token=token)[1]
    seen = time.time()
    if job["status"] != "succeeded":
        raise RuntimeError(f"The job did not succeed: {job}")
    created, started, finished = (
        _moment(job, f"{x}_on") for x in ("created", "started", "finished")
    )
    return Timing(request, started - created, finished - started, seen - finished, seen - before)


def _moment(job: dict[str, Any], name: str) -> float:
    return datetime.fromisoformat(job[name]).timestamp()


if __name__ == "__main__":
    sys.exit(main())
