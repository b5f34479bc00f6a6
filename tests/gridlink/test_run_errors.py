"""Test that `make run` reports problems in clear lines with an exit code."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings

from gridlink import run as gridlink_run
from gridlink.embedded import database_url

# Stands in for the site: says that it is ready, and outlives nobody.
WEB = """
import http.server, os
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(os.environ["WEB_PORT"])), Ready).serve_forever()
"""
START = "import gridlink.run as r, pathlib, sys; r.CHECKOUT = pathlib.Path(sys.argv.pop(1)); "


def free_port() -> str:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return str(server.getsockname()[1])


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small stand-in for a checkout, with servers given so that none need be started."""
    (tmp_path / "manage.py").write_text("print('done')")
    (tmp_path / "web.py").write_text(WEB)
    (tmp_path / "Procfile").write_text(f"web: exec {sys.executable} web.py\n")
    monkeypatch.setenv("GRIDLINK_DATA", str(tmp_path / "data"))
    # Servers that are there: the first thing that a run does is ask them.
    monkeypatch.setenv("DATABASE_URL", settings.DATABASE_URL or database_url(settings.DATA_DIR))
    monkeypatch.setenv("REDIS_URL", settings.REDIS_URL)
    monkeypatch.setenv("WEB_PORT", free_port())
    monkeypatch.setenv("PUBLIC_PORT", free_port())
    monkeypatch.setenv("FLOWER_PORT", free_port())
    monkeypatch.delenv("ADMIN_PASSWORD", raising=False)
    return tmp_path


def command(checkout: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-c", f"{START}sys.exit(r.main())", str(checkout), *arguments]


def start(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(checkout, *arguments),
        cwd=gridlink_run.CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_taken_port_is_named_with_the_variable_to_change(checkout: Path) -> None:
    port = os.environ["FLOWER_PORT"]
    with closing(socket.create_server(("127.0.0.1", int(port)))):
        done = start(checkout)
    assert done.returncode == 1
    assert done.stderr == (
        f"gridlink: Port {port} cannot be used (Address already in use): "
        "set FLOWER_PORT to another one.\n"
    )


@pytest.mark.parametrize("port", ["eighty", "70000", "-1"])
def test_an_invalid_port_is_refused(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    monkeypatch.setenv("WEB_PORT", port)
    done = start(checkout)
    assert done.returncode == 1
    assert (
        done.stderr
        == f"gridlink: Port {port} cannot be used (not a port): set WEB_PORT to another one.\n"
    )


def test_a_data_folder_that_cannot_be_written_is_named(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDLINK_DATA", "/dev/null/x")
    done = start(checkout)
    assert done.returncode == 1
    assert done.stderr == (
        "gridlink: The data folder /dev/null/x cannot be written (Not a directory): "
        "set GRIDLINK_DATA to a folder that can.\n"
    )


@pytest.mark.parametrize(
    ("name", "url", "what"),
    [
        ("DATABASE_URL", "postgresql://127.0.0.1:1/x", "The database of DATABASE_URL"),
        ("REDIS_URL", "redis://127.0.0.1:1/0", "The Redis of REDIS_URL"),
    ],
)
def test_a_named_server_that_is_not_there_is_one_line(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, name: str, url: str, what: str
) -> None:
    monkeypatch.setenv(name, url)
    done = start(checkout)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"gridlink: {what} cannot be reached: ")


def test_a_failing_migration_shows_its_last_lines(checkout: Path) -> None:
    (checkout / "manage.py").write_text("raise SystemExit('no such column')")
    done = start(checkout)
    assert done.returncode == 1
    assert "migrate ended with exit code 1" in done.stderr
    assert done.stderr.endswith("no such column\n")


def test_a_process_that_dies_ends_everything_and_shows_its_last_lines(checkout: Path) -> None:
    with (checkout / "Procfile").open("a") as procfile:
        procfile.write("worker: exec python -c 'print(\"out of luck\"); raise SystemExit(3)'\n")
    done = start(checkout)
    assert done.returncode == 1
    assert "worker ended with exit code 3" in done.stderr
    assert done.stderr.endswith("out of luck\n")
    assert port_is_free(os.environ["WEB_PORT"])


@pytest.mark.parametrize("code", [0, 5])
def test_once_ends_with_the_exit_code_of_the_scenario(checkout: Path, code: int) -> None:
    scenario = checkout / "scenario.py"
    scenario.write_text(f"import os; print(os.environ['GRIDLINK_URL']); raise SystemExit({code})")
    done = start(checkout, "--once", "--scenario", f"{sys.executable} {scenario}")
    assert done.returncode == code
    assert done.stderr == ""
    assert f"http://127.0.0.1:{os.environ['WEB_PORT']}" in done.stdout.splitlines()[-1]
    assert port_is_free(os.environ["WEB_PORT"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_stops_everything(checkout: Path, number: signal.Signals) -> None:
    with running(checkout) as process:
        os.killpg(process.pid, number)
        assert process.wait(30) == 0
    assert port_is_free(os.environ["WEB_PORT"])


def test_processes_of_a_killed_run_are_replaced(checkout: Path) -> None:
    with running(checkout) as process:
        process.kill()
        process.wait()
    assert not port_is_free(os.environ["WEB_PORT"])
    with running(checkout) as process:
        process.terminate()
        assert process.wait(30) == 0
    assert port_is_free(os.environ["WEB_PORT"])


def test_a_second_run_is_refused(checkout: Path) -> None:
    with running(checkout) as process:
        done = start(checkout)
        assert done.returncode == 1
        assert f"already runs on {checkout / 'data'} (process {process.pid})" in done.stderr
        process.terminate()


def running(checkout: Path) -> subprocess.Popen[str]:
    """A run that has said it is ready."""
    process = subprocess.Popen(
        command(checkout),
        cwd=gridlink_run.CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert any("Ctrl-C" in line for line in iter(process.stdout.readline, ""))
    return process


def port_is_free(port: str) -> bool:
    with closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", int(port))) != 0
