"""Rules about the code that no other tool checks: sizes, folders, and who may do what."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
import yaml
from django.urls import URLPattern, URLResolver

from gridlink.urls import api

ROOT = Path(__file__).resolve().parents[1]
APPS = ("gridlink", "tasks", "grids", "reports")
FILE_LINES = 300
FUNCTION_LINES = 60
FOLDER_FILES = 22
FAMILY_FILES = 3
FILE_LINES_MIN = 15
# What Django and Celery look for at the root of an app; everything else is in a feature's folder.
APP_ROOT = {"__init__", "admin", "apps", "access", "jobs", "tasks"}
APP_ROOTS = {
    "tasks": APP_ROOT,
    "grids": APP_ROOT | {"selectors"},
    "reports": APP_ROOT | {"schedules"},
}
LAYERS = {"api", "examples", "models", "selectors", "serializers", "services", "urls", "views"}
# Words for a person at a terminal.
MAY_PRINT = {"gridlink/run.py"}
MAY_SET_JOB_STATUS = {"tasks/jobs/lifecycle.py", "tasks/jobs/claims.py"}
# The states of a delivery and of a slot, which have places of their own too.
MAY_SET_STATUS = {*MAY_SET_JOB_STATUS, "tasks/notifications/outbox.py", "tasks/schedules/notes.py"}
# What writes the columns that it is given by name.
WRITERS = {"Job", "create", "get_or_create", "update", "update_or_create"}
STATUS_SQL = re.compile(r"\b(UPDATE|INSERT\s+INTO|MERGE\s+INTO)\s+(ONLY\s+)?tasks_job\b", re.I)


def product_files() -> list[str]:
    """Every module of the product, by its path in the checkout."""
    files = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    files += [ROOT / "manage.py", ROOT / "celery_app.py"]
    paths = sorted(path.relative_to(ROOT).as_posix() for path in files)
    return [path for path in paths if "/migrations/" not in path]


def long_functions(tree: ast.AST) -> Iterator[str]:
    """Functions of more lines than one can see at once."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{node.name} has {lines} lines"


def prints(tree: ast.AST) -> Iterator[str]:
    """Calls of print."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
            yield f"print in line {node.lineno}"


def api_imports(tree: ast.AST) -> Iterator[str]:
    """Imports of an app's API, at the top or inside a function."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name.split(".")[0] in APPS and "api" in name.split("."):
                yield f"import of {name}"


def status_writes(tree: ast.AST) -> Iterator[str]:
    """What sets a job's status, through the ORM or in SQL."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=func, keywords=keywords):
                if ast.unparse(func).split(".")[-1] in WRITERS:
                    yield from (
                        f"status= in line {k.lineno}" for k in keywords if k.arg == "status"
                    )
            case ast.Attribute(attr="status", ctx=ast.Store()):
                yield f".status = in line {node.lineno}"
            case ast.Constant(value=str(text)):
                if STATUS_SQL.search(text) and "status" in text:
                    yield f"SQL in line {node.lineno}"


def undocumented(tree: ast.Module) -> Iterator[str]:
    """A module that does not say what it is for."""
    if not (ast.get_docstring(tree) or "").strip():
        yield "no docstring"


Check = Callable[[ast.Module], Iterator[str]]


def found(check: Check, *, except_in: Callable[[str], bool] = lambda path: False) -> list[str]:
    """Where in the product a check finds something, but for the files that may."""
    return [
        f"{path}: {problem}"
        for path in product_files()
        if not except_in(path)
        for problem in check(ast.parse((ROOT / path).read_text()))
    ]


def test_files_are_short() -> None:
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in product_files()}
    assert {path: lines for path, lines in lengths.items() if lines >= FILE_LINES} == {}


def test_functions_are_short() -> None:
    assert found(long_functions) == []


def test_every_module_says_what_it_is_for() -> None:
    assert found(undocumented) == []


def test_nobody_prints() -> None:
    def may(path: str) -> bool:
        return path in MAY_PRINT

    assert found(prints, except_in=may) == []


def test_nothing_but_an_api_or_the_urls_imports_an_api() -> None:
    def may(path: str) -> bool:
        return "/api/" in path or path == "gridlink/urls.py"

    assert found(api_imports, except_in=may) == []


def test_only_the_lifecycle_sets_a_jobs_status() -> None:
    def may(path: str) -> bool:
        return path in MAY_SET_STATUS

    assert found(status_writes, except_in=may) == []


@pytest.mark.parametrize(
    ("check", "source"),
    [
        (long_functions, "async def f():\n" + "    pass\n" * 60),
        (prints, "def f():\n    if x: print('x')"),
        (api_imports, "def f():\n    from grids.api import views"),
        (api_imports, "from gridlink.accounts.api.views import RegisterView"),
        (api_imports, "import tasks.api"),
        (api_imports, "from tasks import api"),
        (status_writes, "Job.objects.filter(pk=1).update(status=JobStatus.FAILED)"),
        (status_writes, "Job(status='queued')"),
        (status_writes, "job.status = 'failed'"),
        (status_writes, "job.status, job.error = 'failed', {}"),
        (status_writes, "cursor.execute('UPDATE tasks_job SET status = %s')"),
        (undocumented, "x = 1"),
        (undocumented, '"""  """'),
    ],
)
def test_the_checks_see_what_they_look_for(check: Check, source: str) -> None:
    assert list(check(ast.parse(source)))


@pytest.mark.parametrize(
    ("check", "source"),
    [
        (long_functions, "def f():\n" + "    pass\n" * 59),
        (prints, "pprint(x); x.print()"),
        (api_imports, "from rest_framework.api import x; from grids.apis import y"),
        (status_writes, "Response(status=200); Job.objects.filter(status='queued'); job.status"),
        (status_writes, "cursor.execute('SELECT status FROM tasks_job')"),
        (undocumented, '"""What it is."""'),
    ],
)
def test_the_checks_leave_the_rest_alone(check: Check, source: str) -> None:
    assert list(check(ast.parse(source))) == []


def folders(root: str) -> dict[str, list[Path]]:
    """The files of each folder below `root` that holds any, but for migrations."""
    found_files: dict[str, list[Path]] = {}
    for path in sorted((ROOT / root).rglob("*")):
        if path.is_file() and not {"__pycache__", "migrations"} & set(path.parts):
            folder = path.parent.relative_to(ROOT).as_posix()
            found_files.setdefault(folder, []).append(path)
    return found_files


def families(stems: Iterable[str]) -> Iterator[str]:
    """Names that share their first word with too many others, or end in the word for a layer."""
    first_words = Counter(stem.split("_")[0] for stem in stems if stem.strip("_"))
    yield from (f"{word}_*" for word, count in first_words.items() if count > FAMILY_FILES)
    yield from (stem for stem in stems if stem.partition("_")[2] in LAYERS)


def named_modules(docstring: str) -> set[str]:
    """The modules that a package's docstring names: in backquotes, or as `name.py`."""
    quoted = re.findall(r"`([a-z_][a-z_.]*?)(?:\.py)?`", docstring)
    return {*quoted, *re.findall(r"\b([a-z_]+)\.py\b", docstring)}


@pytest.mark.parametrize("root", [*APPS, "tests", "bench", "examples"])
def test_no_folder_has_too_many_files(root: str) -> None:
    sizes = {folder: len(files) for folder, files in folders(root).items()}
    assert {folder: size for folder, size in sizes.items() if size > FOLDER_FILES} == {}


@pytest.mark.parametrize("app", APPS)
def test_no_folder_holds_families_of_files(app: str) -> None:
    stems = {
        folder: [path.stem for path in files if path.suffix == ".py"]
        for folder, files in folders(app).items()
    }
    found_families = {folder: list(families(names)) for folder, names in stems.items()}
    assert {folder: names for folder, names in found_families.items() if names} == {}


@pytest.mark.parametrize(
    ("stems", "expected"),
    [
        (["csv", "csv_header", "csv_rows", "csv_layouts"], ["csv_*"]),
        (["csv", "csv_header", "csv_rows"], []),
        (["notice_models"], ["notice_models"]),
        (["models", "__init__", "__main__"], []),
    ],
)
def test_families_are_seen(stems: list[str], expected: list[str]) -> None:
    assert list(families(stems)) == expected


@pytest.mark.parametrize("app", APP_ROOTS)
def test_the_root_of_an_app_holds_what_django_and_celery_look_for(app: str) -> None:
    assert {path.stem for path in (ROOT / app).glob("*.py")} - APP_ROOTS[app] == set()
    assert {"api", "models"} - {path.name for path in (ROOT / app).iterdir()} == set()


def test_a_packages_docstring_names_only_what_is_there() -> None:
    wrong: dict[str, set[str]] = {}
    for path in product_files():
        package = (ROOT / path).parent
        if path.endswith("/__init__.py"):
            docstring = ast.get_docstring(ast.parse((ROOT / path).read_text())) or ""
            there = {entry.stem for entry in package.iterdir()}
            names = {name for name in named_modules(docstring) if "." not in name}
            wrong[path] = names - there - {"shared_task"}
    assert {path: names for path, names in wrong.items() if names} == {}


@pytest.mark.parametrize("path", product_files())
def test_modules_that_the_text_names_exist(path: str) -> None:
    """Dotted names and paths in comments and docstrings; the names of tasks and kinds of jobs are others."""
    text = (ROOT / path).read_text()
    dotted = set(re.findall(rf"`((?:{'|'.join(APPS)})(?:\.[a-z_]+)+)", text))
    missing = {name for name in dotted if not is_module_or_attribute(name)}
    paths = set(re.findall(rf"\b((?:{'|'.join(APPS)}|docs)/[\w/.-]+\.(?:py|md))\b", text))
    missing |= {name for name in paths if not (ROOT / name).exists()}
    assert missing == set()


def is_module_or_attribute(name: str) -> bool:
    """Whether a dotted name is a module of the product, or something defined in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:length])
        module = path if path.is_dir() else path.with_suffix(".py")
        if module.exists():
            source = module / "__init__.py" if module.is_dir() else module
            return length == len(parts) or parts[length] in source.read_text()
    return False


def test_no_file_is_a_splinter() -> None:
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in product_files()}
    assert {
        path: lines
        for path, lines in lengths.items()
        if lines < FILE_LINES_MIN and not path.endswith("__init__.py")
    } == {}


def test_every_management_command_has_a_test() -> None:
    commands = {
        path.stem
        for app in APPS
        for path in (ROOT / app).rglob("management/commands/*.py")
        if path.stem != "__init__"
    }
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert commands
    assert {name for name in commands if f'call_command("{name}"' not in tests} == set()


def routes(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
    """Every path of a url conf, as OpenAPI writes it."""
    for pattern in patterns:
        path = prefix + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        else:
            yield path


def test_the_document_lists_every_route_and_no_other() -> None:
    document = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
    assert sorted(document["paths"]) == sorted(routes(api, "/api/v1/"))


def test_no_test_folder_is_a_package() -> None:
    """An `__init__.py` in tests/tasks/ would hide the app `tasks`."""
    assert list((ROOT / "tests").rglob("__init__.py")) == []
