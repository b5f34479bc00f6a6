"""Run what a bench measures: databases of its own and processes of the Procfile."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil
import psycopg2
import urllib3
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg2.extensions import make_dsn

from gridlink.embedded import database_url, on_stop_signals, prepare_data
from gridlink.lib.server_process import read_procfile, running

HOST = "127.0.0.1"


def stop_gently() -> None:
    """Exit through the `finally` blocks on a stop signal, so that nothing is left running."""
    on_stop_signals(lambda number, _: sys.exit(128 + number))


@contextlib.contextmanager
def database(name: str) -> Iterator[str]:
    """Create a migrated database, dropped at the end; yield its real name."""
    real = f"gridlink_bench_{name}_{os.getpid()}"
    _administer(f"CREATE DATABASE {real}")
    try:
        switch(real)
        call_command("migrate", verbosity=0)
        yield real
    finally:
        connection.close()
        _administer(f"DROP DATABASE {real} WITH (FORCE)")


def switch(database: str) -> None:
    """Make this process use another database of the same server."""
    connection.close()
    connection.settings_dict["NAME"] = database


def server_url() -> str:
    """Return the URL of the server that holds the databases of benches."""
    return settings.DATABASE_URL or database_url(settings.DATA_DIR)


def _administer(statement: str) -> None:
    server = psycopg2.connect(server_url())
    server.autocommit = True
    with contextlib.closing(server), server.cursor() as cursor:
        cursor.execute(statement)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server((HOST, 0)) as free:
        return int(free.getsockname()[1])


class Site:
    """Request a running web process over one persistent connection."""

    def __init__(self, port: int) -> None:
        self._pool = urllib3.HTTPConnectionPool(HOST, port, maxsize=1, retries=False, timeout=60)

    def answers(self) -> bool:
        """Check whether the site is ready."""
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            return self._pool.request("GET", "/readyz").status == 200
        return False

    def ask(self, path: str, *, token: str = "", body: Any = None) -> tuple[float, Any]:
        """Return the seconds until the whole response, and its JSON; `body` makes a POST."""
        headers = {"Authorization": f"Token {token}"} if token else {}
        before = perf_counter()
        method = "GET" if body is None else "POST"
        answer = self._pool.request(method, path, headers=headers, json=body)
        seconds = perf_counter() - before
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {answer.data[:500]!r}")
        return seconds, answer.json()


@contextlib.contextmanager
def web(database: str) -> Iterator[Site]:
    """Run the Procfile's web process with one worker on a free port."""
    port = free_port()
    site = Site(port)
    environment = {"WEB_HOST": HOST, "WEB_PORT": str(port)}
    with _process("web", "--workers 1", database, environment, lambda log: site.answers()):
        yield site


@contextlib.contextmanager
def worker(database: str) -> Iterator[None]:
    """Run the Procfile's worker with one pool process for all kinds of jobs."""
    options = "-c 1 -Q quick,exports,reports,imports"
    with _process("worker", options, database, {}, lambda log: " ready." in log.read_text()):
        yield


def worker_memory() -> Iterator[float]:
    """Yield the peak memory of each worker process, in MB."""
    for process in psutil.Process().children(recursive=True):
        if "celery" in " ".join(process.cmdline()):
            status = Path(f"/proc/{process.pid}/status").read_text()
            (peak,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
            yield int(peak.split()[1]) / 1024


@contextlib.contextmanager
def public_site(database: str, redis_url: str) -> Iterator[int]:
    """Run the Procfile's `public` process with one worker; yield its port."""
    port = free_port()
    site = Site(port)
    environment = {
        "WEB_HOST": HOST,
        "PUBLIC_PORT": str(port),
        "PUBLIC_WORKERS": "1",
        "CLICKS_REDIS_URL": redis_url,
    }
    with _process("public", "", database, environment, lambda log: site.answers()):
        yield port


@contextlib.contextmanager
def _process(
    name: str,
    options: str,
    database: str,
    environment: dict[str, str],
    ready: Callable[[Path], bool],
) -> Iterator[None]:
    prepare_data(settings.DATA_DIR)
    log = settings.DATA_DIR / "logs" / f"{database}-{name}.log"
    procfile = read_procfile(settings.BASE_DIR / "Procfile")
    # When an option is given twice, the last one counts.
    command = ["/bin/sh", "-c", f"{procfile[name]} {options}"]
    environment = {
        **os.environ,
        **environment,
        "DATABASE_URL": make_dsn(server_url(), dbname=database),
        "SECRET_KEY": settings.SECRET_KEY,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    process = {"cwd": settings.BASE_DIR, "env": environment}
    with running(command, log, lambda: ready(log), signal.SIGTERM, **process):
        yield
