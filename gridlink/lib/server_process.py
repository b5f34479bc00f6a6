"""Run servers and the processes of the Procfile as children, and leave none behind."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

START_SECONDS = 120  # PostgreSQL may first have to recover from a crash.
STOP_SECONDS = 20
# Longer than a worker takes to hand its jobs back (WORKER_STOP_SECONDS, 30 by default).
SUPERVISOR_STOP_SECONDS = 45
TAIL_LINES = 20
POLL_SECONDS = 0.02
# The kernel's limit for a socket's path is 107 bytes on Linux and 103 on macOS.
SOCKET_FOLDER_BYTES = 103 - len("/.s.PGSQL.5432")


class StartError(Exception):
    """Report that a part of Gridlink cannot run; the message is for the user."""


def package_folder(name: str) -> Path:
    """Return the folder of an installed package without importing it; raise StartError."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise StartError(
            f"{name} is not installed: install the `embedded` extra, "
            "or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return Path(found.origin).parent


def socket_folder(folder: Path) -> Path:
    """Return `folder`, or a link whose path is short and plain enough for sockets."""
    plain = re.fullmatch(r"[A-Za-z0-9/._-]+", str(folder))
    if plain and len(str(folder)) <= SOCKET_FOLDER_BYTES:
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    # Not the temporary folder of the environment: every shell must find the same place.
    return Path("/tmp") / f"gridlink-{os.geteuid()}-{digest}"


@contextlib.contextmanager
def socket_link(folder: Path) -> Iterator[Path]:
    """Keep the link that `socket_folder` names; yield the folder for a server's socket.

    Raises StartError when something else is in the link's place.
    """
    link = socket_folder(folder)
    if link == folder:
        yield folder.resolve()
        return
    with contextlib.suppress(FileExistsError):
        link.symlink_to(folder)
    if link.lstat().st_uid != os.geteuid() or link.resolve() != folder.resolve():
        raise StartError(f"{link} is in the way of Gridlink's sockets: remove it.")
    try:
        real = folder.resolve()
        yield real if socket_folder(real) == real else link
    finally:
        link.unlink(missing_ok=True)


@contextlib.contextmanager
def claimed(folder: Path, server: str) -> Iterator[None]:
    """Hold the lock for running `server` on `folder`; raise StartError if it is taken."""
    with (folder / f"{server}.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise StartError(
                f"Gridlink already runs on {folder} (process {lock.read().strip()}): "
                "stop it first, or set GRIDLINK_DATA to another folder."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def stop_orphan(pid_file: Path, mark: str, stop_signal: signal.Signals) -> str:
    """Stop a server whose owner was killed; return its pid file's number or "".

    The file counts only if that process has `mark` in its command line, since numbers are reused.
    """
    # Of the `embedded` extra, which a production installation does not have.
    import psutil

    try:
        pid = int(pid_file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return ""
    with contextlib.suppress(psutil.Error):  # It has ended, or belongs to another user.
        process = psutil.Process(pid)
        if mark in " ".join(process.cmdline()):
            process.send_signal(stop_signal)
            if not _has_ended(process):
                process.kill()
                _has_ended(process)
    return str(pid)


def _has_ended(process: Any) -> bool:
    # Process.wait() of psutil would also wait for somebody to collect a zombie.
    return wait_until(
        lambda: not process.is_running() or process.status() == "zombie", STOP_SECONDS
    )


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for a condition, at most so long; return whether it came true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def spawn(
    command: str | Sequence[str], log: Path, mode: str = "ab", **options: Any
) -> subprocess.Popen[bytes]:
    """Start a program that writes to `log`, in a session of its own.

    There Ctrl-C does not reach it before the programs that still need it. `options` go to Popen.
    """
    with log.open(mode) as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **options,
        )


@contextlib.contextmanager
def running(
    command: Sequence[str],
    log: Path,
    is_ready: Callable[[], bool],
    stop_signal: signal.Signals,
    **options: Any,
) -> Iterator[None]:
    """Run a server until the block ends; raise StartError when it does not start."""
    process = spawn(command, log, **options)
    try:
        answered = wait_until(lambda: is_ready() or process.poll() is not None, START_SECONDS)
        if not answered or process.poll() is not None:
            last = log.read_text(errors="replace").strip().rpartition("\n")[2]
            raise StartError(f"{log.stem} did not start, see {log}: {last}")
        yield
    finally:
        _stop([process], stop_signal, STOP_SECONDS)


def _stop(
    processes: Collection[subprocess.Popen[bytes]], stop_signal: signal.Signals, seconds: float
) -> None:
    """Ask processes to stop, and kill those that still run after so many seconds."""
    # A second Ctrl-C must not interrupt this.
    stop_signals = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)
    try:
        for process in processes:
            process.send_signal(stop_signal)
        deadline = time.monotonic() + seconds
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0, deadline - time.monotonic()))
            # Also ends the children of one that has died without stopping them.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def read_procfile(path: Path) -> dict[str, str]:
    """Return the command of each process of a Procfile."""
    return dict(re.findall(r"^([\w-]+):\s*(.+)$", path.read_text(), re.MULTILINE))


def stop_orphans(names: Iterable[str], data: Path) -> None:
    """Stop the processes of a killed run, which would hold the ports and take jobs."""
    for name in names:
        stop_orphan(_pid_file(name, data), sys.prefix, signal.SIGTERM)


class Supervisor:
    """Run shell commands as child processes, each with its own log and process group."""

    def __init__(self, folder: Path, data: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._data = data
        self._environment = environment
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: str) -> None:
        """Start a command; it writes to `logs/<name>.log` of the data folder."""
        child = spawn(
            command, self._log(name), "wb", shell=True, cwd=self._folder, env=self._environment
        )
        self._children[name] = child
        _pid_file(name, self._data).write_text(f"{child.pid}\n")

    def run_to_end(self, name: str, command: str) -> None:
        """Run a command; raise StartError with the last lines of its log when it fails."""
        self.start(name, command)
        if self._children[name].wait() != 0:
            self.check_alive()
        del self._children[name]

    def check_alive(self) -> None:
        """Raise StartError, with the last lines of its log, when a process has ended."""
        for name, child in self._children.items():
            if (code := child.poll()) is not None:
                log = self._log(name)
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-TAIL_LINES:])
                raise StartError(
                    f"{name} ended with exit code {code}; the last lines of {log}:\n{tail}"
                )

    def stop(self) -> None:
        """Ask all processes to stop, and kill those that still run after 45 seconds."""
        _stop(self._children.values(), signal.SIGTERM, SUPERVISOR_STOP_SECONDS)

    def _log(self, name: str) -> Path:
        return self._data / "logs" / f"{name}.log"


def _pid_file(name: str, data: Path) -> Path:
    return data / "run" / f"{name}.pid"
