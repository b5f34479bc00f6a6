"""Run servers as child processes: one per folder, and none left behind."""

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
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

START_SECONDS = 120  # PostgreSQL may first have to recover from a crash.
STOP_SECONDS = 20
POLL_SECONDS = 0.02
# The kernel's limit for a socket's path is 107 bytes on Linux and 103 on macOS.
SOCKET_FOLDER_BYTES = 103 - len("/.s.PGSQL.5432")


class EmbeddedError(Exception):
    """Report that an embedded server cannot run; the message is one line for the user."""


def package_folder(name: str) -> Path:
    """Return the folder of an installed package without importing it; raise EmbeddedError."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise EmbeddedError(
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

    Raises EmbeddedError when something else is in the link's place.
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
    """Hold the lock for running `server` on `folder`; raise EmbeddedError if it is taken."""
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


def stop_orphan(pid_file: Path, mark: str, stop_signal: signal.Signals) -> str:
    """Stop a server whose owner was killed; return its pid file's number or "".

    The file counts only if that process has `mark` in its command line, since numbers are reused.
    """
    import psutil  # type: ignore[import-untyped]

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
    """Run a server until the block ends; raise EmbeddedError when it does not start."""
    process = spawn(command, log, **options)
    try:
        answered = wait_until(lambda: is_ready() or process.poll() is not None, START_SECONDS)
        if not answered or process.poll() is not None:
            last = log.read_text(errors="replace").strip().rpartition("\n")[2]
            raise EmbeddedError(f"{log.stem} did not start, see {log}: {last}")
        yield
    finally:
        with stop_signals_blocked():
            process.send_signal(stop_signal)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def stop_signals_blocked() -> Iterator[None]:
    """Delay SIGINT, SIGTERM and SIGHUP: a second Ctrl-C must not interrupt a shutdown."""
    signals = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
