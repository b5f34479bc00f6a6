"""Measure counted redirects against nginx, which counts nothing: `make bench-redirect`.

wrk requests both over 64 connections in turns on the same cores: nginx, one process, for a fixed
`return 302`; the redirect process for a thousand links, answering only after Redis has stored the
click, with `appendfsync everysec` and with `always`. Afterwards everything is drained into PostgreSQL,
and as many clicks must be there as the process says it accepted.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from django.conf import settings
from redis import Redis

from bench.load import Size, load
from bench.report import conclude, say, show
from bench.servers import HOST, database, free_port, redirect, stop_gently
from gridlink.embedded import embedded_redis
from gridlink.lib.server_process import running
from grids.models import Grid, Link, Visibility
from grids.public import wire
from reports.clicks.ingest.ingest import drain
from reports.models import Click

RATIO, P99 = 0.25, 0.020
_CONNECTIONS, _SECONDS, _ROUNDS = 64, 5, 3
_LINKS = Size(users=10)
_NGINX = """
worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 1000000000;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    server {{ listen {host}:{port}; location / {{ return 302 https://example.org/; }} }}
}}
"""
# What browsers send; the agents go round.
_SCRIPT = """
local paths = {%s}
local agents = {
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) " ..
    "Chrome/141.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 " ..
    "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
}
local requests, at = {}, 0
init = function()
  for i, path in ipairs(paths) do
    requests[i] = wrk.format("GET", path, {["User-Agent"] = agents[i %% #agents + 1],
      ["Accept"] = "text/html", ["Accept-Language"] = "de-AT,de;q=0.9,en;q=0.8",
      ["Referer"] = "https://news.example.com/today"})
  end
end
request = function() at = at %% #requests + 1; return requests[at] end
"""
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass(frozen=True, slots=True)
class Run:
    """Hold the results of one round of wrk."""

    rate: float
    p99: float
    answers: int


def main() -> int:
    """Measure and report; return the exit code."""
    stop_gently()
    for program in ("nginx", "wrk"):
        if not shutil.which(program):
            return _missing(program)
    folder = Path(tempfile.mkdtemp(prefix="gridlink-"))
    folder.chmod(0o711)
    try:
        with database("redirect") as name, embedded_redis(folder / "redis") as url:
            return _measure(name, url, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _missing(program: str) -> int:
    say(f"bench-redirect needs {program}: apt-get install nginx-light wrk")
    return 2


def _measure(name: str, url: str, folder: Path) -> int:
    load(_LINKS)
    Grid.objects.update(visibility=Visibility.PUBLIC)
    settings.CLICKS_REDIS_URL = url
    redis: Redis = Redis.from_url(url)
    script = folder / "requests.lua"
    slugs = Link.objects.values_list("slug", flat=True)
    script.write_text(_SCRIPT % ", ".join(f'"/l/{slug}"' for slug in slugs))
    with redirect(name, url) as port, _nginx(folder) as nginx_port:
        _wrk(port, script, 2)
        sides: dict[str, list[Run]] = {"nginx": [], "everysec": [], "always": []}
        for _ in range(_ROUNDS):
            sides["nginx"].append(_wrk(nginx_port, script, _SECONDS))
            for sync in ("everysec", "always"):
                redis.config_set("appendfsync", sync)
                sides[sync].append(_wrk(port, script, _SECONDS))
    return _report(sides, _all_found(redis))


def _all_found(redis: Redis) -> bool:
    accepted = sum(int(count) for count in redis.hvals(wire.COUNTERS))
    say(f"Draining {accepted:,} clicks")
    drain(seconds=3600)
    found = Click.objects.count()
    say(
        f"Accepted {accepted:,}, found in Postgres {found:,}, left in the stream {redis.xlen(wire.STREAM)}"
    )
    return accepted == found


def _report(sides: dict[str, list[Run]], is_complete: bool) -> int:
    rates = {side: median(run.rate for run in runs) for side, runs in sides.items()}
    p99 = {side: median(run.p99 for run in runs) for side, runs in sides.items()}
    names = {
        "nginx": "nginx, return 302",
        "everysec": "redirect, appendfsync everysec",
        "always": "redirect, appendfsync always",
    }
    rows = [
        [
            names[side],
            f"{rates[side]:,.0f}",
            f"{p99[side] * 1000:.1f}",
            f"{rates[side] / rates['nginx']:.2f}",
        ]
        for side in sides
    ]
    show(f"Sent on, {_CONNECTIONS} connections", ["", "requests/s", "p99 ms", "of nginx"], rows)
    ratio = rates["everysec"] / rates["nginx"]
    return conclude(
        "redirect",
        ratio=round(ratio, 3),
        ratio_always=round(rates["always"] / rates["nginx"], 3),
        p99_ms=round(p99["everysec"] * 1000, 1),
        complete=is_complete,
        target={"ratio": RATIO, "p99_ms": P99 * 1000},
        holds=ratio >= RATIO and p99["everysec"] < P99 and is_complete,
    )


@contextlib.contextmanager
def _nginx(folder: Path) -> Iterator[int]:
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, host=HOST, port=port))
    command = ["nginx", "-c", str(config), "-g", "daemon off;"]
    pid_file = folder / "nginx.pid"
    with running(command, folder / "nginx.log", pid_file.exists, signal.SIGTERM):
        yield port


def _wrk(port: int, script: Path, seconds: int) -> Run:
    command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script)]
    text = subprocess.check_output([*command, f"http://{HOST}:{port}"], text=True)
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(text)
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    answers = re.search(r"(\d+) requests in", text)
    if not rate or not answers:
        raise RuntimeError(text)
    return Run(float(rate[1]), float(number) * _UNITS[unit], int(answers[1]))


if __name__ == "__main__":
    sys.exit(main())
