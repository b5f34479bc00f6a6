"""The tests' own tools: which tests a change touches, how the database is emptied, and mutants."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils.timezone import now

from gridlink.accounts.models import User
from grids.models import Grid, Link
from tasks.models import Job, JobEvent
from tests.support.changed import ALWAYS, changed_files, selected
from tests.support.client import Client, make_user
from tests.support.database import empty_used_tables
from tests.support.grids.grids import make_grid, make_link
from tests.support.mutants import files_of_tests
from tests.support.mutations import mutations
from tests.support.platform import make_job, user_of


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with tests that mirror two packages."""
    files = {
        "tasks/jobs/claims.py": "",
        "tasks/models/job.py": "",
        "tests/test_architecture.py": "",
        "tests/tasks/jobs/test_claims.py": "",
        "tests/tasks/api/conftest.py": "from tests.support.rows import count",
        "tests/grids/test_links.py": "from tests.support.rows import count",
        "tests/support/rows.py": "",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    git(folder, *author, "commit", "-q", "--allow-empty", "-m", "change")


@pytest.mark.parametrize(
    ("changed", "tests"),
    [
        (["tasks/jobs/claims.py"], ["tests/tasks/jobs"]),
        (["tasks/models/job.py"], ["tests/tasks"]),
        (["tasks/models/job.py", "tasks/jobs/claims.py"], ["tests/tasks"]),
        (["tests/grids/test_links.py"], ["tests/grids/test_links.py"]),
        (["tests/grids/test_deleted.py"], []),
        (["tests/tasks/api/conftest.py"], ["tests/tasks/api"]),
        (["tests/support/rows.py"], ["tests/grids/test_links.py", "tests/tasks/api"]),
        (["README.md", "grids/services.py"], ["tests/grids"]),
        ([], []),
    ],
)
def test_a_change_selects_the_tests_that_mirror_it(
    checkout: Path, changed: list[str], tests: list[str]
) -> None:
    assert ALWAYS[0] == "tests/test_architecture.py"
    assert selected(changed, checkout) == sorted([*tests, ALWAYS[0]])


def test_what_changed_is_what_was_committed_edited_or_added_since_the_base(checkout: Path) -> None:
    git(checkout, "checkout", "-q", "-b", "work")
    (checkout / "tasks/jobs/claims.py").write_text("committed = True")
    commit(checkout)
    (checkout / "tasks/models/job.py").write_text("edited = True")
    (checkout / "grids.py").write_text("added = True")
    edited_or_added = ["grids.py", "tasks/models/job.py"]
    assert changed_files(checkout, "main") == sorted([*edited_or_added, "tasks/jobs/claims.py"])
    # Without such a base, what differs from the last commit.
    assert changed_files(checkout, "origin/main") == edited_or_added


@pytest.mark.django_db(transaction=True)
def test_emptying_the_database_leaves_nothing_but_what_migrations_wrote() -> None:
    permissions = Permission.objects.count()
    assert permissions
    # The second time the tables have pages already.
    for _ in range(2):
        alice = Client(make_user("alice"))
        make_link(alice, make_grid(alice))
        # The database refuses to delete events otherwise.
        JobEvent.objects.create(job=make_job(user_of(alice)), type="queued", attempt=0)
        empty_used_tables()
        assert not any(model.objects.exists() for model in (User, Grid, Link, Job, JobEvent))
    assert Permission.objects.count() == permissions


@pytest.mark.django_db(transaction=True)
def test_emptying_the_database_gives_the_space_of_many_rows_back() -> None:
    rows = [Session(pk=str(n), session_data="x" * 1000, expire_date=now()) for n in range(2000)]
    Session.objects.bulk_create(rows)
    assert table_size("django_session") > 1_000_000
    empty_used_tables()
    assert table_size("django_session") == 0


def table_size(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size(%s)", [name])
        size: int = cursor.fetchone()[0]
    return size


@pytest.mark.parametrize(
    ("source", "mutants"),
    [
        ("a < b <= c", ["a <= b <= c", "a < b < c"]),
        ("if a and b in c: pass", ["if a or b in c: pass", "if a and b not in c: pass"]),
        ("a = b if not c else True", ["a = b if c else True", "a = b if not c else False"]),
        ("a = b if c else d", ["a = b if (not c) else d"]),
        ("a += 1", ["pass", "a += 2"]),
        ("raise Bad('SELECTED 1 < 2')", ["pass"]),
        ("é = 'é'; go()", ["é = 'é'; pass"]),
        ("async def a():\n  await go()", ["async def a():\n  pass"]),
        ("def a(b: int | None) -> int | None:\n  'Add 1 < 2.'\n  return b", ["…  return None"]),
        ("@atomic\ndef a(): return None", ["\ndef a(): return None"]),
        ("@dataclass(frozen=True)\nclass A: pass", []),
        ("rows.filter(a=b, c=d)", ["pass", "rows.filter( c=d)", "rows.filter(a=b, )"]),
        ("f'{a} is {b < c}'", []),
        (
            "Q = 'SELECT é FROM a WHERE b = 1 AND c IS NULL FOR UPDATE'",
            [
                "Q = 'SELECT é FROM a WHERE b <> 1 AND c IS NULL FOR UPDATE'",
                "Q = 'SELECT é FROM a WHERE b = 1 OR c IS NULL FOR UPDATE'",
                "Q = 'SELECT é FROM a WHERE b = 1 AND c IS NOT NULL FOR UPDATE'",
                "Q = 'SELECT é FROM a WHERE b = 1 AND c IS NULL'",
            ],
        ),
        ("Q = 'UPDATE a SET b = b + 1'", ["Q = 'UPDATE a SET b = b + 2'"]),
    ],
)
def test_mutants_differ_in_one_place_that_runs(source: str, mutants: list[str]) -> None:
    made = [change.applied(source.encode()).decode() for change in mutations(source.encode())]
    wanted = [mutant.replace("…", source.rpartition("  ")[0]) for mutant in mutants]
    assert sorted(made) == sorted(wanted)


def test_mutants_are_tried_by_the_tests_that_mirror_them_its_own_first() -> None:
    first, *others = files_of_tests("tasks/jobs/claims.py")
    assert first == "tests/tasks/jobs/test_claims.py"
    assert {Path(name).parent.as_posix() for name in others} == {"tests/tasks/jobs"}
    first, *others = files_of_tests("grids/access.py")
    assert first == "tests/grids/test_access.py"
    assert "tests/grids/api/test_grids_api.py" in others
