"""The documentation names what is there: nothing missing, nothing made up."""

from __future__ import annotations

import ast
import re
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
def nodes() -> list[ast.AST]:
    return [node for path in sources() for node in ast.walk(ast.parse(path.read_text()))]


def calls(pattern: str) -> list[tuple[str, ast.Call]]:
    """Calls of functions whose name matches, each with the text that it is given first."""
    found = [node for node in nodes() if isinstance(node, ast.Call) and node.args]
    matching = [call for call in found if re.fullmatch(pattern, ast.unparse(call.func))]
    return [(name, call) for call in matching if (name := _text(call.args[0]))]


def _indexed() -> list[str]:
    found = [node for node in nodes() if isinstance(node, ast.Subscript)]
    loads = [node for node in found if isinstance(node.ctx, ast.Load)]
    return [_text(n.slice) for n in loads if ast.unparse(n.value) in ("environment", "os.environ")]


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@cache
def variables_read() -> frozenset[str]:
    """Every environment variable that the code or the Procfile looks at."""
    called = [n for n, _ in calls(r"env_\w+|given|(os\.)?environ(ment)?\.(get|setdefault)")]
    procfile = re.findall(r"\$\{(\w+)", (ROOT / "Procfile").read_text())
    return frozenset({*called, *_indexed(), *procfile} - SYSTEM - {""})


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
    for name, call in calls("env_int|env_bool"):
        default = str(eval(ast.unparse(call.args[1]), {})).lower()
        if documented()[name][0].split(" ")[0] != default:
            wrong[name] = default
    assert not wrong


def test_secrets_from_files_are_documented() -> None:
    secrets = {name for name, _ in calls("env_secret")}
    section = SETTINGS_PAGE.split("## Secrets")[1].split("\n## ")[0]
    assert secrets == set(re.findall(r"`([A-Z_]+)_FILE`", section))


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
    rows = re.findall(r"^\| `(\w+\.\w+)` \| (\d+) s", OPERATIONS_PAGE, re.MULTILINE)
    schedule = settings.CELERY_BEAT_SCHEDULE.values()
    assert {name: float(seconds) for name, seconds in rows} == {
        entry["task"]: entry["schedule"] for entry in schedule
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
