"""Real processes beside a test, on the test's own database, queue and storage."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.db import connection
from psycopg2.extensions import make_dsn

from tests.support.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]


class Process:
    """A started process with its log."""

    def __init__(self, name: str, arguments: list[str], log: Path, environment: dict[str, str]):
        self.name = name
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                arguments,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The main process's."""
        return self._process.pid

    @property
    def text(self) -> str:
        """The log so far."""
        return self.log.read_text(errors="replace")

    def await_line(self, text: str, *, times: int = 1, seconds: float = 60) -> None:
        """Wait until the log holds `text` so many times; fails at once when the process ends before."""

        def seen() -> bool:
            assert self._process.poll() is None, f"{self.name} ended:\n{self.text[-3000:]}"
            return self.text.count(text) >= times

        wait_for(seen, seconds=seconds, what=f"{text!r} in the log of {self.name}")

    def signal(self, number: int) -> None:
        """Send a signal to the main process."""
        os.kill(self.pid, number)

    def signal_all(self, number: int) -> None:
        """Send a signal to the process and its children, at once."""
        os.killpg(self.pid, number)

    def children(self) -> list[int]:
        """The pids of the pool's processes."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]

    def kill_children(self) -> None:
        """End the pool's processes as a lack of memory would."""
        for pid in self.children():
            os.kill(pid, signal.SIGKILL)

    def wait(self, seconds: float = 60) -> int:
        """Wait for its end; the exit code."""
        return self._process.wait(seconds)

    def stop(self) -> None:
        """End it and its children, gently if it lets itself."""
        if self._process.poll() is None:
            self.signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.wait(20)
        with suppress(ProcessLookupError):
            self.signal_all(signal.SIGKILL)
        self._process.wait()


def process_environment() -> dict[str, str]:
    """What a process needs to share the test's database, Redis and storage; and less patience."""
    database = connection.settings_dict
    names = {
        "dbname": "NAME",
        "user": "USER",
        "password": "PASSWORD",
        "host": "HOST",
        "port": "PORT",
    }
    given = {key: str(database[name]) for key, name in names.items() if database[name]}
    return {
        **os.environ,
        "DATABASE_URL": make_dsn(**given),
        "REDIS_URL": settings.REDIS_URL,
        "STORAGE_URL": settings.STORAGE_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "JOB_LEASE_SECONDS": "3",
        "JOB_SWEEP_SECONDS": "1",
        "JOB_RERING_SECONDS": "1",
        "WORKER_STOP_SECONDS": "2",
    }


@contextmanager
def celery(
    name: str,
    arguments: list[str],
    folder: Path,
    ready: str,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Process]:
    """Run `celery -A celery_app …` until the block ends, once its log says `ready`."""
    command = [sys.executable, "-m", "celery", "-A", "celery_app", *arguments]
    around = {**process_environment(), **(environment or {})}
    process = Process(name, command, folder / f"{name}.log", around)
    try:
        process.await_line(ready)
        yield process
    finally:
        process.stop()


@contextmanager
def worker(
    folder: Path,
    *,
    name: str = "worker",
    queues: str = "quick,exports,reports,imports,notify,maintenance,ingest",
    concurrency: int = 1,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Process]:
    """A worker that consumes `queues`."""
    arguments = ["worker", "-n", f"{name}@test", "-Q", queues, "-c", str(concurrency)]
    arguments += ["--loglevel", "INFO", "-E", "--without-gossip", "--without-mingle"]
    with celery(name, arguments, folder, " ready.", environment) as process:
        yield process


@contextmanager
def beat(folder: Path, *, name: str = "beat") -> Iterator[Process]:
    """A beat, which sweeps every second."""
    arguments = ["beat", "--loglevel", "INFO"]
    with celery(name, arguments, folder, "beat: Starting") as process:
        yield process


class Site(Process):
    """A process of the Procfile that serves HTTP at `port`."""

    def __init__(self, name: str, folder: Path, port: int, environment: Mapping[str, str]) -> None:
        self.port = port
        programs = Path(sys.executable).parent
        around = {
            **process_environment(),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "WEB_HOST": "127.0.0.1",
            f"{name.upper()}_PORT": str(port),
            **environment,
        }
        command = ["sh", "-c", procfile(name)]
        super().__init__(name, command, folder / f"{name}-{port}.log", around)

    def await_ready(self) -> None:
        """Wait until it answers; fails at once when it ends before."""

        def ready() -> bool:
            assert self._process.poll() is None, f"{self.name} ended:\n{self.text[-3000:]}"
            connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
            with suppress(OSError, HTTPException):
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
            return False

        wait_for(ready, what=f"an answer of the {self.name} process")


SiteT = TypeVar("SiteT", bound=Site)


class PublicSite(Site):
    """A `public` process at `port`, with its spool."""

    def __init__(self, folder: Path, port: int, environment: Mapping[str, str]) -> None:
        self.spool = folder / "spool"
        given = {"CLICKS_REDIS_URL": settings.REDIS_URL, "CLICK_SPOOL": str(self.spool)}
        super().__init__("public", folder, port, {**given, **environment})


@contextmanager
def public_site(
    folder: Path, *, environment: Mapping[str, str] | None = None
) -> Iterator[PublicSite]:
    """A `public` process, once it answers."""
    with _answering(PublicSite(folder, free_port(), environment or {})) as process:
        yield process


@contextmanager
def web_site(folder: Path, *, environment: Mapping[str, str] | None = None) -> Iterator[Site]:
    """A web process, once it answers."""
    with _answering(Site("web", folder, free_port(), environment or {})) as process:
        yield process


@contextmanager
def _answering(process: SiteT) -> Iterator[SiteT]:
    try:
        process.await_ready()
        yield process
    finally:
        process.stop()


def procfile(name: str) -> str:
    """The command of a process as it is run for real."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    (command,) = (line.partition(": ")[2] for line in lines if line.startswith(f"{name}: "))
    return command


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
