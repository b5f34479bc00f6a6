"""Test the embedded servers as real processes in temporary folders."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import redis
from kombu import Connection

from gridlink import embedded
from gridlink.lib.server_process import StartError, socket_folder

CHECKOUT = Path(embedded.__file__).parent.parent
EXEC = [sys.executable, "-m", "gridlink.embedded", "exec"]
# Says that it runs, then waits until its input ends.
WAITING = [sys.executable, "-c", "print('up', flush=True); input()"]
AWKWARD = "a b,%20'é"


@pytest.fixture(autouse=True)
def _no_servers_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "GRIDLINK_DATA"):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder with a short path that root's PostgreSQL can enter, as it cannot enter tmp_path."""
    folder = Path(tempfile.mkdtemp(prefix="gl-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def base() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def used() -> Iterator[Path]:
    """A data folder that has been used before, which saves most of a start; stopped between tests."""
    with short_folder() as folder:
        yield folder


@contextmanager
def services(data: Path) -> Iterator[dict[str, str]]:
    with embedded.embedded_services(data, embedded.FAST_POSTGRES) as environment:
        yield environment


def query(url: str, sql: str) -> Any:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows = cursor.fetchall() if cursor.description else None
    connection.close()
    return rows


def visits(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        return int(client.incr("visits"))


@contextmanager
def owner(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """An `exec` process that has its servers running and its command waiting for input."""
    process = subprocess.Popen(
        [*EXEC, *arguments],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield process
    finally:
        process.communicate("\n")


def test_data_survives_a_restart(base: Path) -> None:
    with services(base) as given:
        query(given["DATABASE_URL"], "CREATE TABLE kept AS SELECT 'ÄÖ' AS word")
        assert visits(given["REDIS_URL"]) == 1
    with services(base) as given:
        assert query(given["DATABASE_URL"], "SELECT lower(word) FROM kept") == [("äö",)]
        assert visits(given["REDIS_URL"]) == 2


def test_no_server_is_left_running_and_none_listens_on_a_port(used: Path) -> None:
    with services(used) as given:
        assert query(given["DATABASE_URL"], "SHOW listen_addresses") == [("",)]
        with redis.Redis.from_url(given["REDIS_URL"]) as client:
            assert client.config_get("port") == {"port": "0"}
    assert not (used / "postgres" / "cluster" / "postmaster.pid").exists()
    assert not (used / "redis" / "redis.sock").exists()


def test_servers_are_durable_unless_asked_otherwise(used: Path) -> None:
    with embedded.embedded_postgres(used) as url:
        assert query(url, "SHOW fsync") == [("on",)]


@pytest.mark.parametrize("name", ["x" * 120, AWKWARD], ids=["long", "awkward"])
def test_the_data_folder_may_have_any_path(base: Path, name: str) -> None:
    data = base / name
    with services(data) as given:
        assert query(given["DATABASE_URL"], "SELECT 1") == [(1,)]
        assert visits(given["REDIS_URL"]) == 1
        with Connection(embedded.celery_redis_url(given["REDIS_URL"])) as broker:
            broker.ensure_connection(max_retries=1)
    links = {socket_folder(data / server) for server in ("postgres", "redis")}
    assert not any(link.is_symlink() for link in links)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's PostgreSQL runs as somebody else")
def test_below_a_private_folder_root_keeps_postgres_elsewhere(base: Path) -> None:
    base.chmod(0o700)
    try:
        for _ in range(2):
            with services(base) as given:
                query(given["DATABASE_URL"], "CREATE TABLE IF NOT EXISTS kept (number int)")
        assert stat.S_IMODE(base.stat().st_mode) == 0o700
        assert (base / "postgres").readlink().parent == Path("/var/lib")
    finally:
        shutil.rmtree((base / "postgres").resolve())


def test_a_link_of_another_user_is_not_trusted(base: Path) -> None:
    data = base / ("x" * 120)
    link = socket_folder(data / "redis")
    link.symlink_to(base)
    try:
        with (
            pytest.raises(StartError, match="in the way"),
            embedded.embedded_redis(data),
        ):
            pass
    finally:
        link.unlink()


def test_servers_of_a_killed_owner_are_replaced(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDLINK_DATA", str(used))
    with owner("--fast", "--", *WAITING) as process:
        url = embedded.database_url(used)
        query(url, "CREATE TABLE kept AS SELECT 1 AS number")
        postmaster = (used / "postgres/cluster/postmaster.pid").read_text().split()[0]
        process.kill()
        process.wait()
        with services(used) as given:
            assert query(given["DATABASE_URL"], "SELECT number FROM kept") == [(1,)]
            assert visits(given["REDIS_URL"]) == 1
            current = (used / "postgres/cluster/postmaster.pid").read_text().split()[0]
            assert current != postmaster


def test_an_unrelated_process_with_a_reused_pid_is_left_alone(used: Path) -> None:
    with services(used):
        cluster, pid_file = used / "postgres" / "cluster", used / "redis" / "redis.pid"
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as stranger:
        lines = [stranger.pid, cluster, 1, 5432, used, "", "  5432001         0"]
        (cluster / "postmaster.pid").write_text("\n".join(map(str, lines)) + "\n")
        shutil.chown(cluster / "postmaster.pid", cluster.stat().st_uid)
        pid_file.write_text(f"{stranger.pid}\n")
        with services(used) as given:
            assert query(given["DATABASE_URL"], "SELECT 1") == [(1,)]
        assert stranger.poll() is None
        stranger.kill()


def test_a_second_owner_is_refused_and_the_first_goes_on(used: Path) -> None:
    with services(used) as given:
        for second in (embedded.embedded_postgres(used), embedded.embedded_redis(used)):
            with ExitStack() as stack, pytest.raises(StartError) as refusal:
                stack.enter_context(second)
            assert f"already runs on {used} (process {os.getpid()})" in str(refusal.value)
            assert "\n" not in str(refusal.value)
        assert query(given["DATABASE_URL"], "SELECT 1") == [(1,)]


def test_a_server_that_cannot_start_says_why(used: Path) -> None:
    with (
        pytest.raises(StartError, match=r"postgres did not start, see .*nonsense"),
        embedded.embedded_postgres(used, {"nonsense": "1"}),
    ):
        pass


def test_exec_passes_the_exit_code_on_and_leaves_nothing() -> None:
    probe = "import os; print(os.environ['GRIDLINK_DATA']); raise SystemExit(7)"
    done = subprocess.run(
        [*EXEC, "--temporary", "--fast", "--", sys.executable, "-c", probe],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 7
    assert done.stderr == ""
    assert not Path(done.stdout.strip()).exists()


def test_exec_starts_nothing_that_is_given(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDLINK_DATA", str(base))
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example/name")
    monkeypatch.setenv("REDIS_URL", "redis://redis.example/0")
    with embedded.embedded_services(base) as given:
        assert given.keys() <= {"GRIDLINK_DATA", "SECRET_KEY"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_exec_stopped_by_a_signal_stops_its_servers(
    used: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setenv("GRIDLINK_DATA", str(used))
    with owner("--fast", "--", *WAITING) as process:
        os.killpg(process.pid, number)
        process.wait(20)
        assert process.returncode == 128 + number
    assert not (used / "postgres" / "cluster" / "postmaster.pid").exists()
    assert not (used / "redis" / "redis.sock").exists()


def test_a_secret_is_made_once_and_is_private(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: embedded.local_secret(tmp_path, "KEY"), range(32)))
    assert len(found) == 1
    assert len(found.pop()) >= 50
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["KEY"]
    assert stat.S_IMODE((tmp_path / "secrets" / "KEY").stat().st_mode) == 0o600
    assert embedded.local_secret(tmp_path, "OTHER") != embedded.local_secret(tmp_path, "KEY")


def test_a_secret_that_cannot_be_kept_is_refused() -> None:
    with pytest.raises(StartError, match="/dev/null/x cannot be written"):
        embedded.local_secret(Path("/dev/null/x"), "KEY")


def test_celery_gets_its_own_url_scheme() -> None:
    assert embedded.celery_redis_url("redis://:pw@host:1/2") == "redis://:pw@host:1/2"
    assert embedded.celery_redis_url("unix:///a%20b/s?db=3") == (
        "redis+socket:///a%20b/s?virtual_host=3"
    )


def test_the_data_folder_is_gridlink_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert embedded.data_dir() == CHECKOUT / ".gridlink"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRIDLINK_DATA", "state")
    assert embedded.data_dir() == tmp_path / "state"
