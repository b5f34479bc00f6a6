"""Test that fonts are fetched atomically and verified, with a fake npm on PATH."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gridlink.lib.npm import FetchError
from reports.reporting.renderers.pdf.fetch_fonts import FONTS, Font, fetch
from tests.support.npm import Npm, integrity, tgz

FILES = {
    "package/400Regular/NotoSans_400Regular.ttf": b"regular",
    "package/700Bold/NotoSans_700Bold.ttf": b"bold",
    "package/900Black/NotoSans_900Black.ttf": b"black",
    "package/LICENSE_FONT": b"SIL Open Font License",
}


def font(content: bytes) -> Font:
    return Font("@example/noto-sans", "1.2.3", integrity(content), "NotoSans")


def test_fetched(npm: Npm, tmp_path: Path) -> None:
    npm.leaves(content := tgz(FILES))
    fetch(font(content), tmp_path / "data" / "fonts")
    assert {path.name: path.read_bytes() for path in (tmp_path / "data" / "fonts").iterdir()} == {
        "NotoSans_400Regular.ttf": b"regular",
        "NotoSans_700Bold.ttf": b"bold",
        "NotoSans_LICENSE.txt": b"SIL Open Font License",
    }
    assert npm.call == "pack @example/noto-sans@1.2.3 --loglevel=error"


def test_another_checksum(npm: Npm, tmp_path: Path) -> None:
    npm.leaves(tgz(FILES))
    with pytest.raises(FetchError, match=r"^The package's checksum is sha512-"):
        fetch(font(b"another"), tmp_path / "fonts")
    assert not (tmp_path / "fonts").exists()


def test_a_file_that_is_not_in_the_package(npm: Npm, tmp_path: Path) -> None:
    npm.leaves(content := tgz({"package/other": b""}))
    with pytest.raises(FetchError, match=r"^The fonts could not be fetched: "):
        fetch(font(content), tmp_path / "fonts")
    assert list((tmp_path / "fonts").iterdir()) == []


def test_every_package_is_pinned() -> None:
    assert len({each.file for each in FONTS}) == len(FONTS) == 7
    assert all(each.integrity.startswith("sha512-") and len(each.integrity) == 95 for each in FONTS)


def test_as_a_command(npm: Npm, tmp_path: Path) -> None:
    """One line to stderr, and a status that make understands."""
    npm.does("echo 'npm error code EOFFLINE' >&2; exit 1")
    done = subprocess.run(
        [sys.executable, "-m", "reports.reporting.renderers.pdf.fetch_fonts"],
        env={**os.environ, "FONTS_DIR": str(tmp_path / "fonts")},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "npm pack failed: code EOFFLINE\n",
    )
    assert not (tmp_path / "fonts").exists()
