"""Load HTTP servers with wrk, and run nginx beside ours."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.report import say
from bench.servers import HOST, database, free_port, stop_gently
from gridlink.embedded import embedded_redis
from gridlink.lib.server_process import running

CONNECTIONS = 64
_NGINX = """
worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 1000000000; types {{ text/html html; }}
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    server {{ listen {host}:{port}; {location} }}
}}
"""
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass(frozen=True, slots=True)
class Run:
    """Hold the results of one round of wrk."""

    rate: float
    p99: float
    answers: int


def measured(bench: str, measure: Callable[[str, str, Path], int]) -> int:
    """Call `measure` with a new database, a Redis and a folder; return its exit code."""
    stop_gently()
    lacking = [program for program in ("nginx", "wrk") if not shutil.which(program)]
    if lacking:
        say(f"bench-{bench} needs {' and '.join(lacking)}: apt-get install nginx-light wrk")
        return 2
    folder = Path(tempfile.mkdtemp(prefix="gridlink-"))
    # nginx has users of its own, who must be able to enter.
    folder.chmod(0o711)
    try:
        with database(bench) as name, embedded_redis(folder / "redis") as url:
            return measure(name, url, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def nginx(folder: Path, location: str) -> Iterator[int]:
    """Run nginx, one process, with a `location` block; yield its port."""
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, host=HOST, port=port, location=location))
    command = ["nginx", "-c", str(config), "-g", "daemon off;"]
    pid_file = folder / "nginx.pid"
    with running(command, folder / "nginx.log", pid_file.exists, signal.SIGTERM):
        yield port


def wrk(port: int, path: str, seconds: float, options: Sequence[str] = ()) -> Run:
    """Request a path over 64 connections for some seconds; raise RuntimeError for any error."""
    command = [
        "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{seconds}s",
        "--timeout",
        "10s",
        "--latency",
        *options,
    ]
    text = subprocess.check_output([*command, f"http://{HOST}:{port}{path}"], text=True)
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(text)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s|m)", text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    answers = re.search(r"(\d+) requests in", text)
    if not p99 or not rate or not answers:
        raise RuntimeError(text)
    return Run(float(rate[1]), float(p99[1]) * _UNITS[p99[2]], int(answers[1]))
