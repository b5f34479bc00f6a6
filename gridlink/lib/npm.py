"""Fetch data files as npm packages, and accept them only with the expected checksum."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gridlink.lib.text import one_line

_SECONDS = 300
_NPM = re.compile(r"npm (?:error|ERR!)")


class FetchError(Exception):
    """Report, in one line, why nothing was fetched; existing files are unchanged."""


@contextmanager
def package(name: str, version: str, integrity: str, *, what: str) -> Iterator[tarfile.TarFile]:
    """Open a package; raise FetchError, also for errors within the block.

    `integrity` is what `npm view NAME dist.integrity` prints, `what` names the contents in messages.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="gridlink-npm-") as folder:
            archive = _download(f"{name}@{version}", Path(folder), what)
            _verify(archive, integrity)
            with tarfile.open(archive) as opened:
                yield opened
    except (OSError, EOFError, KeyError, tarfile.TarError) as error:
        raise FetchError(f"The {what} could not be fetched: {one_line(str(error))}") from error


def place(opened: tarfile.TarFile, member: str, target: Path) -> None:
    """Write a file of the package to `target` atomically; raise KeyError, OSError or TarError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if (found := opened.extractfile(member)) is None:
        raise KeyError(f"{member} in the package is not a file.")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as folder:
        draft = Path(folder) / target.name
        with draft.open("wb") as new:
            shutil.copyfileobj(found, new)
            new.flush()
            os.fsync(new.fileno())
        # The server may run as another user than the one who fetches.
        draft.chmod(0o644)
        draft.replace(target)


def _download(spec: str, folder: Path, what: str) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise FetchError(f"npm is not installed: the {what} are downloaded with it.")
    command = [npm, "pack", spec, "--loglevel=error"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise FetchError(f"npm pack took longer than {_SECONDS} s.") from error
    archives = list(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        raise FetchError(f"npm pack failed: {_reason(done.stderr) or 'it created no package'}")
    return archives[0]


def _reason(stderr: str) -> str:
    """Return the first line of npm's errors that is more than a code."""
    lines = [_NPM.sub("", line).strip() for line in stderr.splitlines()]
    messages = [line for line in lines if line]
    return next((line for line in messages if not line.startswith("code ")), " ".join(messages))


def _verify(archive: Path, integrity: str) -> None:
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != integrity:
        raise FetchError(f"The package's checksum is sha512-{digest} instead of {integrity}.")
