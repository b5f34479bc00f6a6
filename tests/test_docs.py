"""Check the documentation: it matches the code, its links work and its prose is wrapped."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from pydoc import locate

import pytest
from botocore.credentials import EnvProvider
from django.conf import settings
from django.urls import resolve

from gridlink.lib.queues import QUEUES

ROOT = Path(__file__).resolve().parents[1]
CODE = ("gridlink", "tasks", "grids", "reports")
SETTINGS_PAGE = (ROOT / "docs" / "settings.md").read_text()
OPERATIONS_PAGE = (ROOT / "docs" / "operations.md").read_text()
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
RECORDS = sorted((ROOT / "docs" / "adr").glob("*.md"))
LINE_LENGTH = 100
# Folders whose paths the documentation names from the root of the repository.
FOLDERS = (*CODE, "tests", "bench", "examples", "docs")
# Sections of a decision record, in this order. Only "Alternatives" may be missing.
SECTIONS = ["Context", "Decision", "Alternatives", "Consequences"]
# Variables that a library reads, not our code.
BY_LIBRARIES = {EnvProvider.ACCESS_KEY, EnvProvider.SECRET_KEY}
# Variables of the operating system.
SYSTEM = {"PATH"}


def sources() -> list[Path]:
    """Return the Python files of the product."""
    folders = [path for name in CODE for path in (ROOT / name).rglob("*.py")]
    return [ROOT / "celery_app.py", ROOT / "manage.py", *folders]


@cache
def nodes() -> list[ast.AST]:
    """Return the syntax nodes of all sources."""
    return [node for path in sources() for node in ast.walk(ast.parse(path.read_text()))]


def calls(pattern: str) -> list[tuple[str, ast.Call]]:
    """Return calls of functions with a matching name, each with its first argument if a literal."""
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
    """Return all environment variables that the code or the Procfile reads."""
    called = [n for n, _ in calls(r"env_\w+|given|(os\.)?environ(ment)?\.(get|setdefault)")]
    procfile = re.findall(r"\$\{(\w+)", (ROOT / "Procfile").read_text())
    return frozenset({*called, *_indexed(), *procfile} - SYSTEM - {""})


def documented() -> dict[str, list[str]]:
    """Return the cells of each row of the settings page by variable name."""
    rows = re.findall(r"^\| `([A-Z][A-Z0-9_]*)` \|(.*)\|$", SETTINGS_PAGE, re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}


def test_the_collector_finds_every_way_to_read_a_variable() -> None:
    ways = {"JOB_LEASE_SECONDS", "GRIDLINK_DATA", "WEB_HOST", "FLOWER_PASSWORD", "REMAP_SIGTERM"}
    assert ways <= variables_read()


def test_every_variable_is_documented() -> None:
    missing = (variables_read() | BY_LIBRARIES) - set(documented())
    assert not missing


def test_every_documented_variable_is_read() -> None:
    unread = set(documented()) - variables_read() - BY_LIBRARIES
    assert not unread


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
    limits_of = {name: (int(soft), int(hard)) for name, soft, hard in rows}
    assert limits_of == {name: (limits.soft, limits.hard) for name, limits in QUEUES.items()}


def test_periodic_tasks_are_documented() -> None:
    rows = re.findall(r"^\| `(\w+\.\w+)` \| (\d+) s", OPERATIONS_PAGE, re.MULTILINE)
    schedule = settings.CELERY_BEAT_SCHEDULE.values()
    assert {name: float(seconds) for name, seconds in rows} == {
        entry["task"]: entry["schedule"] for entry in schedule
    }


def test_log_events_and_their_documentation_match() -> None:
    section = OPERATIONS_PAGE.split("## Logs")[1].split("\n## ")[0]
    events = re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE)
    assert sorted(events) == sorted({event for event, _ in calls(r"logger\.\w+")})


@pytest.mark.parametrize("path", re.findall(r"^\| `(/[^`]+)` \|", OPERATIONS_PAGE, re.MULTILINE))
def test_documented_addresses_exist(path: str) -> None:
    resolve(path)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def python_files() -> tuple[str, ...]:
    """Return the paths of all Python files of the repository, each with a leading slash."""
    files = [
        *ROOT.glob("*.py"),
        *(file for name in FOLDERS for file in (ROOT / name).rglob("*.py")),
    ]
    return tuple(f"/{_name(path)}" for path in files)


def _is_python_file(name: str) -> bool:
    """Return whether a path, or the end of one, names a Python file of the repository."""
    return any(path.endswith(f"/{name}") for path in python_files())


def _without_code(text: str) -> str:
    """Return Markdown without fenced code blocks, which may hold anything."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", _without_code(path.read_text()), re.MULTILINE)
    words = [re.sub(r"[^\w -]", "", heading.lower()) for heading in headings]
    return frozenset(heading.replace(" ", "-") for heading in words)


def _is_long_prose(line: str) -> bool:
    """Return whether a line is too long; tables, images and lone URLs cannot be wrapped."""
    is_fixed = line.startswith(("|", "![")) or " " not in line.strip()
    return len(line) > LINE_LENGTH and not is_fixed


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_prose_is_wrapped(page: Path) -> None:
    lines = _without_code(page.read_text()).split("\n")
    assert not [line for line in lines if _is_long_prose(line)]


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", _without_code(page.read_text())):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        is_external = re.match(r"[a-z]+:", link)
        if not is_external and not (target.exists() and (not anchor or anchor in anchors(target))):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_named_files_and_classes_exist(page: Path) -> None:
    text = page.read_text()
    modules = re.findall(r"(?<![\w/>*.-])[\w./-]*\w\.py\b", text)
    paths = re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)`", text)
    objects = re.findall(rf"`((?:{'|'.join(CODE)})(?:\.\w+){{2,}})`", text)
    assert not [name for name in modules if not _is_python_file(name)]
    assert not [name for name in paths if not (ROOT / name).exists()]
    assert not [name for name in objects if locate(name) is None]


def test_named_decision_records_exist() -> None:
    texts = [ROOT / "pyproject.toml", ROOT / "Makefile", ROOT / "docker-compose.yml", *PAGES]
    texts += [ROOT / name[1:] for name in python_files()]
    named = {number for path in texts for number in re.findall(r"adr/(\d{4})", path.read_text())}
    assert named
    assert named <= {path.name[:4] for path in RECORDS}


@pytest.mark.parametrize("record", RECORDS, ids=_name)
def test_decision_records_have_one_form(record: Path) -> None:
    text = record.read_text()
    found = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert found in (SECTIONS, [name for name in SECTIONS if name != "Alternatives"])
    assert text.startswith(f"# {int(record.name[:4])}. ")


def test_decision_records_are_numbered_without_gaps() -> None:
    assert [int(path.name[:4]) for path in RECORDS] == list(range(1, len(RECORDS) + 1))
