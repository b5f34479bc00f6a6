"""Change the code on purpose, one place at a time, and see which changes no test notices (docs/adr/0026).

`python -m tests.support.mutants [--sample N] [--seed S] [--again] [FILE ...]`, as `make mutants` runs it. It
works on a copy under build/, forks a process with the libraries loaded for each mutant, and gives each a
fresh copy of the database. What was found is kept there, so that a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import functools
import hashlib
import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from hypothesis import Phase, settings
from redis import Redis

from tests.support.changed import ROOT, tests_of
from tests.support.mutations import mutations

PUBLIC = ("app", "cache", "events", "forwarding", "spool", "wire", "writer")
SUBJECTS = (
    "tasks/jobs/claims.py", "tasks/jobs/lifecycle.py", "tasks/storage/*.py", "*/access.py",
    "gridlink/accounts/access.py", "gridlink/accounts/throttle.py", "reports/clicks/ingest/*.py",
    "reports/clicks/parsing/*.py", "reports/exports/parts.py",
    *(f"grids/public/{name}.py" for name in PUBLIC),
)  # fmt: skip
# What only requests prove: who may see what, and downloads.
ELSEWHERE = {
    "grids/access.py": "tests/grids/api/test_*.py",
    "reports/access.py": "tests/reports/api/test_*.py",
    "tasks/access.py": "tests/tasks/api/test_*.py",
    "tasks/storage/downloads.py": "tests/tasks/api/test_download*.py",
}
LIBRARIES = ("boto3", "celery", "django.contrib.admin", "moto.server", "pyarrow", "schemathesis")
WORK = ROOT / "build" / "mutants"
COPY = WORK / "copy"
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".gridlink", "build", ".*_cache", "__pycache__")
KILLED, SURVIVED, TIMED_OUT = "killed", "survived", "timeout"


def main() -> None:
    """Try the mutants that were asked for; print the survivors and a table."""
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("files", nargs="*", help="modules, instead of all that matter")
    parser.add_argument("--sample", type=int, help="at most so many of each module")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("--again", action="store_true", help="forget what earlier runs found")
    options = parser.parse_args()
    shutil.rmtree(WORK if options.again else COPY, ignore_errors=True)
    shutil.copytree(ROOT, COPY, ignore=LEFT_OUT)
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=COPY, check=True)
    for name in LIBRARIES:
        importlib.import_module(name)
    # That a property is broken is enough; minutes of smaller examples say no more.
    phases = [Phase.explicit, Phase.generate]
    settings.register_profile("mutants", phases=phases, database=None, derandomize=True)
    settings.load_profile("mutants")
    files = {path.relative_to(ROOT).as_posix() for glob in SUBJECTS for path in ROOT.glob(glob)}
    table = {
        name: tried(name, options.sample, options.seed) for name in options.files or sorted(files)
    }
    table["all"] = sum(table.values(), Counter())
    for name, counts in table.items():
        if total := counts.total():
            dead = total - counts[SURVIVED]
            sys.stdout.write(f"{name:45}{dead:5} of {total:4} killed {dead / total:6.1%}\n")


def tried(name: str, sample: int | None, seed: int) -> Counter[str]:
    """Try the mutants of a module; return how many had which end."""
    source, tests = (ROOT / name).read_bytes(), files_of_tests(name)
    # Other tests may find what survived.
    survived = f"{SURVIVED} {digest(*((ROOT / test).read_bytes() for test in tests))}"
    notes = WORK / f"{digest(name.encode(), source)}.json"
    known = json.loads(notes.read_text()) if notes.exists() else {}
    counts: Counter[str] = Counter()
    found = mutations(source)
    for change in random.Random(f"{seed} {name}").sample(found, min(sample or 10**9, len(found))):
        key, mutant = f"{change.start}-{change.end}-{change.new.decode()}", change.applied(source)
        if known.get(key) not in (KILLED, TIMED_OUT, survived):
            ended = outcome(name, mutant, tests)
            known[key] = survived if ended == SURVIVED else ended
            notes.write_text(json.dumps(known))
        counts[known[key].partition(" ")[0]] += 1
        if known[key] == survived:
            before, after = (text.decode().splitlines(keepends=True) for text in (source, mutant))
            sys.stdout.writelines(difflib.unified_diff(before, after, name, "survivor", n=2))
            sys.stdout.flush()
    return counts


def files_of_tests(name: str) -> tuple[str, ...]:
    """Return the files of tests beside a module's mirror, those of its own name first."""
    globs = [f"{folder}/test_*.py" for folder in tests_of(name, ROOT)]
    files = [test for glob in (*globs, ELSEWHERE.get(name, "-")) for test in ROOT.glob(glob)]
    stem = Path(name).stem.removesuffix("s")
    files.sort(key=lambda test: (stem not in test.stem, test.stat().st_size, test))
    return tuple(test.relative_to(ROOT).as_posix() for test in files)


def digest(*contents: bytes) -> str:
    """Return a short name for contents."""
    return hashlib.sha256(b"\0".join(contents)).hexdigest()[:16]


@functools.cache
def seconds_without_change(tests: tuple[str, ...]) -> float:
    """Return how long the tests take; they must pass."""
    # What is compiled here serves every mutant; what a mutant compiles is not kept.
    may_keep_compiled(True)
    begin = time.monotonic()
    if ran(tests, within=3600) != 0:
        sys.exit(f"The tests fail without any change; see {WORK / 'output'}.")
    may_keep_compiled(False)
    return time.monotonic() - begin


def may_keep_compiled(may: bool) -> None:
    """Let this process and those it starts write compiled files, or not."""
    sys.dont_write_bytecode = not may
    os.environ["PYTHONDONTWRITEBYTECODE"] = "" if may else "1"


def outcome(name: str, mutant: bytes, tests: tuple[str, ...]) -> str:
    """Return what became of a mutant."""
    limit = 60 + 3 * seconds_without_change(tests)
    (COPY / name).write_bytes(mutant)
    try:
        return {0: SURVIVED, None: TIMED_OUT}.get(ran(tests, within=limit), KILLED)
    finally:
        # With its old time, so that its compiled form holds again.
        shutil.copy2(ROOT / name, COPY / name)


def ran(tests: tuple[str, ...], *, within: float) -> int | None:
    """Run tests on fresh servers until one fails; return pytest's exit code, None if it took too long."""
    fresh_servers()
    child = os.fork()
    if not child:
        os.setsid()
        os.chdir(COPY)
        output = os.open(WORK / "output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os._exit(pytest.main(["-qx", "-p", "no:cacheprovider", "--reuse-db", *tests]))
    end, ended, status = time.monotonic() + within, 0, 0
    while not ended and time.monotonic() < end:
        time.sleep(0.05)
        ended, status = os.waitpid(child, os.WNOHANG)
    # What a test started may have outlived it.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(status) if ended else None


def fresh_servers() -> None:
    """Leave a migrated database without rows and an empty Redis."""
    with contextlib.closing(Redis.from_url(os.environ["REDIS_URL"])) as redis:
        redis.flushall()
    url = urlsplit(os.environ["DATABASE_URL"])
    name = url.path.strip("/")
    server = psycopg2.connect(url._replace(path="/postgres").geturl())
    server.autocommit = True
    with contextlib.closing(server), server.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS test_{name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE test_{name} TEMPLATE {name}")


if __name__ == "__main__":
    main()
