"""Run all of Gridlink on this machine, for `make run` and `make demo`.

Starts the servers that the environment does not name, migrates, starts every process of the `Procfile`
and waits until the site is ready. Then it stays up until Ctrl-C, or runs a scenario.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import psycopg2
import urllib3
from redis import Redis
from redis.exceptions import RedisError

from gridlink.embedded import (
    data_dir,
    embedded_services,
    given,
    local_secret,
    on_stop_signals,
    prepare_data,
)
from gridlink.env import env_secret
from gridlink.lib.redis_program import find_redis
from gridlink.lib.server_process import (
    StartError,
    Supervisor,
    claimed,
    read_procfile,
    stop_orphans,
    wait_until,
)

CHECKOUT = Path(__file__).resolve().parent.parent
DEFAULTS = {
    "WEB_HOST": "127.0.0.1",
    "WEB_PORT": "8000",
    "PUBLIC_PORT": "8001",
    "FLOWER_PORT": "5555",
    "ADMIN_USER": "admin",
    "FLOWER_USER": "ops",
}
_STEPS = {
    "migrate": "exec python manage.py migrate --noinput",
    "ensure_admin": "exec python manage.py ensure_admin",
    "collectstatic": "exec python manage.py collectstatic --noinput --clear --skip-checks",
}
# The processes with a `/readyz`, and the variables of their ports.
_PORTS = {"web": "WEB_PORT", "public": "PUBLIC_PORT"}
PASSWORDS = ("ADMIN_PASSWORD", "FLOWER_PASSWORD")
PASSWORD_BYTES = 15
PORT_SECONDS = 2
SERVER_SECONDS = 5
READY_SECONDS = 60
POLL_SECONDS = 0.1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run Gridlink until it is stopped; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m gridlink.run", description=__doc__)
    parser.add_argument("--scenario", default="", help="a command to run when the site is ready")
    parser.add_argument("--once", action="store_true", help="stop when the scenario has ended")
    options = parser.parse_args(arguments)
    on_stop_signals(signal.default_int_handler)
    try:
        return run(shlex.split(options.scenario), once=options.once)
    except StartError as error:
        print(f"gridlink: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def run(scenario: Sequence[str], *, once: bool) -> int:
    """Start everything, then run the `scenario` and, unless `once`, wait to be stopped.

    Returns 0 when stopped, otherwise the scenario's exit code. Raises StartError.
    """
    data = data_dir()
    prepare_data(data)
    commands = read_procfile(CHECKOUT / "Procfile")
    with contextlib.ExitStack() as stack:
        stack.enter_context(claimed(data, "run"))
        stop_orphans(commands, data)
        environment = _environment(data)
        _check_ports(environment)
        _say(f"Starting PostgreSQL and Redis, unless given, in {data}")
        if not given("REDIS_URL"):
            _say(f"Redis is {find_redis()}")
        environment |= stack.enter_context(embedded_services(data))
        _check_servers(environment)
        supervisor = Supervisor(CHECKOUT, data, environment)
        stack.callback(supervisor.stop)
        _say("Migrating the database")
        for name, command in _STEPS.items():
            supervisor.run_to_end(name, command)
        _say(f"Starting {', '.join(commands)}")
        for name, command in commands.items():
            supervisor.start(name, command)
        for name in _PORTS.keys() & commands.keys():
            _await_ready(supervisor, _site(environment, name))
        try:
            _say(_welcome(data, environment))
            code = _run_scenario(scenario, supervisor, environment) if scenario else 0
            return code if once or code else _stay(supervisor)
        except KeyboardInterrupt:
            _say("Stopping")
            return 128 + signal.SIGINT if once else 0


def _say(line: str) -> None:
    print(line, flush=True)


def _environment(data: Path) -> dict[str, str]:
    """Return the environment of the processes, with defaults, passwords and the PATH."""
    environment = {name: value for name, value in os.environ.items() if value}
    # What PUBLIC_PORT was called when the public tier had redirects only.
    if "REDIRECT_PORT" in environment:
        environment.setdefault("PUBLIC_PORT", environment["REDIRECT_PORT"])
    environment = DEFAULTS | environment
    for name in PASSWORDS:
        environment[name] = env_secret(name) or local_secret(data, name, PASSWORD_BYTES)
        # The value is passed on, so no process has to read the file.
        environment.pop(f"{name}_FILE", None)
    programs = str(Path(sys.executable).parent)
    environment["PATH"] = os.pathsep.join([programs, environment.get("PATH", os.defpath)])
    environment["PYTHONUNBUFFERED"] = "1"
    return environment


def _check_servers(environment: Mapping[str, str]) -> None:
    """Raise StartError when the named PostgreSQL or Redis does not answer."""
    try:
        psycopg2.connect(environment["DATABASE_URL"], connect_timeout=SERVER_SECONDS).close()
    except psycopg2.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise StartError(f"The database of DATABASE_URL cannot be reached: {reason}") from error
    try:
        Redis.from_url(environment["REDIS_URL"], socket_timeout=SERVER_SECONDS).ping()
    except (RedisError, ValueError) as error:
        raise StartError(f"The Redis of REDIS_URL cannot be reached: {error}") from error


def _check_ports(environment: Mapping[str, str]) -> None:
    """Raise StartError for a port that stays in use for two seconds."""
    wait_until(lambda: not _port_problem(environment), PORT_SECONDS)
    if problem := _port_problem(environment):
        raise StartError(problem)


def _port_problem(environment: Mapping[str, str]) -> str:
    host = environment["WEB_HOST"]
    hosts = {"WEB_PORT": host, "PUBLIC_PORT": host, "FLOWER_PORT": "127.0.0.1"}
    with contextlib.ExitStack() as stack:
        for name, host in hosts.items():
            port = environment[name]
            try:
                # Kept open until all are checked, so that no port is used twice.
                stack.enter_context(socket.create_server((host, int(port))))
            except (OSError, ValueError, OverflowError) as error:
                number = getattr(error, "errno", None)
                reason = os.strerror(number) if number else "not a port"
                return f"Port {port} cannot be used ({reason}): set {name} to another one."
    return ""


def _site(environment: Mapping[str, str], process: str = "web") -> str:
    host = environment["WEB_HOST"]
    return f"{'127.0.0.1' if host == '0.0.0.0' else host}:{environment[_PORTS[process]]}"


def _await_ready(supervisor: Supervisor, site: str) -> None:
    """Wait for `/readyz`; raise StartError when a process ends or after a minute."""
    deadline = time.monotonic() + READY_SECONDS
    while (answer := _readiness(site)) != "200":
        supervisor.check_alive()
        if time.monotonic() > deadline:
            raise StartError(f"{site}/readyz answers {answer} after {READY_SECONDS} seconds.")
        time.sleep(POLL_SECONDS)


def _readiness(site: str) -> str:
    try:
        return str(urllib3.request("GET", f"http://{site}/readyz", timeout=5, retries=False).status)
    except urllib3.exceptions.HTTPError as error:
        return f"nothing ({error})"


def _welcome(data: Path, environment: Mapping[str, str]) -> str:
    site, flower = _site(environment), f"127.0.0.1:{environment['FLOWER_PORT']}"
    shown = {name: f"(in {name})" if given(name) else environment[name] for name in PASSWORDS}
    return f"""
Gridlink is ready.

  API docs  http://{site}/api/docs/
  Pages     http://{_site(environment, "public")}/g/...
  Admin     http://{site}/admin/  {environment["ADMIN_USER"]}  {shown["ADMIN_PASSWORD"]}
  Flower    http://{flower}/  {environment["FLOWER_USER"]}  {shown["FLOWER_PASSWORD"]}
  Data      {data}  (a log for each process in logs/)
  Stop      Ctrl-C
"""


def _run_scenario(
    command: Sequence[str], supervisor: Supervisor, environment: Mapping[str, str]
) -> int:
    """Run `command` against the site; return its exit code."""
    variables = {**environment, "GRIDLINK_URL": f"http://{_site(environment)}"}
    with subprocess.Popen(command, cwd=CHECKOUT, env=variables) as child:
        try:
            while child.poll() is None:
                supervisor.check_alive()
                time.sleep(POLL_SECONDS)
        finally:
            # Ctrl-C also interrupts the child: let it finish its output.
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(1)
            child.terminate()
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _stay(supervisor: Supervisor) -> NoReturn:
    while True:
        supervisor.check_alive()
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
