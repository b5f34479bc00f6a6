"""The demo against a live site: it holds when all is well, and says so when something is not."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from examples import demo, visits
from grids.api.grids.serializers import GridSerializer
from tasks.api.jobs import files
from tasks.api.jobs.files import JobFileView, MayFetch
from tasks.api.jobs.serializers import JobFileSerializer
from tasks.models import JobFile
from tests.support.processes import ROOT, beat, public_site, worker


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "output"
    monkeypatch.setenv("DEMO_OUTPUT", str(folder))
    return folder


def run(site: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "examples.demo"],
        cwd=ROOT,
        env=os.environ | {"GRIDLINK_URL": site, "FLOWER_PORT": "5555", "FLOWER_PASSWORD": "petal"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def lie(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the site miscounts, names wrong checksums, and gives any file to anyone, whole."""
    shown = JobFileSerializer.to_representation
    monkeypatch.setattr(
        JobFileSerializer,
        "to_representation",
        lambda self, file: {**shown(self, file), "sha256": "0" * 64},
    )
    monkeypatch.setattr(GridSerializer, "get_links_total", lambda self, grid: 1)
    monkeypatch.setattr(files, "wanted_range", lambda request, file: None)
    monkeypatch.setattr(MayFetch, "has_permission", lambda *_: True)
    monkeypatch.setattr(
        JobFileView,
        "_file",
        lambda self, request, slug, name: JobFile.objects.get(job__slug=slug, name=name),
    )


@pytest.mark.django_db(transaction=True)
def test_every_check_holds_twice_and_fails_when_the_site_lies(
    live_server: Any,
    tmp_path: Path,
    output: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> None:
    names = {"links.csv", "links.html", "verdicts.csv"}
    with worker(tmp_path), beat(tmp_path), public_site(tmp_path) as tier:
        settings.LINK_BASE_URL = f"http://127.0.0.1:{tier.port}"
        for _ in range(2):
            done = run(live_server.url)
            assert (done.returncode, done.stderr) == (0, ""), done.stdout
            assert "FAILED" not in done.stdout
            assert "\x1b" not in done.stdout
            assert "http://127.0.0.1:5555/" in done.stdout
            assert "petal" in done.stdout
            found = {path.name for path in output.iterdir()}
            reports = {name for name in found if name.startswith("summary_")}
            assert found == names | reports
            assert sorted(name.rpartition(".")[2] for name in reports) == ["json", "pdf", "xlsx"]
        lie(monkeypatch)
        done = run(live_server.url)
    with (output / "links.csv").open(newline="") as file:
        links = sum(1 for _ in csv.DictReader(file))
    assert (done.returncode, done.stderr) == (1, "")
    failed = re.findall(r"^  FAILED  (.*)$", done.stdout, re.MULTILINE)
    for name in names | reports:
        assert [line for line in failed if f"{name}: bytes 100 to 299 answered with 200" in line]
        assert [line for line in failed if line.startswith(name) and "000000000000…" in line]
        assert f"{name}: without a token or a signature answered with 200" in failed
    for name in ("links.csv", "links.html"):
        counts = f"{links} links; the API: {links}, on the grids 17, made {links}"
        assert f"{name}: {counts}" in failed
    assert len(failed) == 3 * len(names | reports) + 2 == 20
    assert "20 checks FAILED" in done.stdout


@pytest.mark.django_db(transaction=True)
def test_without_a_worker_it_says_so(
    live_server: Any,
    output: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GRIDLINK_URL", live_server.url)
    monkeypatch.setattr(demo, "JOB_SECONDS", 0.1)
    assert demo.main() == 1
    assert capfd.readouterr().err == "demo: import: not done in 0.1 s; is a worker up?\n"


@pytest.mark.usefixtures("output")
@pytest.mark.parametrize("site", ["http://127.0.0.1:9", "ftp://127.0.0.1"])
def test_without_a_site_it_ends_with_one_line(site: str) -> None:
    done = run(site)
    assert done.returncode == 1
    assert done.stderr.startswith(f"demo: POST {site}/api/v1/auth/register/ got no answer: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.django_db(transaction=True)
def test_an_error_of_the_site_ends_with_one_line(
    live_server: Any, output: Path, settings: Any
) -> None:
    settings.SIGNUP_OPEN = False
    done = run(live_server.url)
    assert done.returncode == 1
    assert "/api/v1/auth/register/ answered 403: " in done.stderr
    assert "Sign-up is closed on this server." in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_folder_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_OUTPUT", "/dev/null/files")
    done = run("http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "demo: [Errno 20] Not a directory: '/dev/null/files'\n"


def test_the_clicks_are_held_against_what_was_sent() -> None:
    links = [
        {"slug": f"li_{n}", "url": f"https://e.org/{n}", "short_url": f"http://s/l/{n}"}
        for n in range(30)
    ]
    planned = visits.plan({"slug": "gr_1", "alias": "page"}, links)
    people = planned.clicks - planned.bots - planned.doubles
    assert min(people, planned.views, planned.bots, planned.doubles) > 0
    right = {
        "accepted": planned.clicks,
        "humans": people,
        "bots": planned.bots,
        "duplicates": planned.doubles,
    }
    shown = {"totals": {"clicks": people}, "results": [{"clicks": people}]}
    assert all(holds for holds, _ in visits.click_checks(planned, 0, {"totals": right}, shown))
    wrong = {name: count + 1 for name, count in right.items()}
    other = {"totals": {"clicks": people}, "results": [{"clicks": people - 1}]}
    assert not any(holds for holds, _ in visits.click_checks(planned, 1, {"totals": wrong}, other))
