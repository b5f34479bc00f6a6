"""Run all of Gridlink on this machine: what `make run` and `make demo` call.

Starts the servers that the environment does not give, migrates, starts every process of the
`Procfile` and waits until the site is ready. Then it stays up until Ctrl-C, or runs a scenario.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from honcho.environ import parse_procfile

from gridlink.embedded import (
    EmbeddedError,
    data_dir,
    embedded_services,
    given,
    local_secret,
    on_stop_signals,
    prepare_data,
)
from gridlink.lib.server_process import claimed, signals_held, stop_orphan

CHECKOUT = Path(__file__).resolve().parent.parent
DEFAULTS = {
    "WEB_HOST": "127.0.0.1",
    "WEB_PORT": "8000",
    "FLOWER_PORT": "5555",
    "ADMIN_USER": "admin",
    "FLOWER_USER": "ops",
}
PASSWORDS = ("ADMIN_PASSWORD", "FLOWER_PASSWORD")
PASSWORD_BYTES = 15
READY_SECONDS = 60
STOP_SECONDS = 20
POLL_SECONDS = 0.1
TAIL_LINES = 20


class RunError(Exception):
    """Gridlink cannot run; the message is for the user."""


@dataclass(frozen=True)
class Process:
    """A started line of the Procfile."""

    name: str
    log: Path
    child: subprocess.Popen[bytes]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run Gridlink until it is told to stop; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m gridlink.run", description=__doc__)
    parser.add_argument("--scenario", default="", help="a command to run when the site is ready")
    parser.add_argument("--once", action="store_true", help="stop when the scenario has ended")
    options = parser.parse_args(arguments)
    on_stop_signals(_interrupt)
    try:
        return run(shlex.split(options.scenario), once=options.once)
    except (RunError, EmbeddedError) as error:
        print(f"gridlink: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def run(scenario: Sequence[str], *, once: bool) -> int:
    """Start everything, then run the `scenario` and, unless `once`, wait to be stopped.

    Returns 0 when stopped, else the scenario's exit code. Raises RunError or EmbeddedError.
    """
    data = data_dir()
    prepare_data(data)
    commands = parse_procfile((CHECKOUT / "Procfile").read_text()).processes
    with contextlib.ExitStack() as stack:
        stack.enter_context(claimed(data, "run"))
        _stop_orphans(data, commands)
        environment = _environment(data)
        _check_ports(environment)
        _say(f"Starting PostgreSQL and Redis, unless given, in {data}")
        environment |= stack.enter_context(embedded_services(data))
        _say("Migrating the database")
        _step("migrate", ["migrate", "--noinput"], data, environment)
        _step("ensure_admin", ["ensure_admin"], data, environment)
        _say(f"Starting {', '.join(commands)}")
        processes = stack.enter_context(_processes(commands, data, environment))
        _await_ready(processes, environment)
        try:
            _say(_welcome(data, environment))
            code = _run_scenario(scenario, processes, environment) if scenario else 0
            return code if once or code else _stay(processes)
        except KeyboardInterrupt:
            _say("Stopping")
            return 128 + signal.SIGINT if once else 0


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(line, flush=True)


def _environment(data: Path) -> dict[str, str]:
    """What the processes get: ours, with the defaults, passwords and programs they rely on."""
    environment = DEFAULTS | {name: value for name, value in os.environ.items() if value}
    for name in PASSWORDS:
        environment.setdefault(name, local_secret(data, name, PASSWORD_BYTES))
    # Flower reads it from here, so that the password is not in the list of processes.
    environment["FLOWER_BASIC_AUTH"] = "{FLOWER_USER}:{FLOWER_PASSWORD}".format(**environment)
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    environment["PYTHONUNBUFFERED"] = "1"
    return environment


def _check_ports(environment: Mapping[str, str]) -> None:
    hosts = {"WEB_PORT": environment["WEB_HOST"], "FLOWER_PORT": "127.0.0.1"}
    with contextlib.ExitStack() as stack:
        for name, host in hosts.items():
            port = environment[name]
            try:
                # Kept open until all are checked: two names for one port do not go together.
                stack.enter_context(socket.create_server((host, int(port))))
            except (OSError, ValueError, OverflowError) as error:
                number = getattr(error, "errno", None)
                reason = os.strerror(number) if number else "not a port"
                raise RunError(
                    f"Port {port} cannot be used ({reason}): set {name} to another one."
                ) from error


def _step(name: str, command: Sequence[str], data: Path, environment: Mapping[str, str]) -> None:
    """Run a `manage.py` command to its end; raises RunError when it fails."""
    log = data / "logs" / f"{name}.log"
    with log.open("wb") as output:
        code = subprocess.call(
            [sys.executable, "manage.py", *command],
            **_child_options(environment, output),
        )
    if code != 0:
        raise RunError(_failure(f"manage.py {name}", code, log))


def _child_options(environment: Mapping[str, str], output: Any) -> dict[str, Any]:
    return {
        "cwd": CHECKOUT,
        "env": environment,
        "stdin": subprocess.DEVNULL,
        "stdout": output,
        "stderr": output,
    }


def _failure(name: str, code: int, log: Path) -> str:
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-TAIL_LINES:])
    return f"{name} ended with exit code {code}; the last lines of {log}:\n{tail}"


@contextlib.contextmanager
def _processes(
    commands: Mapping[str, str], data: Path, environment: Mapping[str, str]
) -> Iterator[list[Process]]:
    processes: list[Process] = []
    try:
        for name, command in commands.items():
            processes.append(_start(name, command, data, environment))
        yield processes
    finally:
        _stop(processes)


def _start(name: str, command: str, data: Path, environment: Mapping[str, str]) -> Process:
    log = data / "logs" / f"{name}.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            # With `exec` the shell becomes the program: a signal reaches it and not its children.
            f"exec {command}",
            shell=True,
            start_new_session=True,
            **_child_options(environment, output),
        )
    _pid_file(data, name).write_text(f"{child.pid}\n")
    return Process(name, log, child)


def _pid_file(data: Path, name: str) -> Path:
    folder = data / "run"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{name}.pid"


def _stop_orphans(data: Path, names: Iterable[str]) -> None:
    """Stop what a killed run of ours left behind, which would hold the ports and take jobs."""
    for name in names:
        stop_orphan(_pid_file(data, name), sys.prefix, signal.SIGTERM)


def _stop(processes: Sequence[Process]) -> None:
    """Ask all to finish what they are doing, and end what has not within 20 seconds."""
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


def _check_alive(processes: Sequence[Process]) -> None:
    for process in processes:
        code = process.child.poll()
        if code is not None:
            raise RunError(_failure(process.name, code, process.log))


def _site(environment: Mapping[str, str]) -> str:
    host = environment["WEB_HOST"]
    return f"{'127.0.0.1' if host == '0.0.0.0' else host}:{environment['WEB_PORT']}"


def _await_ready(processes: Sequence[Process], environment: Mapping[str, str]) -> None:
    """Wait until `/readyz` says so; raises RunError when a process ends or a minute has passed."""
    deadline = time.monotonic() + READY_SECONDS
    answer = ""
    while answer != "200":
        _check_alive(processes)
        if time.monotonic() > deadline:
            raise RunError(f"/readyz answers {answer} after {READY_SECONDS} seconds.")
        time.sleep(POLL_SECONDS)
        answer = _readiness(_site(environment))


def _readiness(site: str) -> str:
    connection = http.client.HTTPConnection(site, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        return f"nothing ({error})"
    finally:
        connection.close()


def _welcome(data: Path, environment: Mapping[str, str]) -> str:
    site, flower = _site(environment), f"127.0.0.1:{environment['FLOWER_PORT']}"
    shown = {name: f"(in {name})" if given(name) else environment[name] for name in PASSWORDS}
    return f"""
Gridlink is ready.

  API docs  http://{site}/api/docs/
  Admin     http://{site}/admin/  {environment["ADMIN_USER"]}  {shown["ADMIN_PASSWORD"]}
  Flower    http://{flower}/  {environment["FLOWER_USER"]}  {shown["FLOWER_PASSWORD"]}
  Data      {data}  (a log for each process in logs/)
  Stop      Ctrl-C
"""


def _run_scenario(
    command: Sequence[str], processes: Sequence[Process], environment: Mapping[str, str]
) -> int:
    """Run `command` against the site; returns its exit code."""
    told = {**environment, "GRIDLINK_URL": f"http://{_site(environment)}"}
    with subprocess.Popen(command, cwd=CHECKOUT, env=told) as child:
        try:
            while child.poll() is None:
                _check_alive(processes)
                time.sleep(POLL_SECONDS)
        finally:
            child.terminate()
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _stay(processes: Sequence[Process]) -> NoReturn:
    while True:
        _check_alive(processes)
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
