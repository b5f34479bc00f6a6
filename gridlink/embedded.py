"""Run real PostgreSQL and Redis on a machine that has neither, in one data folder.

Their programs come from Python wheels (the `embedded` extra), Redis also from the machine. They listen on
Unix sockets only, in folders that only their user may enter. The functions above `embedded_postgres` start
nothing and are cheap, so that the settings may call them. The command line is

    python -m gridlink.embedded exec [--temporary] [--fast] -- COMMAND ...
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg2

from gridlink.lib import postgres_files
from gridlink.lib.redis_program import find_redis
from gridlink.lib.server_process import (
    StartError,
    claimed,
    running,
    socket_folder,
    socket_link,
    stop_orphan,
)

DATABASE = "gridlink"
# Messages and clicks must survive a crash and never be evicted.
DURABLE_REDIS = (
    "--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction",
)  # fmt: skip
# What the cache holds can be made again.
CACHE_REDIS = ("--appendonly", "no", "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru")
# For tests: nothing is written durably, so a crash of the machine loses the data.
FAST_POSTGRES = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def data_dir() -> Path:
    """Return the folder of all local state: GRIDLINK_DATA, or `.gridlink/` in the checkout."""
    checkout = Path(__file__).resolve().parent.parent
    return Path(os.environ.get("GRIDLINK_DATA") or checkout / ".gridlink").expanduser().resolve()


def database_url(data: Path, name: str = DATABASE) -> str:
    """Return the libpq URL of a database in the embedded PostgreSQL of `data`."""
    return f"postgresql://postgres@/{name}?host={socket_folder(data / 'postgres')}&port=5432"


def redis_url(data: Path, name: str = "redis") -> str:
    """Return the URL of the embedded Redis of `data`, or of another such as "cache"."""
    return f"unix://{socket_folder(data / name)}/redis.sock?db=0"


def celery_redis_url(url: str) -> str:
    """Return a Redis URL in Celery's own scheme for Unix sockets."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={database}"


def local_secret(data: Path, name: str, size: int = 48) -> str:
    """Return a secret of this installation, of `size` random bytes generated on first use.

    Raises StartError when the folder cannot be written.
    """
    path = data / "secrets" / name
    with _writing(data):
        if not path.exists():
            prepare_data(data)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=path.parent) as draft:
                draft.write(secrets.token_urlsafe(size))
                draft.flush()
                # Of several concurrent processes one wins, and none reads half a secret.
                with contextlib.suppress(FileExistsError):
                    os.link(draft.name, path)
        return path.read_text()


def prepare_data(data: Path) -> None:
    """Create the folder `data` with `logs/` and `run/`; raise StartError when it cannot be written."""
    with _writing(data):
        # Root's PostgreSQL runs as another user, who must be able to enter a folder inside.
        data.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        for name in ("logs", "run"):
            (data / name).mkdir(mode=0o700, exist_ok=True)
        tempfile.TemporaryFile(dir=data).close()


@contextlib.contextmanager
def _writing(data: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StartError(
            f"The data folder {data} cannot be written ({error.strerror}): "
            "set GRIDLINK_DATA to a folder that can."
        ) from error


@contextlib.contextmanager
def embedded_postgres(data: Path, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run PostgreSQL on `data` with extra server `settings`; yield its database's URL.

    Raises StartError when it does not start, or already runs for another process.
    """
    prepare_data(data)
    with claimed(data, "postgres"):
        home = postgres_files.postgres_home(data)
        programs = postgres_files.postgres_programs(home)
        cluster = postgres_files.initialized_cluster(home, programs)
        stale = stop_orphan(cluster / "postmaster.pid", str(cluster), signal.SIGINT)
        # PostgreSQL refuses to start while any process has the number of its last run, which is common
        # after a container's restart, unless that number is named here.
        environment = os.environ | {"PG_GRANDPARENT_PID": stale}
        process_options = postgres_files.owner_options(home) | {"env": environment}
        with socket_link(data / "postgres") as sockets:
            options = postgres_files.postgres_options(sockets, settings or {})
            command = [str(programs / "postgres"), "-D", str(cluster), *options]
            log = data / "logs" / "postgres.log"
            is_ready = partial(_has_database, data)
            with running(command, log, is_ready, signal.SIGINT, **process_options):
                yield database_url(data)


def _has_database(data: Path) -> bool:
    """Create the database unless it exists; return False while PostgreSQL does not answer."""
    try:
        connection = psycopg2.connect(database_url(data, "postgres"))
    except psycopg2.OperationalError:
        return False
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE])
        if not cursor.rowcount:
            cursor.execute(f"CREATE DATABASE {DATABASE}")
    return True


@contextlib.contextmanager
def embedded_redis(
    data: Path, name: str = "redis", options: Sequence[str] = DURABLE_REDIS
) -> Iterator[str]:
    """Run Redis on the folder `name` of `data`; yield its URL.

    Raises StartError as `embedded_postgres` does.
    """
    prepare_data(data)
    folder = data / name
    folder.mkdir(mode=0o700, exist_ok=True)
    with claimed(data, name), socket_link(folder) as sockets:
        path, pid_file = sockets / "redis.sock", folder / "redis.pid"
        stop_orphan(pid_file, str(path), signal.SIGTERM)
        program = find_redis()
        program.check_data(folder)
        command = [
            str(program.path),
            *("--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"),
            *("--dir", str(folder), "--pidfile", str(pid_file), "--daemonize", "no"),
            *("--save", "", *options),
        ]
        log = data / "logs" / f"{name}.log"
        with running(command, log, lambda: _redis_ready(path), signal.SIGTERM):
            yield redis_url(data, name)


def _redis_ready(path: Path) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        client.connect(str(path))
        client.sendall(b"PING\r\n")
        return client.recv(16).startswith(b"+PONG")
    return False


@contextlib.contextmanager
def embedded_services(
    data: Path, postgres_settings: Mapping[str, str] | None = None
) -> Iterator[dict[str, str]]:
    """Run the servers that the environment lacks; yield the variables for processes that use them."""
    with contextlib.ExitStack() as stack:
        variables = {"GRIDLINK_DATA": str(data)}
        if not given("SECRET_KEY"):
            variables["SECRET_KEY"] = local_secret(data, "SECRET_KEY")
        if not given("DATABASE_URL"):
            postgres = embedded_postgres(data, postgres_settings)
            variables["DATABASE_URL"] = stack.enter_context(postgres)
        if not given("REDIS_URL"):
            variables["REDIS_URL"] = stack.enter_context(embedded_redis(data))
        if not given("CACHE_REDIS_URL"):
            cache = embedded_redis(data, "cache", CACHE_REDIS)
            variables["CACHE_REDIS_URL"] = stack.enter_context(cache)
        yield variables


def given(name: str) -> bool:
    """Check whether the environment sets a variable, or a file that holds its value."""
    return any(os.environ.get(variable, "").strip() for variable in (name, f"{name}_FILE"))


@contextlib.contextmanager
def temporary_data() -> Iterator[Path]:
    """Create a data folder that is removed at the end."""
    data = Path(tempfile.mkdtemp(prefix="gridlink-")).resolve()
    data.chmod(0o711 if os.geteuid() == 0 else 0o700)
    try:
        yield data
    finally:
        for folder in ((data / "postgres").resolve(), data):
            shutil.rmtree(folder, ignore_errors=True)


def on_stop_signals(handler: Callable[[int, Any], object]) -> None:
    """Call `handler` on SIGTERM, and on SIGHUP unless that is ignored, as under nohup."""
    signal.signal(signal.SIGTERM, handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, handler)


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command; return its exit code, or 128 + n after signal n."""
    with subprocess.Popen(command, env=os.environ | environment) as child:
        # The terminal sends Ctrl-C to the command as well, which decides itself when to end.
        signal.signal(signal.SIGINT, lambda *_: None)
        on_stop_signals(lambda number, _: child.send_signal(number))
        code = child.wait()
    return code if code >= 0 else 128 - code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command with the servers it needs; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m gridlink.embedded")
    run = parser.add_subparsers(required=True).add_parser(
        "exec", help="run a command with the servers"
    )
    run.add_argument(
        "--temporary", action="store_true", help="use a new folder and remove it afterwards"
    )
    run.add_argument("--fast", action="store_true", help="not durable, for tests")
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND ...")
    options = parser.parse_args(arguments)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        run.error("a command is missing")
    on_stop_signals(lambda number, _: sys.exit(128 + number))
    folder = temporary_data() if options.temporary else contextlib.nullcontext(data_dir())
    settings = FAST_POSTGRES if options.fast else {}
    try:
        with folder as data, embedded_services(data, settings) as environment:
            return _run(command, environment)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except (StartError, OSError) as error:
        sys.exit(f"gridlink: {error}")


if __name__ == "__main__":
    sys.exit(main())
