"""Measure pages of grids: `make bench-pages`.

On the same cores and in turns: a cached page of 60 tiles, each view counted and acknowledged; the same bytes
as a constant from the same server without counting; the same bytes from a file by nginx; and the same page
from a plain Django view on gunicorn. Then pages that no cache has, ten thousand pages in turn, and what
changes cost. At the end as many views must be in Postgres as the process says it accepted.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from gzip import compress
from pathlib import Path
from statistics import median
from threading import Event
from time import perf_counter, sleep
from typing import Any

import psutil
import urllib3
from django.conf import settings
from django.db import connection
from psycopg2.extensions import make_dsn
from redis import Redis

from bench.load import Size, load
from bench.report import conclude, percentile, say, show
from bench.servers import HOST, free_port, public_site, server_url
from bench.wrk import CONNECTIONS, Run, measured, nginx, wrk
from gridlink.lib.server_process import running
from grids.models import Grid, Link, Visibility
from grids.public import wire
from reports.clicks.ingest.ingest import drain
from reports.models import View

OF_CONSTANT, OF_DJANGO, OF_NGINX = 0.5, 8, 0.3
UNCACHED_P95, MEMORY_MB, CHANGE_SECONDS, OTHERS = 0.040, 300, 1.0, 0.8
_SECONDS, _ROUNDS = 3, 5
_TILES, _PAGES = 60, 10_000
_UNCACHED = 300
_GZIP = ["-H", "Accept-Encoding: gzip"]


def main() -> int:
    """Measure and report; return the exit code."""
    return measured("pages", _measure)


def _measure(name: str, url: str, folder: Path) -> int:
    say(f"Making {_PAGES:,} grids of {_TILES} tiles")
    load(Size(users=_PAGES // 10, grids=10, links=_TILES))
    Grid.objects.update(visibility=Visibility.PUBLIC)
    settings.CLICKS_REDIS_URL = url
    keys = list(Grid.objects.order_by("pk").values_list("slug", flat=True))
    with public_site(name, url) as port, public_site(name, url) as second:
        figures = {"uncached_p95_ms": _uncached(port, keys[1 : _UNCACHED + 1]) * 1000}
        figures |= _speed(name, port, keys[0], folder)
        figures["change_s"] = _change(keys[0], (port, second))
        figures["others"] = _others(port, keys[0], keys[1])
        figures["memory_mb"] = _many(port, keys)
    complete = _all_found(Redis.from_url(url))
    return _report({key: round(value, 3) for key, value in figures.items()}, complete)


def _uncached(port: int, keys: list[str]) -> float:
    """Return the p95 of pages that are asked for the first time, in seconds."""
    pool = urllib3.HTTPConnectionPool(HOST, port, maxsize=1)
    seconds = []
    for key in keys:
        before = perf_counter()
        _get(pool, key)
        seconds.append(perf_counter() - before)
    return percentile(seconds, 0.95)


def _speed(name: str, port: int, key: str, folder: Path) -> dict[str, float]:
    path = f"/g/{key}"
    body = compress(_get(urllib3.HTTPConnectionPool(HOST, port), key))
    say(f"The page has {len(body):,} bytes, compressed")
    page = folder / "page.html"
    page.write_bytes(body)
    location = f"root {folder}; location / {{ try_files /page.html =404; }}"
    with (
        nginx(folder, location) as nginx_port,
        _plain(name, page, "constant") as constant_port,
        _plain(name, page, "django") as django_port,
    ):
        sides: dict[str, Callable[[], Run]] = {
            "page, view counted": lambda: wrk(port, path, _SECONDS, _GZIP),
            "constant, not counted": lambda: wrk(constant_port, path, _SECONDS),
            "nginx, from a file": lambda: wrk(nginx_port, "/page.html", _SECONDS),
            "Django view on gunicorn": lambda: wrk(django_port, path, _SECONDS, _GZIP),
        }
        runs: dict[str, list[Run]] = {side: [] for side in sides}
        for _ in range(_ROUNDS):
            for side, run in sides.items():
                runs[side].append(run())
    rates = {side: median(run.rate for run in of_side) for side, of_side in runs.items()}
    ours, constant, by_nginx, django = rates.values()
    rows = [[side, f"{rate:,.0f}", f"{ours / rate:.2f}"] for side, rate in rates.items()]
    show(f"Pages, {CONNECTIONS} connections", ["", "requests/s", "ours, times"], rows)
    return {
        "of_constant": ours / constant,
        "of_django": ours / django,
        "of_nginx": ours / by_nginx,
    }


@contextlib.contextmanager
def _plain(name: str, page: Path, side: str) -> Iterator[int]:
    """Run one of the sides of `bench.plain_site`; yield its port."""
    port = free_port()
    commands = {
        "constant": "granian bench.plain_site:constant --interface asginl --http 1 --no-ws"
        f" --loop uvloop --backlog 2048 --log-level warning --host {HOST} --port {port}",
        "django": "gunicorn bench.plain_site:application --worker-class gthread --workers 2"
        f" --threads 8 --no-control-socket --log-level warning --bind {HOST}:{port}",
    }
    environment = {
        **os.environ,
        "BENCH_BODY": str(page),
        "DATABASE_URL": make_dsn(server_url(), dbname=name),
        "SECRET_KEY": settings.SECRET_KEY,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    command = ["/bin/sh", "-c", f"exec {commands[side]}"]
    log = page.parent / f"{side}.log"
    options = {"cwd": settings.BASE_DIR, "env": environment}
    with running(command, log, lambda: _is_open(port), signal.SIGTERM, **options):
        yield port


def _is_open(port: int) -> bool:
    with contextlib.suppress(urllib3.exceptions.HTTPError):
        urllib3.request("GET", f"http://{HOST}:{port}/none", retries=False, timeout=2)
        return True
    return False


def _get(pool: urllib3.HTTPConnectionPool, key: str) -> bytes:
    answer = pool.request("GET", f"/g/{key}", headers={"Accept-Encoding": "gzip"})
    if answer.status != 200:
        raise RuntimeError(f"/g/{key} answered {answer.status}")
    return answer.data


def _change(key: str, ports: tuple[int, int]) -> float:
    """Return after how many seconds all processes show a change, the slowest of ten."""
    slowest = 0.0
    for number in range(10):
        title = f"Changed for the time {number}"
        first = Link.objects.filter(grid__slug=key).order_by("y", "x", "pk").first()
        assert first is not None
        Link.objects.filter(pk=first.pk).update(title=title)
        before = perf_counter()
        for port in ports:
            pool = urllib3.HTTPConnectionPool(HOST, port)
            while title.encode() not in _get(pool, key):
                sleep(0.002)
        slowest = max(slowest, perf_counter() - before)
    return slowest


def _others(port: int, changing: str, other: str) -> float:
    """Return how much of its speed a page keeps while another grid changes."""
    stop = Event()

    def change() -> None:
        number = 0
        while not stop.wait(0.02):
            number += 1
            Grid.objects.filter(slug=changing).update(title=f"Title {number}")
        connection.close()

    path = f"/g/{other}"
    ratios = []
    for _ in range(3):
        quiet = wrk(port, path, _SECONDS, _GZIP).rate
        stop.clear()
        with ThreadPoolExecutor(1) as executor:
            executor.submit(change)
            ratios.append(wrk(port, path, _SECONDS, _GZIP).rate / quiet)
            stop.set()
    return median(ratios)


def _many(port: int, keys: list[str]) -> float:
    """Ask for all pages in turn; return the peak memory of the process in MB."""
    say(f"Asking for {len(keys):,} pages in turn")
    pool = urllib3.HTTPConnectionPool(HOST, port, maxsize=1)
    for key in keys:
        _get(pool, key)
    (listener,) = {
        one.pid
        for one in psutil.net_connections("tcp")
        if one.laddr.port == port and one.status == "LISTEN"
    }
    family = [psutil.Process(listener), *psutil.Process(listener).children()]
    return max(_peak(process.pid) for process in family)


def _peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    (peak,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peak.split()[1]) / 1024


def _all_found(redis: Redis) -> bool:
    accepted = sum(int(count) for count in redis.hvals(wire.COUNTERS))
    say(f"Draining {accepted:,} views")
    drain(seconds=3600)
    found = View.objects.count()
    say(f"Accepted {accepted:,}, found in Postgres {found:,}")
    return accepted == found


def _report(figures: dict[str, float], complete: bool) -> int:
    targets: dict[str, Any] = {
        "of_constant": OF_CONSTANT,
        "of_django": OF_DJANGO,
        "of_nginx": OF_NGINX,
        "uncached_p95_ms": UNCACHED_P95 * 1000,
        "memory_mb": MEMORY_MB,
        "change_s": CHANGE_SECONDS,
        "others": OTHERS,
    }
    at_least = ("of_constant", "of_django", "of_nginx", "others")
    holds = complete and all(
        figures[name] >= target if name in at_least else figures[name] <= target
        for name, target in targets.items()
    )
    return conclude("pages", **figures, complete=complete, target=targets, holds=holds)


if __name__ == "__main__":
    sys.exit(main())
