"""Start, watch and stop the processes of the Procfile together."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from gridlink.lib.server_process import spawn, stop_orphan, stop_signals_blocked

# Longer than a worker takes to hand its jobs back (WORKER_STOP_SECONDS, 30 by default).
STOP_SECONDS = 45
TAIL_LINES = 20


class RunError(Exception):
    """Report that a part of Gridlink cannot run; the message is for the user."""


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
        """Run a command; raise RunError with the last lines of its log when it fails."""
        self.start(name, command)
        if self._children[name].wait() != 0:
            self.check_alive()
        del self._children[name]

    def check_alive(self) -> None:
        """Raise RunError, with the last lines of its log, when a process has ended."""
        for name, child in self._children.items():
            if (code := child.poll()) is not None:
                log = self._log(name)
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-TAIL_LINES:])
                raise RunError(
                    f"{name} ended with exit code {code}; the last lines of {log}:\n{tail}"
                )

    def stop(self) -> None:
        """Ask all processes to stop, and kill those that still run after 45 seconds."""
        with stop_signals_blocked():
            for child in self._children.values():
                child.terminate()
            deadline = time.monotonic() + STOP_SECONDS
            for child in self._children.values():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(max(0, deadline - time.monotonic()))
                # Also ends the children of one that has died without stopping them.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()

    def _log(self, name: str) -> Path:
        return self._data / "logs" / f"{name}.log"


def _pid_file(name: str, data: Path) -> Path:
    folder = data / "run"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{name}.pid"
