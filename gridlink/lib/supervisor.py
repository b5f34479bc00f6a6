"""The processes of a Procfile as children: started, watched and stopped together.

Each writes to a log of its own and leads a process group of its own.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridlink.lib.server_process import signals_held, stop_orphan

# Longer than a worker takes to hand its jobs back (WORKER_STOP_SECONDS, 30 by default).
STOP_SECONDS = 45
TAIL_LINES = 20


class RunError(Exception):
    """A part of Gridlink cannot run; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Process:
    """A started line of the Procfile."""

    name: str
    log: Path
    child: subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all processes share: the folder they run in, the data folder, the environment."""

    folder: Path
    data: Path
    environment: Mapping[str, str]

    def log(self, name: str) -> Path:
        """Where the process `name` writes."""
        return self.data / "logs" / f"{name}.log"

    def options(self, output: Any) -> dict[str, Any]:
        """Arguments for `subprocess`."""
        return {
            "cwd": self.folder,
            "env": self.environment,
            "stdin": subprocess.DEVNULL,
            "stdout": output,
            "stderr": output,
        }


def run_to_end(name: str, command: Sequence[str], around: Surroundings) -> None:
    """Run `command`; raises RunError with the last lines of its log when it fails."""
    with around.log(name).open("wb") as output:
        code = subprocess.call(command, **around.options(output))
    if code != 0:
        raise RunError(_failure(name, code, around.log(name)))


@contextlib.contextmanager
def supervised(commands: Mapping[str, str], around: Surroundings) -> Iterator[list[Process]]:
    """Run the `commands` side by side until the block ends."""
    processes: list[Process] = []
    try:
        for name, command in commands.items():
            processes.append(_start(name, command, around))
        yield processes
    finally:
        _stop(processes)


def check_alive(processes: Iterable[Process]) -> None:
    """Raise RunError, with the last lines of its log, when one of the processes has ended."""
    for process in processes:
        code = process.child.poll()
        if code is not None:
            raise RunError(_failure(process.name, code, process.log))


def stop_orphans(names: Iterable[str], data: Path) -> None:
    """Stop what a killed run of ours left behind, which would hold the ports and take jobs."""
    for name in names:
        stop_orphan(_pid_file(name, data), sys.prefix, signal.SIGTERM)


def _start(name: str, command: str, around: Surroundings) -> Process:
    with around.log(name).open("wb") as output:
        child = subprocess.Popen(
            command, shell=True, start_new_session=True, **around.options(output)
        )
    _pid_file(name, around.data).write_text(f"{child.pid}\n")
    return Process(name, around.log(name), child)


def _stop(processes: Sequence[Process]) -> None:
    """Ask all to finish what they are doing, and end what has not within 45 seconds."""
    with signals_held():
        for process in processes:
            process.child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.child.wait(max(0, deadline - time.monotonic()))
            # Also ends the children of one that has died without stopping them.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.child.pid, signal.SIGKILL)
            process.child.wait()


def _pid_file(name: str, data: Path) -> Path:
    folder = data / "run"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{name}.pid"


def _failure(name: str, code: int, log: Path) -> str:
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-TAIL_LINES:])
    return f"{name} ended with exit code {code}; the last lines of {log}:\n{tail}"
