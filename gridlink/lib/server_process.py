"""Running a server as a child process: one at a time per folder, and none left behind."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

START_SECONDS = 120  # PostgreSQL may first have to recover from a crash.
STOP_SECONDS = 20
POLL_SECONDS = 0.02
# The kernel's limit for a socket's path is 107 bytes on Linux and 103 on macOS.
SOCKET_FOLDER_BYTES = 103 - len("/.s.PGSQL.5432")


class EmbeddedError(Exception):
    """An embedded server cannot be run; the message is one line for the user."""


def package_folder(name: str) -> Path:
    """Where the package `name` is installed, without importing it; raises EmbeddedError."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise EmbeddedError(
            f"{name} is not installed: install the `embedded` extra, "
            "or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return Path(found.origin).parent


def socket_folder(folder: Path) -> Path:
    """`folder`, or a short link to it: sockets need short paths, URLs of them plain characters."""
    plain = re.fullmatch(r"[A-Za-z0-9/._-]+", str(folder))
    if plain and len(str(folder)) <= SOCKET_FOLDER_BYTES:
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    # Not the environment's temporary folder: every shell must arrive at the same place.
    return Path("/tmp") / f"gridlink-{os.geteuid()}-{digest}"


@contextlib.contextmanager
def socket_link(folder: Path) -> Iterator[Path]:
    """Keep the link that `socket_folder` names; yields the folder a server binds its socket in.

    Raises EmbeddedError when somebody else has put something there.
    """
    link = socket_folder(folder)
    if link == folder:
        yield folder.resolve()
        return
    with contextlib.suppress(FileExistsError):
        link.symlink_to(folder)
    if link.lstat().st_uid != os.geteuid() or link.resolve() != folder.resolve():
        raise EmbeddedError(f"{link} is in the way of Gridlink's sockets: remove it.")
    try:
        real = folder.resolve()
        yield real if socket_folder(real) == real else link
    finally:
        link.unlink(missing_ok=True)


@contextlib.contextmanager
def claimed(folder: Path, server: str) -> Iterator[None]:
    """Hold the right to run `server` on `folder`; the kernel takes it back however we end.

    Raises EmbeddedError while another process holds it.
    """
    with (folder / f"{server}.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise EmbeddedError(
                f"Gridlink already runs on {folder} (process {lock.read().strip()}): "
                "stop it first, or set GRIDLINK_DATA to another folder."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def stop_orphan(pid_file: Path, mark: str, request: signal.Signals) -> str:
    """Stop the server that a killed owner left running; returns the number in its pid file or "".

    The file counts only when that process has `mark` in its command line: numbers are reused.
    """
    import psutil  # type: ignore[import-untyped]

    try:
        pid = int(pid_file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return ""
    with contextlib.suppress(psutil.Error):  # Gone, or not ours to look at.
        process = psutil.Process(pid)
        if mark in " ".join(process.cmdline()):
            process.send_signal(request)
            if not _ended(process):
                process.kill()
                _ended(process)
    return str(pid)


def _ended(process: Any) -> bool:
    """Wait for the end of a psutil process that may not be our child, 20 seconds at most."""
    deadline = time.monotonic() + STOP_SECONDS
    while process.is_running() and process.status() != "zombie":
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


@contextlib.contextmanager
def running(
    command: Sequence[str],
    log: Path,
    answers: Callable[[], bool],
    request: signal.Signals,
    options: Mapping[str, Any],
) -> Iterator[None]:
    """Run a server from the moment it `answers` until the block ends, when it gets `request`.

    `options` go to `subprocess.Popen`. Raises EmbeddedError when it does not start.
    """
    with log.open("ab") as output:
        # In a session of its own, Ctrl-C does not reach it before those who still need it.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **options,
        )
    try:
        _wait(process, log, answers)
        yield
    finally:
        _stop(process, request)


def _wait(process: subprocess.Popen[bytes], log: Path, answers: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline:
            last = log.read_text(errors="replace").strip().rpartition("\n")[2]
            raise EmbeddedError(f"{log.stem} did not start, see {log}: {last}")
        time.sleep(POLL_SECONDS)


def _stop(process: subprocess.Popen[bytes], request: signal.Signals) -> None:
    with signals_held():
        process.send_signal(request)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def signals_held() -> Iterator[None]:
    """Put off signals that would stop us: an impatient second Ctrl-C must not cut a stop short."""
    signals = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
