"""Test that variables are still read under the names that they had."""

from __future__ import annotations

import runpy
import subprocess
from pathlib import Path

import pytest

from gridlink import run
from tests.support.processes import ROOT, procfile

OLD = {"REDIRECT_PORT": "9001", "REDIRECT_WORKERS": "3"}
NEW = {"PUBLIC_PORT": "9002", "PUBLIC_WORKERS": "4"}
# Which of them are given, and what counts then.
each_choice = pytest.mark.parametrize(
    ("old", "new", "port", "workers"),
    [
        (False, False, "8001", "1"),
        (True, False, "9001", "3"),
        (False, True, "9002", "4"),
        (True, True, "9002", "4"),
    ],
)


@pytest.fixture(autouse=True)
def given(monkeypatch: pytest.MonkeyPatch, old: bool, new: bool) -> None:
    """Some of the variables are set."""
    monkeypatch.delenv("LINK_BASE_URL", raising=False)
    for name, value in OLD.items():
        monkeypatch.setenv(name, value if old else "")
    for name, value in NEW.items():
        monkeypatch.setenv(name, value if new else "")


@each_choice
def test_make_run_starts_it_at_that_port(tmp_path: Path, port: str, workers: str) -> None:
    assert run._environment(tmp_path)["PUBLIC_PORT"] == port


@each_choice
def test_short_links_lead_to_that_port(port: str, workers: str) -> None:
    settings = runpy.run_path(str(ROOT / "gridlink" / "settings" / "clicks.py"))
    assert settings["LINK_BASE_URL"] == f"http://127.0.0.1:{port}"


@each_choice
def test_the_procfile_passes_both_on(port: str, workers: str) -> None:
    command = procfile("public").replace("exec granian", "echo")
    printed = subprocess.check_output(["sh", "-c", command], text=True)
    assert f" --port {port} --workers {workers} " in printed
