"""Print the tests that the changes since origin/main touch: `python -m tests.support.changed [BASE]`.

`make test-fast` runs them. The folder tests/ mirrors the code, so a module's tests are found by its path.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
ALWAYS = ("tests/test_architecture.py", "tests/test_docs.py")
APPS = ("gridlink", "tasks", "grids", "reports")
# Files beside the apps, by their first folder or their name.
OTHERS = {
    "celery_app.py": "tests/tasks/broker",
    "Procfile": "tests/test_compose.py",
    "Dockerfile": "tests/test_compose.py",
    "docker-compose.yml": "tests/test_compose.py",
    "examples": "tests/flows",
}


def changed_files(root: Path, base: str) -> list[str]:
    """Return the paths that differ from where `base` and HEAD parted, also those git does not know yet."""
    parted = _git(root, "merge-base", base, "HEAD") or ["HEAD"]
    differing = _git(root, "diff", "--name-only", parted[0])
    return sorted({*differing, *_git(root, "ls-files", "--others", "--exclude-standard")})


def tests_of(path: str, root: Path) -> Iterator[str]:
    """Yield the folders and files of tests that cover the file at `path`."""
    folder = PurePosixPath(path).parent
    if path.startswith("tests/support/"):
        name = path.removesuffix(".py").replace("/", ".")
        yield from (
            (test.parent if test.name == "conftest.py" else test).relative_to(root).as_posix()
            for pattern in ("test_*.py", "conftest.py")
            for test in (root / "tests").rglob(pattern)
            if name in test.read_text()
        )
    elif path.startswith("tests/"):
        yield path if PurePosixPath(path).name.startswith("test_") else folder.as_posix()
    elif path.startswith(tuple(f"{app}/" for app in APPS)):
        mirrors = ("tests" / up for up in (folder, *folder.parents))
        yield next(mirror.as_posix() for mirror in mirrors if (root / mirror).is_dir())
    elif first := OTHERS.get(PurePosixPath(path).parts[0]):
        yield first


def selected(paths: Iterable[str], root: Path) -> list[str]:
    """Return what pytest is to run for changes at `paths`, without what lies inside another of them."""
    found = {*ALWAYS, *(test for path in paths for test in tests_of(path, root))}
    there = {test for test in found if (root / test).exists()}
    inside = {t for t in there for up in PurePosixPath(t).parents if up.as_posix() in there}
    return sorted(there - inside)


def _git(root: Path, *arguments: str) -> list[str]:
    """Return the lines that git answers; none if it fails, as without a remote."""
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else []


if __name__ == "__main__":
    base = sys.argv[1] if len(sys.argv) > 1 else "origin/main"
    sys.stdout.write(" ".join(selected(changed_files(ROOT, base), ROOT)) + "\n")
