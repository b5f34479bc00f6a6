"""docker-compose.yml as compose itself would read it, with a recognisable dummy for every secret."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import yaml

from gridlink.lib.server_process import read_procfile
from tests.support.processes import ROOT

TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
PROCFILE = read_procfile(ROOT / "Procfile")
SERVERS = ("postgres", "redis", "store")
# Earlier keys are optional, all others must be given.
SECRET = re.compile("^(?!.*FALLBACKS).*(PASSWORD|SECRET|KEY|AUTH)")
VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?:(:[-?])([^{}]*))?\}")


def interpolated(value: Any, given: dict[str, str]) -> Any:
    """`value` as compose reads it with the variables `given`."""
    if isinstance(value, dict):
        return {key: interpolated(item, given) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolated(item, given) for item in value]
    return VARIABLE.sub(lambda m: _value(m, given), value) if isinstance(value, str) else value


def _value(match: re.Match[str], given: dict[str, str]) -> str:
    name, kind, rest = match.groups()
    if name is None:
        return "$"
    if not given.get(name) and kind != ":-":
        raise KeyError(name)
    return given.get(name) or rest


def variables() -> dict[str, set[tuple[str, str]]]:
    """How compose uses each variable of .env: the kind of use and the default or message."""
    found: dict[str, set[tuple[str, str]]] = {}
    for name, kind, rest in re.findall(VARIABLE, TEXT):
        if name:
            found.setdefault(name, set()).add((kind, rest))
    return found


def optional(path: Path) -> set[str]:
    """The variables that a .env file names, but leaves out."""
    return set(re.findall(r"^#(\w+)=$", path.read_text(), re.MULTILINE))


def env_file(path: Path) -> dict[str, str]:
    """The variables that a .env file sets."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


DUMMIES = {name: f"dummy-of-{name}" for name in variables() if SECRET.search(name)}
SERVICES = interpolated(COMPOSE["services"], DUMMIES)


def arguments(name: str) -> list[str]:
    """The words of a service's command."""
    command: str | list[str] = SERVICES[name]["command"]
    return command if isinstance(command, list) else shlex.split(command)


def procfile_arguments(name: str) -> list[str]:
    """The words of a line of the Procfile after the shell has expanded them."""
    script = re.sub(r"\bexec ", 'exec printf "%s\\\\0" ', PROCFILE[name])
    environment = {"WEB_HOST": "0.0.0.0", "FLOWER_PASSWORD": "dummy", "PATH": os.environ["PATH"]}
    words = subprocess.check_output(["sh", "-c", script], env=environment, text=True)
    return words.split("\0")[:-1]


def queues(words: list[str]) -> list[str]:
    """The queues that a worker's command names."""
    return words[words.index("-Q") + 1].split(",") if "-Q" in words else []
