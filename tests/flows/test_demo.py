"""The demo against a live site: it holds when all is well, and says so when something is not."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rest_framework.permissions import AllowAny

from examples import demo
from grids.api.serializers import GridSerializer
from tasks.api.serializers import JobFileSerializer
from tasks.api.views import MayFetch
from tests.support.processes import ROOT, worker


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "output"
    monkeypatch.setenv("DEMO_OUTPUT", str(folder))
    return folder


def run(site: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "examples" / "demo.py")],
        env=os.environ | {"GRIDLINK_URL": site, "FLOWER_PORT": "5555", "FLOWER_PASSWORD": "petal"},
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.mark.django_db(transaction=True)
def test_every_check_holds_twice_and_fails_when_the_site_lies(
    live_server: Any, tmp_path: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with worker(tmp_path):
        for _ in range(2):
            done = run(live_server.url)
            assert (done.returncode, done.stderr) == (0, ""), done.stdout
            assert "FAILED" not in done.stdout
            assert "\x1b" not in done.stdout
            assert "http://127.0.0.1:5555/" in done.stdout
            assert "petal" in done.stdout
        assert {path.name for path in output.iterdir()} == {
            "links.csv",
            "links.html",
            "verdicts.csv",
        }
        with (output / "links.csv").open(newline="") as file:
            links = sum(1 for _ in csv.DictReader(file))
        assert f"{links} links" in done.stdout
        lie(monkeypatch)
        done = run(live_server.url)
        assert (done.returncode, done.stderr) == (1, "")
        assert f"FAILED  links.csv: {links} links" in done.stdout
        assert f"on the grids {links - 16}" in done.stdout
        assert "FAILED  links.html: 1," not in done.stdout
