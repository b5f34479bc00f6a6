"""The documentation names what is there: nothing missing, nothing made up."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from botocore.credentials import EnvProvider
from django.conf import settings
from django.urls import resolve

from gridlink.lib.queues import QUEUES

ROOT = Path(__file__).resolve().parents[1]
CODE = ("gridlink", "tasks", "grids", "reports")
SETTINGS_PAGE = (ROOT / "docs" / "settings.md").read_text()
OPERATIONS_PAGE = (ROOT / "docs" / "operations.md").read_text()
# Read by a library on our behalf.
BY_LIBRARIES = {EnvProvider.ACCESS_KEY, EnvProvider.SECRET_KEY}
# Of the machine, not ours.
SYSTEM = {"PATH"}


def sources() -> list[Path]:
    folders = [path for name in CODE for path in (ROOT / name).rglob("*.py")]
    return [ROOT / "celery_app.py", ROOT / "manage.py", *folders]


@cache
def calls() -> dict[str, ast.Call]:
    """The call that reads each variable, by the variable's name."""
    found = {}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and (name := _read_by_call(node)):
                found[name] = node
    return found


def _read_by_call(call: ast.Call) -> str:
    function = ast.unparse(call.func)
    is_reader = function.startswith("env_") or function == "given"
    if not (is_reader or re.fullmatch(r"(os\.)?environ(ment)?\.(get|setdefault)", function)):
        return ""
    return _text(call.args[0]) if call.args else ""


def _read_by_index(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            if ast.unparse(node.value) in ("environment", "os.environ"):
                yield _text(node.slice)


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@cache
def variables_read() -> frozenset[str]:
    """Every environment variable that the code or the Procfile looks at."""
    indexed = {name for path in sources() for name in _read_by_index(path)}
    procfile = re.findall(r"\$\{(\w+)", (ROOT / "Procfile").read_text())
    return frozenset({*calls(), *indexed, *procfile} - SYSTEM - {""})


def documented() -> dict[str, list[str]]:
    """The cells of each row of the settings page, by the variable in the first."""
    rows = re.findall(r"^\| `([A-Z][A-Z0-9_]*)` \|(.*)\|$", SETTINGS_PAGE, re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}


def test_the_collector_sees_every_way_to_read_a_variable() -> None:
    ways = {"JOB_LEASE_SECONDS", "GRIDLINK_DATA", "WEB_HOST", "FLOWER_PASSWORD", "REMAP_SIGTERM"}
    assert ways <= variables_read()


def test_every_variable_is_documented() -> None:
    missing = (variables_read() | BY_LIBRARIES) - set(documented())
    assert not missing


def test_every_documented_variable_is_read() -> None:
    made_up = set(documented()) - variables_read() - BY_LIBRARIES
    assert not made_up


def test_documented_defaults_are_those_of_the_code() -> None:
    wrong = {}
    for name, call in calls().items():
        if ast.unparse(call.func) in ("env_int", "env_bool") and len(call.args) > 1:
            default = str(eval(ast.unparse(call.args[1]), {})).lower()
            if documented()[name][0].split(" ")[0] != default:
                wrong[name] = default
    assert not wrong


def test_secrets_from_files_are_documented() -> None:
    secrets = {n for n, call in calls().items() if ast.unparse(call.func) == "env_secret"}
    section = SETTINGS_PAGE.split("## Secrets")[1].split("\n## ")[0]
    assert secrets == set(re.findall(r"`([A-Z_]+)_FILE`", section)) - {"NAME"}


def test_every_management_command_is_documented() -> None:
    folders = [path for name in CODE for path in (ROOT / name).rglob("management/commands/*.py")]
    commands = {path.stem for path in folders} - {"__init__"}
    assert commands
    assert not {name for name in commands if f"manage.py {name}" not in OPERATIONS_PAGE}


def test_queues_and_their_limits_are_documented() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| (\d+) \| (\d+) \|$", OPERATIONS_PAGE, re.MULTILINE)
    said = {name: (int(soft), int(hard)) for name, soft, hard in rows}
    assert said == {name: (limits.soft, limits.hard) for name, limits in QUEUES.items()}


def test_the_schedule_is_documented() -> None:
    rows = re.findall(r"^\| `tasks\.(\w+)` \| (\d+) s", OPERATIONS_PAGE, re.MULTILINE)
    schedule = settings.CELERY_BEAT_SCHEDULE.values()
    assert {f"tasks.{name}": float(seconds) for name, seconds in rows} == {
        entry["task"]: float(entry["schedule"]) for entry in schedule
    }


def test_log_events_in_the_docs_are_written_by_the_code() -> None:
    section = OPERATIONS_PAGE.split("## Logs")[1].split("\n## ")[0]
    events = set(re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE))
    code = "".join(path.read_text() for path in sources())
    assert events
    assert not {event for event in events if f'("{event}"' not in code}


@pytest.mark.parametrize("path", re.findall(r"^\| `(/[^`]+)` \|", OPERATIONS_PAGE, re.MULTILINE))
def test_documented_addresses_exist(path: str) -> None:
    resolve(path)
